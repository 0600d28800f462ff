using System.Buffers.Binary;
using System.IO.Hashing;
using BackupTools.Formats.Alopex;

namespace BackupTools.Fuzz.Parsers;

/// <summary>Alopex: snapshot manifest, tables, their coded blocks, log, checkpoint.</summary>
internal static class AlopexParsers
{
    private const int HeaderB = 20;
    private const int HeaderA = 16;

    public static Dictionary<string, Func<FuzzParser>> All { get; } =
        new(StringComparer.Ordinal)
        {
            ["alopex-manifest"] = () =>
                new FuzzParser(
                    "alopex-manifest",
                    FuzzParser.Files("alopex", "snapshot.manifest"),
                    static (input, ref _) => AlopexManifest.Read(input).Entries.Count(e => e.IsSafe)
                )
                {
                    Words = FuzzParser.JsonWords,
                },
            ["alopex-checkpoint"] = () =>
                new FuzzParser("alopex-checkpoint", FuzzParser.Files("alopex", "checkpoint.meta"), Checkpoint)
                {
                    Repair = static input => Portions.RepairCrc32(input, 0, 20),
                },
            ["alopex-table"] = () =>
                new FuzzParser("alopex-table", FuzzParser.Files("alopex/small", "*.sst"), Table)
                {
                    Repair = RepairTable,
                },
            ["alopex-table-coded"] = () =>
                new FuzzParser(
                    "alopex-table-coded",
                    [.. new[] { "lz4", "zstd" }.SelectMany(c => FuzzParser.Files($"alopex/codec-{c}", "*.sst"))],
                    Table
                )
                {
                    Repair = RepairTable,
                    // A block is decoded whole; LZ4 makes 255 bytes of one at most.
                    PerByte = 320,
                },
            ["alopex-lz4"] = () =>
                new FuzzParser(
                    "alopex-lz4",
                    [
                        [0x50, .. "hello"u8],
                        [0x1F, (byte)'a', 1, 0, 200, 0x10, (byte)'b'],
                        [0xF0, 3, .. new byte[18]],
                    ],
                    Decode
                ),
            ["alopex-log"] = () =>
                new FuzzParser("alopex-log", [.. Logs("small"), .. Logs("dialectB-small"), .. Logs("torn")], Log)
                {
                    Repair = RepairLog,
                },
        };

    private static IEnumerable<byte[]> Logs(string folder) => FuzzParser.Files($"alopex/{folder}", "lsm.wal").Take(8);

    private static void Checkpoint(ReadOnlySpan<byte> input, ref Dice dice)
    {
        if (!AlopexCheckpointMeta.TryRead(input, out _, out var fault))
        {
            Portions.Refuse(fault);
        }
    }

    private static void Decode(ReadOnlySpan<byte> input, ref Dice dice) =>
        Lz4Block.Decode(input, new byte[dice.OneIn(2) ? 5 : dice.Next(1 << 12)]);

    private static void Table(ReadOnlySpan<byte> input, ref Dice dice)
    {
        var header = input[..Math.Min(input.Length, AlopexTableLayout.HeaderSize)];
        var footer = input[Math.Max(0, input.Length - AlopexTableLayout.FooterSize)..];
        var layout = AlopexTableLayout.Read(header, footer, input.Length);
        var bloom =
            layout.BloomSize > 0
                ? AlopexBloom.Read(input.Slice((int)layout.BloomOffset, (int)layout.BloomSize).ToArray())
                : null;
        var index = input.Slice((int)layout.IndexOffset, (int)layout.IndexSize).ToArray();
        var scanner = new AlopexTableScanner(layout, Index(index).GetEnumerator(), deep: true, bloom);
        Portions.Feed(input, ref dice, scanner.Feed);
        scanner.Finish();
    }

    private static IEnumerable<AlopexIndexReader> Index(byte[] index)
    {
        var reader = new AlopexIndexReader((uint)index.Length);
        for (var used = 0; used < index.Length; )
        {
            ReadOnlySpan<byte> rest = index.AsSpan(used);
            var complete = reader.TryRead(ref rest);
            used = index.Length - rest.Length;
            if (complete)
            {
                yield return reader;
            }
        }
    }

    private static void Log(ReadOnlySpan<byte> input, ref Dice dice)
    {
        var header = AlopexWalHeader.Read(input[..Math.Min(input.Length, AlopexWalHeader.ProbeSize)]);
        var bytes = input.ToArray();
        var geometry = AlopexWalGeometry.Find(
            header.Size,
            bytes.Length,
            (offset, buffer) =>
            {
                var there = (int)Math.Clamp(bytes.Length - offset, 0, buffer.Length);
                bytes.AsSpan((int)Math.Min(offset, bytes.Length), there).CopyTo(buffer);
                return there;
            }
        );
        if (geometry.RequiredLength > bytes.Length)
        {
            throw AlopexWalHeader.TooSmall();
        }
        var baseId = 0ul;
        for (var i = 0; i < geometry.Segments; i++)
        {
            var at = geometry.SegmentOffset(i);
            var segment = AlopexWalSegmentHeader.Read(input.Slice((int)at, AlopexWalSegmentHeader.Size), i, at);
            baseId = i == 0 ? segment.SegmentId : baseId;
            segment.CheckSequence(baseId, i, at);
        }
        header.Check(geometry.Ring);
        var replay = new AlopexWalReplay(header.Start, header.Used(geometry.Ring), geometry.Ring, dice.OneIn(4));
        foreach (var piece in geometry.Pieces(header.Start, header.Used(geometry.Ring)))
        {
            Portions.Feed(input.Slice((int)piece.FileOffset, (int)piece.Length), ref dice, replay.Feed);
        }
        if (replay.Stop is { } stop)
        {
            Portions.Refuse(stop.Reason);
        }
    }

    /// <summary>Checksums of the blocks that the index names, then of the file.</summary>
    private static void RepairTable(Span<byte> table)
    {
        if (table.Length < AlopexTableLayout.HeaderSize + AlopexTableLayout.FooterSize)
        {
            return;
        }
        var footer = table[^AlopexTableLayout.FooterSize..];
        var offset = BinaryPrimitives.ReadUInt64LittleEndian(footer);
        var size = BinaryPrimitives.ReadUInt32LittleEndian(footer[8..]);
        if (offset <= (ulong)table.Length && size <= (ulong)table.Length - offset && size > 4)
        {
            RepairBlocks(table, table.Slice((int)offset + 4, (int)size - 4));
        }
        var body = table[..^AlopexTableLayout.FooterSize];
        BinaryPrimitives.WriteUInt32LittleEndian(footer[40..], Crc32.HashToUInt32(body));
    }

    private static void RepairBlocks(Span<byte> table, ReadOnlySpan<byte> index)
    {
        while (index.Length >= 16)
        {
            var at = BinaryPrimitives.ReadUInt64LittleEndian(index);
            var length = BinaryPrimitives.ReadUInt32LittleEndian(index[8..]);
            if (length < 4 || at > (ulong)table.Length || length > (ulong)table.Length - at)
            {
                return;
            }
            Portions.RepairCrc32(table, (int)at, (int)at + (int)length - 4);
            index = index[12..];
            for (var key = 0; key < 2; key++)
            {
                if (index.Length < 4 || BinaryPrimitives.ReadUInt32LittleEndian(index) > (uint)(index.Length - 4))
                {
                    return;
                }
                index = index[(4 + (int)BinaryPrimitives.ReadUInt32LittleEndian(index))..];
            }
        }
    }

    /// <summary>Checksums of the section header of dialect B and of the segment headers, where they stand.</summary>
    private static void RepairLog(Span<byte> log)
    {
        if (log.Length < HeaderB + AlopexWalSegmentHeader.Size)
        {
            return;
        }
        if (!AlopexWalSegmentHeader.HasMagic(log[HeaderA..]))
        {
            Portions.RepairCrc32(log, 0, 16);
        }
        for (var at = 0; log[at..].IndexOf("AWAL"u8) is >= 0 and var next; at += next + 4)
        {
            Portions.RepairCrc32(log, at + next, at + next + 22);
        }
    }
}
