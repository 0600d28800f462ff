using BackupTools.Errors;
using BackupTools.Formats.Primitives;

namespace BackupTools.Formats.Alopex;

/// <summary>Decodes the LZ4 block format (not frames), as the engine's lz4 tables use it (Alopex format, §4).</summary>
internal static class Lz4Block
{
    /// <summary>The most bytes that a byte of input can become: one more byte of a match's length.</summary>
    public const int MostPerByte = 255;

    private const int MinMatch = 4;

    /// <summary>Decodes into a buffer that must be filled exactly.</summary>
    /// <exception cref="BackupException">Malformed.</exception>
    public static void Decode(ReadOnlySpan<byte> source, Span<byte> target)
    {
        var from = 0;
        var to = 0;
        while (from < source.Length)
        {
            var token = source[from++];
            var literals = Length(source, ref from, token >> 4);
            if (literals > source.Length - from || literals > target.Length - to)
            {
                throw Bad();
            }
            source.Slice(from, literals).CopyTo(target[to..]);
            from += literals;
            to += literals;
            if (from == source.Length)
            {
                break; // the last sequence has literals only
            }
            if (source.Length - from < 2)
            {
                throw Bad();
            }
            var distance = source[from] | (source[from + 1] << 8);
            from += 2;
            var match = Length(source, ref from, token & 15);
            if (distance == 0 || distance > to || match > target.Length - to - MinMatch)
            {
                throw Bad();
            }
            match += MinMatch;
            // Source and target of a match may overlap: that is how runs are written.
            for (var i = 0; i < match; i++)
            {
                target[to] = target[to - distance];
                to++;
            }
        }
        if (to != target.Length)
        {
            throw Bad();
        }
    }

    private static int Length(ReadOnlySpan<byte> source, ref int from, int nibble)
    {
        var length = nibble;
        if (nibble == 15)
        {
            byte more;
            do
            {
                if (from == source.Length || length > int.MaxValue - 255)
                {
                    throw Bad();
                }
                more = source[from++];
                length += more;
            } while (more == 255);
        }
        return length;
    }

    private static BackupException Bad() => Fault.Malformed("the LZ4 payload of a block does not decode");
}
