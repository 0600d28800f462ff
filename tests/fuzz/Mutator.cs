using System.Buffers.Binary;

namespace BackupTools.Fuzz;

/// <summary>Makes inputs out of sound ones. One per thread: the input is valid until the next one is made.</summary>
internal sealed class Mutator(FuzzParser parser)
{
    private const int PageSize = 4096;
    private const int PageStart = 128;
    private const int LongestInsertion = 48;

    private readonly byte[] _bytes = new byte[parser.Seeds.Max(s => s.Length) + PageSize];
    private int _length;

    // What lengths, counts and offsets are when they are wrong: the ends of every width and their neighbours.
    private static readonly ulong[] s_extremes =
    [
        .. new[]
        {
            0ul,
            1ul << 7,
            1ul << 8,
            1ul << 15,
            1ul << 16,
            1ul << 31,
            1ul << 32,
            1ul << 62,
            1ul << 63,
        }.SelectMany(v => new[] { v, unchecked(v - 1), v + 1 }),
        ulong.MaxValue - 16,
        0x7FFFFFF0,
        0xFFFFFFF0,
    ];

    /// <summary>The input of that number.</summary>
    public ReadOnlySpan<byte> Make(ref Dice dice)
    {
        var seed = parser.Seeds[dice.Next(parser.Seeds.Count)];
        seed.CopyTo(_bytes, 0);
        _length = seed.Length;
        for (var changes = 1 + dice.Next(4); changes > 0; changes--)
        {
            Change(ref dice);
        }
        var input = _bytes.AsSpan(0, _length);
        // Three of four get past the checksums, where a format has some.
        if (parser.Repair is not null && !dice.OneIn(4))
        {
            parser.Repair(input);
        }
        return input;
    }

    private void Change(ref Dice dice)
    {
        var at = Place(ref dice);
        switch (dice.Next(parser.Words.Count > 0 ? 12 : 10))
        {
            case 0:
                Set(at, (byte)(_bytes[at] ^ (1 << dice.Next(8))));
                break;
            case 1:
                Set(at, (byte)dice.Next());
                break;
            case 2:
                Set(at, (byte)(_bytes[at] + (dice.OneIn(2) ? 1 : -1)));
                break;
            case 3 or 4:
                PutNumber(at, ref dice);
                break;
            case 5:
                _length = dice.OneIn(3) ? dice.Next(_length + 1) : Math.Max(0, _length - dice.Next(24));
                break;
            case 6:
                Insert(at, Random(ref dice));
                break;
            case 7:
                Delete(at, 1 + dice.Next(dice.OneIn(4) ? _length - at : 16));
                break;
            case 8:
                var from = dice.Next(_length);
                Insert(at, _bytes.AsSpan(from, Math.Min(_length - from, dice.Next(LongestInsertion))).ToArray());
                break;
            case 9:
                Splice(at, ref dice);
                break;
            default:
                Insert(at, parser.Words[dice.Next(parser.Words.Count)]);
                break;
        }
    }

    // Formats in pages begin their fields at the start of a page: half of the changes go there.
    private int Place(ref Dice dice)
    {
        if (_length <= PageSize || dice.OneIn(2))
        {
            return dice.Next(_length);
        }
        return Math.Min(_length - 1, (dice.Next(_length / PageSize) * PageSize) + dice.Next(PageStart));
    }

    private void Set(int at, byte value)
    {
        if (at < _length)
        {
            _bytes[at] = value;
        }
    }

    private void PutNumber(int at, ref Dice dice)
    {
        var width = 1 << dice.Next(4);
        if (dice.OneIn(2))
        {
            at &= -width;
        }
        var value = dice.OneIn(4) ? (ulong)(_length + dice.Next(5) - 2) : s_extremes[dice.Next(s_extremes.Length)];
        Span<byte> number = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(number, value);
        number[..Math.Min(width, _length - Math.Min(at, _length))].CopyTo(_bytes.AsSpan(at));
    }

    private static byte[] Random(ref Dice dice)
    {
        var bytes = new byte[1 + dice.Next(LongestInsertion)];
        var same = dice.OneIn(2);
        var value = (byte)dice.Next();
        for (var i = 0; i < bytes.Length; i++)
        {
            bytes[i] = same ? value : (byte)dice.Next();
        }
        return bytes;
    }

    private void Insert(int at, ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > _bytes.Length - _length)
        {
            return;
        }
        _bytes.AsSpan(at, _length - at).CopyTo(_bytes.AsSpan(at + bytes.Length));
        bytes.CopyTo(_bytes.AsSpan(at));
        _length += bytes.Length;
    }

    private void Delete(int at, int count)
    {
        count = Math.Min(count, _length - at);
        _bytes.AsSpan(at + count, _length - at - count).CopyTo(_bytes.AsSpan(at));
        _length -= count;
    }

    /// <summary>The end is that of another sound input.</summary>
    private void Splice(int at, ref Dice dice)
    {
        var other = parser.Seeds[dice.Next(parser.Seeds.Count)];
        var from = Math.Min(dice.OneIn(2) ? at : dice.Next(other.Length), other.Length);
        var take = Math.Min(other.Length - from, _bytes.Length - at);
        other.AsSpan(from, take).CopyTo(_bytes.AsSpan(at));
        _length = at + take;
    }
}
