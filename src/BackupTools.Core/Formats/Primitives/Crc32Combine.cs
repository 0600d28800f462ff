namespace BackupTools.Formats.Primitives;

/// <summary>The CRC-32 of two pieces laid end to end, from the CRCs of the pieces: what no package offers.</summary>
/// <remarks>
/// A register is a polynomial over bits, reflected: bit 31 is the coefficient of x^0, so multiplying by x is a shift to
/// the right. The bytes of the second piece multiply the first one's register by x^8 each.
/// </remarks>
internal static class Crc32Combine
{
    // 0x04C11DB7 backwards, without its x^32 term.
    private const uint Polynomial = 0xEDB88320;
    private const uint One = 1u << 31;

    // Entry k: x^(2^k), up to the bits of the longest length a long can say, in bits.
    private static readonly uint[] Squares = MakeSquares();

    /// <summary>The CRC of A followed by B.</summary>
    /// <param name="first">CRC of A.</param>
    /// <param name="second">CRC of B.</param>
    /// <param name="secondLength">Bytes of B.</param>
    public static uint Of(uint first, uint second, long secondLength)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(secondLength);
        var power = One;
        var bytes = (ulong)secondLength;
        // From x^8 = x^(2^3) on, as a byte has eight bits.
        for (var k = 3; bytes != 0; bytes >>= 1, k++)
        {
            if ((bytes & 1) != 0)
            {
                power = Multiply(power, Squares[k]);
            }
        }
        return Multiply(first, power) ^ second;
    }

    private static uint[] MakeSquares()
    {
        var squares = new uint[66];
        squares[0] = One >> 1;
        for (var k = 1; k < squares.Length; k++)
        {
            squares[k] = Multiply(squares[k - 1], squares[k - 1]);
        }
        return squares;
    }

    private static uint Multiply(uint a, uint b)
    {
        uint product = 0;
        for (var bit = One; bit != 0; bit >>= 1)
        {
            product ^= (a & bit) != 0 ? b : 0;
            b = (b >> 1) ^ (Polynomial & (uint)-(int)(b & 1));
        }
        return product;
    }
}
