using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

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
    private const int Slices = 16;
    private readonly uint _polynomial;

    // Slice k, entry b: the register that byte b leaves when k zero bytes follow it.
    private readonly uint[] _tables = new uint[Slices * 256];

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
    }

    /// <summary>Runs the bytes through the register, sixteen at a time, with tables only.</summary>
    public uint UpdateByTable(uint register, ReadOnlySpan<byte> source)
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
        return Multiply(first, PowerOfX8((ulong)secondLength)) ^ second;
    }

    /// <summary>x^(8·bytes) modulo the polynomial: what that many zero bytes multiply a register by.</summary>
    private uint PowerOfX8(ulong bytes)
    {
        var power = 1u << 31;
        for (var k = 3; bytes != 0; bytes >>= 1, k++)
        {
            if ((bytes & 1) != 0)
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
