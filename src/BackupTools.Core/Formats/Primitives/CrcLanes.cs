using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using ArmAes = System.Runtime.Intrinsics.Arm.Aes;

namespace BackupTools.Formats.Primitives;

/// <summary>One vector width for folding a CRC: every 128-bit part is a piece of the message, first part first.</summary>
internal interface ICrcLanes<TVector>
    where TVector : unmanaged
{
    /// <summary>128-bit parts of a vector.</summary>
    static abstract int Parts { get; }

    /// <summary>All zero but for the first 32 bits.</summary>
    static abstract TVector First(uint register);

    /// <summary>The same factors for each part.</summary>
    static abstract TVector Repeat(Vector128<ulong> factors);

    static abstract TVector Xor(TVector a, TVector b);

    /// <summary>
    /// Of each part: the first half times the first factor, plus the second half times the second factor.
    /// </summary>
    static abstract TVector Multiply(TVector parts, TVector factors);

    /// <summary>Adds all parts up where the last one stands; <paramref name="foldBy"/>[n] moves one by n parts.</summary>
    static abstract Vector128<ulong> Narrow(TVector parts, ReadOnlySpan<Vector128<ulong>> foldBy);
}

/// <summary>PCLMULQDQ, or PMULL on ARM.</summary>
internal readonly struct CrcLanes1 : ICrcLanes<Vector128<ulong>>
{
    public static bool IsSupported => Pclmulqdq.IsSupported || ArmAes.IsSupported;

    public static int Parts => 1;

    public static Vector128<ulong> First(uint register) => Vector128.CreateScalar(register).AsUInt64();

    public static Vector128<ulong> Repeat(Vector128<ulong> factors) => factors;

    public static Vector128<ulong> Xor(Vector128<ulong> a, Vector128<ulong> b) => a ^ b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<ulong> Multiply(Vector128<ulong> parts, Vector128<ulong> factors) =>
        Pclmulqdq.IsSupported
            ? Pclmulqdq.CarrylessMultiply(parts, factors, 0x00) ^ Pclmulqdq.CarrylessMultiply(parts, factors, 0x11)
            : ArmAes.PolynomialMultiplyWideningLower(parts.GetLower(), factors.GetLower())
                ^ ArmAes.PolynomialMultiplyWideningUpper(parts, factors);

    public static Vector128<ulong> Narrow(Vector128<ulong> parts, ReadOnlySpan<Vector128<ulong>> foldBy) => parts;
}

/// <summary>VPCLMULQDQ on 256 bits.</summary>
internal readonly struct CrcLanes2 : ICrcLanes<Vector256<ulong>>
{
    public static bool IsSupported => Pclmulqdq.V256.IsSupported;

    public static int Parts => 2;

    public static Vector256<ulong> First(uint register) => Vector256.CreateScalar(register).AsUInt64();

    public static Vector256<ulong> Repeat(Vector128<ulong> factors) => Vector256.Create(factors);

    public static Vector256<ulong> Xor(Vector256<ulong> a, Vector256<ulong> b) => a ^ b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<ulong> Multiply(Vector256<ulong> parts, Vector256<ulong> factors) =>
        Pclmulqdq.V256.CarrylessMultiply(parts, factors, 0x00) ^ Pclmulqdq.V256.CarrylessMultiply(parts, factors, 0x11);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<ulong> Narrow(Vector256<ulong> parts, ReadOnlySpan<Vector128<ulong>> foldBy) =>
        CrcLanes1.Multiply(parts.GetLower(), foldBy[1]) ^ parts.GetUpper();
}

/// <summary>VPCLMULQDQ on 512 bits.</summary>
internal readonly struct CrcLanes4 : ICrcLanes<Vector512<ulong>>
{
    /// <summary>Not on processors that slow down for such vectors, which the runtime knows.</summary>
    public static bool IsSupported => Pclmulqdq.V512.IsSupported && Vector512.IsHardwareAccelerated;

    public static int Parts => 4;

    public static Vector512<ulong> First(uint register) => Vector512.CreateScalar(register).AsUInt64();

    public static Vector512<ulong> Repeat(Vector128<ulong> factors) => Vector512.Create(Vector256.Create(factors));

    public static Vector512<ulong> Xor(Vector512<ulong> a, Vector512<ulong> b) => a ^ b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<ulong> Multiply(Vector512<ulong> parts, Vector512<ulong> factors) =>
        Pclmulqdq.V512.CarrylessMultiply(parts, factors, 0x00) ^ Pclmulqdq.V512.CarrylessMultiply(parts, factors, 0x11);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<ulong> Narrow(Vector512<ulong> parts, ReadOnlySpan<Vector128<ulong>> foldBy) =>
        CrcLanes1.Multiply(parts.GetLower().GetLower(), foldBy[3])
        ^ CrcLanes1.Multiply(parts.GetLower().GetUpper(), foldBy[2])
        ^ CrcLanes1.Multiply(parts.GetUpper().GetLower(), foldBy[1])
        ^ parts.GetUpper().GetUpper();
}
