namespace BackupTools.Formats.Sqlite;

/// <summary>An LZ4 block that repeats nothing: one sequence of literals, which every reader takes (SQLite format, §4).</summary>
internal static class Lz4Literals
{
    /// <summary>From here on the length takes bytes of its own.</summary>
    private const int Nibble = 15;

    /// <summary>Writes the block; returns its length, which is at most that of any encoder.</summary>
    /// <param name="bytes">What it holds, 1 byte at least.</param>
    /// <param name="target">Where to; a longer length than <paramref name="bytes"/> by 2 and 1 in 255.</param>
    public static int Encode(ReadOnlySpan<byte> bytes, Span<byte> target)
    {
        var at = 0;
        target[at++] = (byte)(Math.Min(bytes.Length, Nibble) << 4);
        if (bytes.Length >= Nibble)
        {
            var rest = bytes.Length - Nibble;
            for (; rest >= byte.MaxValue; rest -= byte.MaxValue)
            {
                target[at++] = byte.MaxValue;
            }
            target[at++] = (byte)rest;
        }
        bytes.CopyTo(target[at..]);
        return at + bytes.Length;
    }
}
