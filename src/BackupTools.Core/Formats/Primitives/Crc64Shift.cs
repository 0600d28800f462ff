namespace BackupTools.Formats.Primitives;

/// <summary>
/// The CRC-64/GO-ISO of two pieces laid end to end, from the CRCs of the pieces, where the second always has the same
/// length: what no package offers.
/// </summary>
/// <remarks>
/// A register is a polynomial over bits, reflected: bit 63 is the coefficient of x^0, so multiplying by x is a shift to
/// the right. The bytes of the second piece multiply the first one's register by x^8 each. As that is linear, the products
/// of each byte at each place can be looked up. Not safe for several threads at once.
/// </remarks>
/// <param name="length">Bytes of the second piece.</param>
internal sealed class Crc64Shift(long length)
{
    // 0x1B, the terms below x^64, backwards.
    private const ulong Polynomial = 0xD800000000000000;

    /// <summary>Fewer products than this are quicker worked out than looked up.</summary>
    private const int Few = 16;

    private readonly ulong _power = Power(length);
    private ulong[]? _products;
    private int _uses;

    /// <summary>The CRC of A followed by B.</summary>
    /// <param name="first">CRC of A.</param>
    /// <param name="second">CRC of B.</param>
    public ulong Combine(ulong first, ulong second)
    {
        if (_products is not { } products)
        {
            if (++_uses < Few)
            {
                return Multiply(first, _power) ^ second;
            }
            products = _products = MakeProducts(_power);
        }
        for (var place = 0; place < products.Length; place += 256)
        {
            second ^= products[place + (byte)first];
            first >>= 8;
        }
        return second;
    }

    /// <summary>x^8 for each byte.</summary>
    private static ulong Power(long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        var power = 1UL << 63;
        var square = power >> 8;
        for (var bytes = length; bytes != 0; bytes >>= 1, square = Multiply(square, square))
        {
            if ((bytes & 1) != 0)
            {
                power = Multiply(power, square);
            }
        }
        return power;
    }

    private static ulong[] MakeProducts(ulong power)
    {
        var products = new ulong[8 * 256];
        for (var place = 0; place < 8; place++)
        {
            var ofPlace = products.AsSpan(place * 256, 256);
            for (var value = 1; value < 256; value++)
            {
                var others = value & (value - 1);
                ofPlace[value] =
                    others == 0
                        ? Multiply((ulong)value << (8 * place), power)
                        : ofPlace[others] ^ ofPlace[value ^ others];
            }
        }
        return products;
    }

    private static ulong Multiply(ulong a, ulong b)
    {
        ulong product = 0;
        for (var bit = 1UL << 63; bit != 0; bit >>= 1)
        {
            product ^= (a & bit) != 0 ? b : 0;
            b = (b >> 1) ^ (Polynomial & (ulong)-(long)(b & 1));
        }
        return product;
    }
}
