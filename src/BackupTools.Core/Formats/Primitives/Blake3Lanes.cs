using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace BackupTools.Formats.Primitives;

/// <summary>
/// One vector width for BLAKE3: a vector holds the same word of several independent inputs, one in each 32-bit lane.
/// The unpack operations work inside each 128-bit part, as the x86 instructions do.
/// </summary>
internal interface IBlake3Lanes<TVector>
    where TVector : unmanaged
{
    /// <summary>Whether there are 32 registers: two states fit at once. With 16, not even one does.</summary>
    static abstract bool ManyRegisters { get; }

    static abstract TVector Broadcast(uint word);

    static abstract TVector Add(TVector a, TVector b);

    static abstract TVector Xor(TVector a, TVector b);

    /// <summary>Rotates every lane to the right by 16, 12, 8 or 7 bits.</summary>
    static abstract TVector Rotate(TVector a, [ConstantExpected] byte count);

    /// <summary>From a0 a1 a2 a3 and b0 b1 b2 b3 to a0 b0 a1 b1.</summary>
    static abstract TVector UnpackLow32(TVector a, TVector b);

    /// <summary>From a0 a1 a2 a3 and b0 b1 b2 b3 to a2 b2 a3 b3.</summary>
    static abstract TVector UnpackHigh32(TVector a, TVector b);

    /// <summary>From a0 a1 and b0 b1, 64 bits each, to a0 b0.</summary>
    static abstract TVector UnpackLow64(TVector a, TVector b);

    /// <summary>From a0 a1 and b0 b1, 64 bits each, to a1 b1.</summary>
    static abstract TVector UnpackHigh64(TVector a, TVector b);

    /// <summary>
    /// Of rows 0, 4, 8 and 12, takes the 128-bit parts at the same place together: the last transposition step of a
    /// block, whose first parts go to column 0, the next to 4, 8 and 12.
    /// </summary>
    static abstract unsafe void GatherParts(TVector* rows, TVector* columns);
}

/// <summary>Four inputs at a time: SSSE3, or NEON.</summary>
internal readonly struct Blake3Lanes4 : IBlake3Lanes<Vector128<uint>>
{
    public static bool IsSupported => Ssse3.IsSupported || AdvSimd.Arm64.IsSupported;

    public static bool ManyRegisters => false;

    public static Vector128<uint> Broadcast(uint word) => Vector128.Create(word);

    public static Vector128<uint> Add(Vector128<uint> a, Vector128<uint> b) => a + b;

    public static Vector128<uint> Xor(Vector128<uint> a, Vector128<uint> b) => a ^ b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<uint> Rotate(Vector128<uint> a, [ConstantExpected] byte count)
    {
        if (Avx512F.VL.IsSupported)
        {
            return Avx512F.VL.RotateRight(a, count);
        }
        return count switch
        {
            16 => Vector128
                .Shuffle(a.AsByte(), Vector128.Create((byte)2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13))
                .AsUInt32(),
            8 => Vector128
                .Shuffle(a.AsByte(), Vector128.Create((byte)1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15, 12))
                .AsUInt32(),
            _ => (a >>> count) | (a << (32 - count)),
        };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<uint> UnpackLow32(Vector128<uint> a, Vector128<uint> b) =>
        Sse2.IsSupported ? Sse2.UnpackLow(a, b) : AdvSimd.Arm64.ZipLow(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<uint> UnpackLow64(Vector128<uint> a, Vector128<uint> b) =>
        Sse2.IsSupported
            ? Sse2.UnpackLow(a.AsUInt64(), b.AsUInt64()).AsUInt32()
            : AdvSimd.Arm64.ZipLow(a.AsUInt64(), b.AsUInt64()).AsUInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<uint> UnpackHigh32(Vector128<uint> a, Vector128<uint> b) =>
        Sse2.IsSupported ? Sse2.UnpackHigh(a, b) : AdvSimd.Arm64.ZipHigh(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<uint> UnpackHigh64(Vector128<uint> a, Vector128<uint> b) =>
        Sse2.IsSupported
            ? Sse2.UnpackHigh(a.AsUInt64(), b.AsUInt64()).AsUInt32()
            : AdvSimd.Arm64.ZipHigh(a.AsUInt64(), b.AsUInt64()).AsUInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void GatherParts(Vector128<uint>* rows, Vector128<uint>* columns)
    {
        columns[0] = rows[0];
        columns[4] = rows[4];
        columns[8] = rows[8];
        columns[12] = rows[12];
    }
}

/// <summary>Eight inputs at a time: AVX2.</summary>
internal readonly struct Blake3Lanes8 : IBlake3Lanes<Vector256<uint>>
{
    public static bool IsSupported => Avx2.IsSupported;

    public static bool ManyRegisters => false;

    public static Vector256<uint> Broadcast(uint word) => Vector256.Create(word);

    public static Vector256<uint> Add(Vector256<uint> a, Vector256<uint> b) => a + b;

    public static Vector256<uint> Xor(Vector256<uint> a, Vector256<uint> b) => a ^ b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<uint> Rotate(Vector256<uint> a, [ConstantExpected] byte count)
    {
        if (Avx512F.VL.IsSupported)
        {
            return Avx512F.VL.RotateRight(a, count);
        }
        return count switch
        {
            16 => Avx2.Shuffle(
                    a.AsByte(),
                    Vector256.Create(Vector128.Create((byte)2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13))
                )
                .AsUInt32(),
            8 => Avx2.Shuffle(
                    a.AsByte(),
                    Vector256.Create(Vector128.Create((byte)1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15, 12))
                )
                .AsUInt32(),
            _ => (a >>> count) | (a << (32 - count)),
        };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<uint> UnpackLow32(Vector256<uint> a, Vector256<uint> b) => Avx2.UnpackLow(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<uint> UnpackLow64(Vector256<uint> a, Vector256<uint> b) =>
        Avx2.UnpackLow(a.AsUInt64(), b.AsUInt64()).AsUInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<uint> UnpackHigh32(Vector256<uint> a, Vector256<uint> b) => Avx2.UnpackHigh(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<uint> UnpackHigh64(Vector256<uint> a, Vector256<uint> b) =>
        Avx2.UnpackHigh(a.AsUInt64(), b.AsUInt64()).AsUInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void GatherParts(Vector256<uint>* rows, Vector256<uint>* columns)
    {
        columns[0] = Avx2.Permute2x128(rows[0], rows[4], 0x20);
        columns[4] = Avx2.Permute2x128(rows[0], rows[4], 0x31);
        columns[8] = Avx2.Permute2x128(rows[8], rows[12], 0x20);
        columns[12] = Avx2.Permute2x128(rows[8], rows[12], 0x31);
    }
}

/// <summary>Sixteen inputs at a time: AVX-512F.</summary>
internal readonly struct Blake3Lanes16 : IBlake3Lanes<Vector512<uint>>
{
    /// <summary>Not on processors that slow down for such vectors, which the runtime knows.</summary>
    public static bool IsSupported => Avx512F.IsSupported && Vector512.IsHardwareAccelerated;

    public static bool ManyRegisters => true;

    public static Vector512<uint> Broadcast(uint word) => Vector512.Create(word);

    public static Vector512<uint> Add(Vector512<uint> a, Vector512<uint> b) => a + b;

    public static Vector512<uint> Xor(Vector512<uint> a, Vector512<uint> b) => a ^ b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Rotate(Vector512<uint> a, [ConstantExpected] byte count)
    {
        return Avx512F.RotateRight(a, count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> UnpackLow32(Vector512<uint> a, Vector512<uint> b) => Avx512F.UnpackLow(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> UnpackLow64(Vector512<uint> a, Vector512<uint> b) =>
        Avx512F.UnpackLow(a.AsUInt64(), b.AsUInt64()).AsUInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> UnpackHigh32(Vector512<uint> a, Vector512<uint> b) => Avx512F.UnpackHigh(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> UnpackHigh64(Vector512<uint> a, Vector512<uint> b) =>
        Avx512F.UnpackHigh(a.AsUInt64(), b.AsUInt64()).AsUInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void GatherParts(Vector512<uint>* rows, Vector512<uint>* columns)
    {
        var low01 = Avx512F.Shuffle4x128(rows[0], rows[4], 0x44);
        var high01 = Avx512F.Shuffle4x128(rows[0], rows[4], 0xEE);
        var low23 = Avx512F.Shuffle4x128(rows[8], rows[12], 0x44);
        var high23 = Avx512F.Shuffle4x128(rows[8], rows[12], 0xEE);
        columns[0] = Avx512F.Shuffle4x128(low01, low23, 0x88);
        columns[4] = Avx512F.Shuffle4x128(low01, low23, 0xDD);
        columns[8] = Avx512F.Shuffle4x128(high01, high23, 0x88);
        columns[12] = Avx512F.Shuffle4x128(high01, high23, 0xDD);
    }
}
