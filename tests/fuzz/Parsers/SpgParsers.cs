using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;
using BackupTools.Formats.Primitives;
using BackupTools.Formats.Spg;
using BackupTools.Tests.Formats.Spg;

namespace BackupTools.Fuzz.Parsers;

/// <summary>SPG: bundles, logs, snapshots, the manifest of cold segments.</summary>
internal static class SpgParsers
{
    public static Dictionary<string, Func<FuzzParser>> All { get; } =
        new(StringComparer.Ordinal)
        {
            ["spg-bundle"] = () => new FuzzParser("spg-bundle", FuzzParser.Files("spg/bundles"), Bundle),
            ["spg-wal"] = () => new FuzzParser("spg-wal", FuzzParser.Files("spg/wal"), Wal) { Repair = RepairFrames },
            ["spg-wal-tail"] = () => new FuzzParser("spg-wal-tail", FuzzParser.Files("spg/states", "*.wal"), Tail),
            ["spg-snapshot"] = () =>
                new FuzzParser(
                    "spg-snapshot",
                    [
                        .. FuzzParser.Files("spg/snap"),
                        .. FuzzParser.Files("spg/states", "*.db"),
                        SpgCatalogs.Everything(),
                    ],
                    Snapshot
                )
                {
                    Repair = RepairSnapshot,
                    Base = 512 << 10, // the walk's window
                },
            ["spg-segment-manifest"] = () =>
                new FuzzParser(
                    "spg-segment-manifest",
                    FuzzParser.Files("spg/manifest"),
                    static (input, ref _) => SpgSegmentManifest.Parse(input)
                )
                {
                    Repair = Portions.RepairCrc32AtEnd,
                },
            ["spg-lzss"] = () => new FuzzParser("spg-lzss", [Lzss("abcabcabcabcabc"), Lzss("SELECT 1")], Unpack),
            ["spg-statement"] = () =>
                new FuzzParser(
                    "spg-statement",
                    [
                        .. new[] { "BEGIN", " -- x\n/* y */ ROLLBACK TO s", "commit work;" }.Select(
                            Encoding.UTF8.GetBytes
                        ),
                    ],
                    Statement
                ),
        };

    private static void Bundle(ReadOnlySpan<byte> input, ref Dice dice)
    {
        var header = SpgBundleHeader.ParseFixed(input, (ulong)input.Length);
        header = header.WithWalFields(input[(int)header.WalFieldsOffset..], (ulong)input.Length);
        header.CheckBody((ulong)input.Length);
        var slice = input.Slice((int)header.WalOffset, (int)header.WalLen);
        SpgBaselineMark.BaselineOf(header, slice[..Math.Min(slice.Length, SpgBaselineMark.Length)]);
        Scan(slice, ref dice);
    }

    private static void Wal(ReadOnlySpan<byte> input, ref Dice dice) => Scan(input, ref dice);

    private static void Scan(ReadOnlySpan<byte> input, ref Dice dice)
    {
        var scan = new SpgSliceScan((long)(dice.Next() >> 2));
        Portions.Feed(input, ref dice, scan.Append);
        scan.Scanner.Finish();
    }

    private static void Tail(ReadOnlySpan<byte> input, ref Dice dice)
    {
        if (!SpgWalScanner.HoldsWholeFrame(input))
        {
            Portions.Refuse("no whole frame");
        }
    }

    private static void Snapshot(ReadOnlySpan<byte> input, ref Dice dice)
    {
        SpgSnapshotCheck.EndsWithChecksum(input);
        var check = new SpgSnapshotCheck(input.Length, walk: true);
        Portions.Feed(input, ref dice, check.Append);
        check.Finish();
    }

    private static void Unpack(ReadOnlySpan<byte> input, ref Dice dice)
    {
        var decoder = new SpgLzss();
        decoder.Reset();
        while (decoder.Decode(ref input).Length > 0 || !input.IsEmpty) { }
        decoder.Finish();
        if (decoder.Fault is { } fault)
        {
            Portions.Refuse(fault);
        }
    }

    private static void Statement(ReadOnlySpan<byte> input, ref Dice dice)
    {
        var whole = SpgStatementWords.Of(input);
        var words = new SpgStatementWords();
        while (!input.IsEmpty)
        {
            var take = 1 + dice.Next(input.Length);
            words.Append(input[..take]);
            input = input[take..];
        }
        words.Finish();
        if (words.Statement != whole)
        {
            throw new InvalidOperationException($"in portions {words.Statement}, whole {whole}");
        }
        if (whole == SpgStatement.Other)
        {
            Portions.Refuse("no statement of a transaction");
        }
    }

    private static void RepairFrames(Span<byte> log)
    {
        while (log.Length >= 9)
        {
            var word = BinaryPrimitives.ReadUInt32LittleEndian(log);
            var (head, flags) =
                word >= 0xC0000000 ? (9, 0xC0000000)
                : word >= 0x80000000 ? (8, 0x80000000)
                : (4, 0u);
            var length = word & ~flags;
            if (length > (uint)(log.Length - head))
            {
                return;
            }
            var end = head + (int)length;
            if (head > 4)
            {
                BinaryPrimitives.WriteUInt32LittleEndian(log[4..], Crc32.HashToUInt32(log[8..end]));
            }
            log = log[end..];
        }
    }

    private static void RepairSnapshot(Span<byte> file)
    {
        if (file.Length < 17)
        {
            return;
        }
        if (!file.StartsWith("SPGENV01"u8))
        {
            if (file[8] >= SpgSnapshotInfo.FirstChecksummed)
            {
                BinaryPrimitives.WriteUInt32LittleEndian(file[^4..], Crc32C.HashToUInt32(file[..^4]));
            }
            return;
        }
        var length = BinaryPrimitives.ReadUInt32LittleEndian(file[9..]);
        if (length <= (uint)(file.Length - 13))
        {
            RepairSnapshot(file.Slice(13, (int)length));
        }
        if (file[8] >= 2)
        {
            Portions.RepairCrc32AtEnd(file);
        }
    }

    /// <summary>Literals only, and a copy of what stands three bytes back.</summary>
    private static byte[] Lzss(string text)
    {
        var bytes = Encoding.ASCII.GetBytes(text);
        return [.. BitConverter.GetBytes(8 + 5), 0xFF, .. bytes[..8], 0x00, 0x32, 0x00];
    }
}
