using System.Buffers.Binary;
using System.IO.Hashing;
using BackupTools.Errors;
using BackupTools.Files;

namespace BackupTools.Fuzz.Parsers;

/// <summary>What the parsers of several formats need.</summary>
internal static class Portions
{
    /// <summary>Gives an input in a few portions of random lengths.</summary>
    public static void Feed(ReadOnlySpan<byte> input, ref Dice dice, ByteTap append)
    {
        while (!input.IsEmpty)
        {
            var take = dice.OneIn(2) ? input.Length : 1 + dice.Next(input.Length);
            append(input[..take]);
            input = input[take..];
        }
    }

    /// <summary>Counts a verdict that is no exception as a refusal.</summary>
    public static void Refuse(string why) => throw new BackupException(ErrorCode.Malformed, why);

    /// <summary>The last four bytes are the CRC-32 of those before.</summary>
    public static void RepairCrc32AtEnd(Span<byte> input)
    {
        if (input.Length >= 4)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(input[^4..], Crc32.HashToUInt32(input[..^4]));
        }
    }

    /// <summary>The four bytes at <paramref name="at"/> are the CRC-32 of those from <paramref name="from"/> to there.</summary>
    public static void RepairCrc32(Span<byte> input, int from, int at)
    {
        if (input.Length >= at + 4)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(input[at..], Crc32.HashToUInt32(input[from..at]));
        }
    }
}
