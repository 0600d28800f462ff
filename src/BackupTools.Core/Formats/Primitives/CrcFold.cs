using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace BackupTools.Formats.Primitives;

/// <summary>
/// CRC by folding (Gopal and others, "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ", 2009): a part of
/// the message is multiplied to the place of a later part and added to it, until one part is left.
/// </summary>
internal static class CrcFold<TVector, TLanes>
    where TVector : unmanaged
    where TLanes : struct, ICrcLanes<TVector>
{
    // Independent sums hide the latency of the multiplication.
    private const int Sums = 4;

    /// <summary>Bytes below which there is nothing to fold.</summary>
    public static int MinLength => Sums * Unsafe.SizeOf<TVector>();

    /// <summary>
    /// Runs the bytes through the register, all but fewer than <see cref="MinLength"/> that are left in the source, and
    /// returns 16 bytes that leave a zero register in the same state.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Vector128<ulong> Fold(
        ReadOnlySpan<Vector128<ulong>> foldBy,
        uint register,
        ref ReadOnlySpan<byte> source
    )
    {
        var width = Unsafe.SizeOf<TVector>();
        ref var at = ref MemoryMarshal.GetReference(source);
        var left = source.Length;
        var x0 = TLanes.Xor(Load(ref at, 0), TLanes.First(register));
        var x1 = Load(ref at, width);
        var x2 = Load(ref at, 2 * width);
        var x3 = Load(ref at, 3 * width);
        var far = TLanes.Repeat(foldBy[Sums * TLanes.Parts]);
        while ((left -= Sums * width) >= Sums * width)
        {
            at = ref Unsafe.Add(ref at, Sums * width);
            x0 = TLanes.Xor(TLanes.Multiply(x0, far), Load(ref at, 0));
            x1 = TLanes.Xor(TLanes.Multiply(x1, far), Load(ref at, width));
            x2 = TLanes.Xor(TLanes.Multiply(x2, far), Load(ref at, 2 * width));
            x3 = TLanes.Xor(TLanes.Multiply(x3, far), Load(ref at, 3 * width));
        }
        var near = TLanes.Repeat(foldBy[TLanes.Parts]);
        x0 = TLanes.Multiply(x0, TLanes.Repeat(foldBy[3 * TLanes.Parts]));
        x1 = TLanes.Multiply(x1, TLanes.Repeat(foldBy[2 * TLanes.Parts]));
        x0 = TLanes.Xor(TLanes.Xor(x0, x1), TLanes.Xor(TLanes.Multiply(x2, near), x3));
        source = source[^left..];
        while (source.Length >= width)
        {
            x0 = TLanes.Xor(TLanes.Multiply(x0, near), Load(ref MemoryMarshal.GetReference(source), 0));
            source = source[width..];
        }
        return TLanes.Narrow(x0, foldBy);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Load(ref byte start, int offset) =>
        Unsafe.ReadUnaligned<TVector>(ref Unsafe.Add(ref start, offset));
}
