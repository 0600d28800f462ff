using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace BackupTools.Formats.Primitives;

/// <summary>
/// The arithmetic of one reflected 32-bit CRC polynomial: tables, powers of x, combination. A register here is the
/// inner state: callers start it at all ones and invert it at the end.
/// </summary>
/// <remarks>
/// Reflected means that bit 31 of a word is the coefficient of x^0. So multiplying by x is a shift to the right, and
/// the polynomial is written backwards (0xEDB88320 for 0x04C11DB7), without its x^32 term.
/// </remarks>
internal sealed class ReflectedCrc
{
    /// <summary>CRC-32/ISO-HDLC, as in zlib.</summary>
    public const uint Ieee = 0xEDB88320;

    /// <summary>CRC-32C, as in iSCSI (RFC 3720).</summary>
    public const uint Castagnoli = 0x82F63B78;

    private const int Slices = 16;

    // Bytes of a 128-bit part.
    private const int PartSize = 16;

    private readonly uint _polynomial;

    // Slice k, entry b: the register that byte b leaves when k zero bytes follow it.
    private readonly uint[] _tables = new uint[Slices * 256];

    // Entry n: what moves a 16-byte part of a message by n parts towards its end, for its first and its second half.
    private readonly Vector128<ulong>[] _foldBy = new Vector128<ulong>[17];

    // Entry k: x^(2^k) modulo the polynomial, up to the bits of the longest length a long can say.
    private readonly uint[] _squares = new uint[66];

    public ReflectedCrc(uint polynomial)
    {
        _polynomial = polynomial;
        for (uint b = 0; b < 256; b++)
        {
            var register = b;
            for (var bit = 0; bit < 8; bit++)
            {
                register = TimesX(register);
            }
            _tables[b] = register;
        }
        for (var i = 256; i < _tables.Length; i++)
        {
            var shorter = _tables[i - 256];
            _tables[i] = (shorter >> 8) ^ _tables[(byte)shorter];
        }
        _squares[0] = 1u << 30;
        for (var k = 1; k < _squares.Length; k++)
        {
            _squares[k] = Multiply(_squares[k - 1], _squares[k - 1]);
        }
        for (var n = 1; n < _foldBy.Length; n++)
        {
            // Of n parts to go, a first half has 64 bits more. The product of two reflected numbers comes out one bit
            // too far, so its factor is one power less.
            var bits = (ulong)n * PartSize * 8;
            _foldBy[n] = Vector128.Create((ulong)PowerOfX(bits + 63) << 32, (ulong)PowerOfX(bits - 1) << 32);
        }
    }

    /// <summary>Runs the bytes through the register in the fastest way this machine has.</summary>
    public uint Update(uint register, ReadOnlySpan<byte> source) => Update(Best, register, source);

    /// <summary>Runs the bytes through the register in the given way.</summary>
    public uint Update(CrcPath path, uint register, ReadOnlySpan<byte> source)
    {
        if (path <= CrcPath.Instruction || source.Length < PartSize)
        {
            return UpdateSmall(path, register, source);
        }
        Vector128<ulong> sum;
        if (path >= CrcPath.Fold512 && source.Length >= CrcFold<Vector512<ulong>, CrcLanes4>.MinLength)
        {
            sum = CrcFold<Vector512<ulong>, CrcLanes4>.Fold(_foldBy, register, ref source);
        }
        else if (path >= CrcPath.Fold256 && source.Length >= CrcFold<Vector256<ulong>, CrcLanes2>.MinLength)
        {
            sum = CrcFold<Vector256<ulong>, CrcLanes2>.Fold(_foldBy, register, ref source);
        }
        else if (source.Length >= CrcFold<Vector128<ulong>, CrcLanes1>.MinLength)
        {
            sum = CrcFold<Vector128<ulong>, CrcLanes1>.Fold(_foldBy, register, ref source);
        }
        else
        {
            sum = Vector128.CreateScalar(register).AsUInt64() ^ MemoryMarshal.Read<Vector128<ulong>>(source);
            source = source[PartSize..];
        }
        while (source.Length >= PartSize)
        {
            sum = CrcLanes1.Multiply(sum, _foldBy[1]) ^ MemoryMarshal.Read<Vector128<ulong>>(source);
            source = source[PartSize..];
        }
        register = UpdateSmall(path, 0, MemoryMarshal.AsBytes(new ReadOnlySpan<Vector128<ulong>>(in sum)));
        return UpdateSmall(path, register, source);
    }

    /// <summary>The fastest way this machine has.</summary>
    public static CrcPath Best { get; } =
        CrcLanes4.IsSupported ? CrcPath.Fold512
        : CrcLanes2.IsSupported ? CrcPath.Fold256
        : CrcLanes1.IsSupported ? CrcPath.Fold128
        : CrcPath.Instruction;

    /// <summary>The few bytes for which folding does not pay; and all bytes where there is nothing better.</summary>
    private uint UpdateSmall(CrcPath path, uint register, ReadOnlySpan<byte> source)
    {
        var castagnoli = _polynomial == Castagnoli;
        return path != CrcPath.Table && CrcInstruction.IsSupported(castagnoli)
            ? CrcInstruction.Update(castagnoli, register, source)
            : UpdateByTable(register, source);
    }

    /// <summary>Runs the bytes through the register, sixteen at a time, with tables only.</summary>
    private uint UpdateByTable(uint register, ReadOnlySpan<byte> source)
    {
        ref var table = ref MemoryMarshal.GetArrayDataReference(_tables);
        while (source.Length >= Slices)
        {
            var w0 = BinaryPrimitives.ReadUInt32LittleEndian(source) ^ register;
            var w1 = BinaryPrimitives.ReadUInt32LittleEndian(source[4..]);
            var w2 = BinaryPrimitives.ReadUInt32LittleEndian(source[8..]);
            var w3 = BinaryPrimitives.ReadUInt32LittleEndian(source[12..]);
            register =
                Word(ref table, 12, w0) ^ Word(ref table, 8, w1) ^ Word(ref table, 4, w2) ^ Word(ref table, 0, w3);
            source = source[Slices..];
        }
        if (source.Length >= 8)
        {
            var w0 = BinaryPrimitives.ReadUInt32LittleEndian(source) ^ register;
            var w1 = BinaryPrimitives.ReadUInt32LittleEndian(source[4..]);
            register = Word(ref table, 4, w0) ^ Word(ref table, 0, w1);
            source = source[8..];
        }
        foreach (var b in source)
        {
            register = (register >> 8) ^ Unsafe.Add(ref table, (byte)(register ^ b));
        }
        return register;
    }

    /// <summary>The finished CRC of A followed by B, from the finished CRCs of both and B's length in bytes.</summary>
    public uint Combine(uint first, uint second, long secondLength)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(secondLength);
        // The zero bytes that B's place means for A multiply its register by x^8 each.
        return Multiply(first, PowerOfX((UInt128)secondLength * 8)) ^ second;
    }

    /// <summary>x to this power modulo the polynomial.</summary>
    private uint PowerOfX(UInt128 exponent)
    {
        var power = 1u << 31;
        for (var k = 0; exponent != 0; exponent >>= 1, k++)
        {
            if ((exponent & 1) != 0)
            {
                power = Multiply(power, _squares[k]);
            }
        }
        return power;
    }

    private uint Multiply(uint a, uint b)
    {
        uint product = 0;
        for (var bit = 1u << 31; bit != 0; bit >>= 1)
        {
            product ^= (a & bit) != 0 ? b : 0;
            b = TimesX(b);
        }
        return product;
    }

    private uint TimesX(uint a) => (a >> 1) ^ (_polynomial & (uint)-(int)(a & 1));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Word(ref uint table, int slice, uint word) =>
        Unsafe.Add(ref table, ((slice + 3) * 256) + (byte)word)
        ^ Unsafe.Add(ref table, ((slice + 2) * 256) + (byte)(word >> 8))
        ^ Unsafe.Add(ref table, ((slice + 1) * 256) + (byte)(word >> 16))
        ^ Unsafe.Add(ref table, (slice * 256) + (int)(word >> 24));
}
