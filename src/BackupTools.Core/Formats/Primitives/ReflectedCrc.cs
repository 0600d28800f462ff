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

    // The same for 32 bits; and what moves a first half to the place of the second.
    private readonly Vector128<ulong> _foldByWord;
    private readonly Vector128<ulong> _foldByHalf;

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
            _foldBy[n] = FactorsFor(n * PartSize * 8);
        }
        _foldByWord = FactorsFor(32);
        _foldByHalf = FactorsFor(0);
        Best = Enum.GetValues<CrcPath>().Last(IsSupported);
    }

    /// <summary>The fastest path of this machine.</summary>
    public CrcPath Best { get; }

    /// <summary>Whether this machine has the instructions of a path.</summary>
    public bool IsSupported(CrcPath path) =>
        path switch
        {
            CrcPath.Table => true,
            CrcPath.Instruction => CrcInstruction.IsSupported(IsCastagnoli),
            CrcPath.Fold128 => CrcLanes1.IsSupported,
            CrcPath.Fold256 => CrcLanes2.IsSupported,
            CrcPath.Fold512 => CrcLanes4.IsSupported,
            _ => false,
        };

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
        register = Reduce(sum);
        return source.IsEmpty ? register : UpdateSmall(path, register, source);
    }

    /// <summary>The state in which 16 bytes leave a zero register.</summary>
    private uint Reduce(Vector128<ulong> part)
    {
        // Times x^32, without the top 32 bits: the 64 bits in the middle are left over the last 32.
        part = CrcLanes1.Multiply(part, _foldByWord);
        var rest = CrcLanes1.Multiply(part, _foldByHalf)[1] ^ part[1];
        return Word(ref MemoryMarshal.GetArrayDataReference(_tables), 0, (uint)rest) ^ (uint)(rest >> 32);
    }

    /// <summary>The few bytes for which folding does not pay; and all bytes where there is nothing better.</summary>
    private uint UpdateSmall(CrcPath path, uint register, ReadOnlySpan<byte> source)
    {
        return path != CrcPath.Table && CrcInstruction.IsSupported(IsCastagnoli)
            ? CrcInstruction.Update(IsCastagnoli, register, source)
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
        if (source.Length >= 4)
        {
            register = Word(ref table, 0, BinaryPrimitives.ReadUInt32LittleEndian(source) ^ register);
            source = source[4..];
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

    // The polynomial for which x86 has an instruction.
    private bool IsCastagnoli => _polynomial == Castagnoli;

    /// <summary>What moves both halves of a 16-byte part by so many bits.</summary>
    private Vector128<ulong> FactorsFor(int bits)
    {
        // The first half has 64 bits more to go. The product of two reflected numbers comes out one bit too far, so
        // the factors are one power less.
        return Vector128.Create(
            (ulong)PowerOfX((uint)bits + 63) << 32,
            bits == 0 ? 0 : (ulong)PowerOfX((uint)bits - 1) << 32
        );
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
