using System.Buffers.Binary;
using System.IO.Hashing;
using BackupTools.Errors;
using BackupTools.Formats.Grafeo;

namespace BackupTools.Fuzz.Parsers;

/// <summary>Grafeo: images and logs of both generations, manifests, cursors, segments, our positions.</summary>
internal static class GrafeoParsers
{
    private const int Page = GrafeoContainerHeader.PageSize;

    // The chunks lie in the part of the image that is left out here.
    private const long Whole = 1 << 20;

    public static Dictionary<string, Func<FuzzParser>> All { get; } =
        new(StringComparer.Ordinal)
        {
            ["grafeo-image-0.5"] = () =>
                new FuzzParser("grafeo-image-0.5", Small(Fixtures("v05*", "*.grafeo"), 4 * Page), Image),
            ["grafeo-image-0.6"] = () =>
                new FuzzParser("grafeo-image-0.6", [.. Fixtures("v06*", "*.grafeo").Select(Image06)], Image)
                {
                    Repair = RepairImage,
                },
            ["grafeo-directory-0.6"] = () =>
                new FuzzParser(
                    "grafeo-directory-0.6",
                    [.. Fixtures("v06*", "*.grafeo").Select(Directory06)],
                    Directory
                ),
            ["grafeo-segment"] = () =>
                new FuzzParser("grafeo-segment", Small(Fixtures("v0*", "backup_incr_*.wal"), 4096), Segment)
                {
                    Repair = RepairSegment,
                },
            ["grafeo-manifest-bincode"] = () =>
                new FuzzParser("grafeo-manifest-bincode", Fixtures("v05*", "backup_manifest.json"), Manifest),
            ["grafeo-manifest-json"] = () =>
                new FuzzParser("grafeo-manifest-json", Fixtures("v06*", "backup_manifest.json"), Manifest)
                {
                    Words = FuzzParser.JsonWords,
                },
            ["grafeo-cursor-bincode"] = () =>
                new FuzzParser("grafeo-cursor-bincode", Fixtures("v05*", "backup_cursor.meta"), Cursor),
            ["grafeo-cursor-json"] = () =>
                new FuzzParser("grafeo-cursor-json", Fixtures("v06*", "backup_cursor.meta"), Cursor)
                {
                    Words = FuzzParser.JsonWords,
                },
            ["grafeo-positions"] = () =>
                new FuzzParser(
                    "grafeo-positions",
                    [
                        new GrafeoPositions([new("/a/b", 3, 1, 0), new("/c \"d\"", 9, 0, 311)], 5).Write(),
                        new GrafeoPositions([], 0).Write(),
                    ],
                    static (input, ref _) => GrafeoPositions.Read(input).Write()
                )
                {
                    Words = FuzzParser.JsonWords,
                },
            ["grafeo-log-0.5"] = () =>
                new FuzzParser("grafeo-log-0.5", Fixtures("v05*", "wal_*.log"), Records) { Repair = RepairRecords },
            ["grafeo-log-0.6"] = () =>
                new FuzzParser("grafeo-log-0.6", Small(Fixtures("v06*", "wal_*.log"), 4096), Frames)
                {
                    Repair = RepairFrames,
                },
            ["grafeo-checkpoint"] = () =>
                new FuzzParser(
                    "grafeo-checkpoint",
                    Fixtures("v05*", "checkpoint.meta.sample"),
                    static (input, ref _) => GrafeoCheckpointMeta.Read(input)
                ),
        };

    private static List<byte[]> Fixtures(string generation, string pattern) =>
        [
            .. System
                .IO.Directory.EnumerateDirectories(
                    Path.Combine(AppContext.BaseDirectory, "fixtures", "grafeo"),
                    generation
                )
                .SelectMany(d => System.IO.Directory.EnumerateFiles(d, pattern, SearchOption.AllDirectories))
                .Order(StringComparer.Ordinal)
                .Select(File.ReadAllBytes)
                .Where(b => b.Length > 0)
                .DistinctBy(Convert.ToHexString),
        ];

    private static List<byte[]> Small(List<byte[]> files, int length) =>
        [.. files.Select(f => f[..Math.Min(f.Length, length)])];

    private static void Image(ReadOnlySpan<byte> input, ref Dice dice)
    {
        var header = GrafeoContainerHeader.Read(input);
        header.CheckLength(input.Length);
        if (header.Active.Root is not { } root)
        {
            return;
        }
        var block = input.Slice((int)root.Offset, (int)root.Length);
        var next = default(GrafeoExtent?);
        var parts =
            header.IsPaged ? GrafeoPages.ReadDirectory(block, (long)root.Offset, out next)
            : header.Container == GrafeoContainer.Sections ? GrafeoSections.ReadDirectory(block)
            : [];
        foreach (var part in next is { } following ? [.. parts, following] : parts)
        {
            GrafeoContainerHeader.CheckInside(part, Whole);
        }
    }

    /// <summary>An image of 0.6.0 without its chunks: the header pages, and the directory brought up behind them.</summary>
    private static byte[] Image06(byte[] image)
    {
        var header = GrafeoContainerHeader.Read(image);
        var directory = Directory06(image);
        byte[] small = [.. image[..GrafeoContainerHeader.Size], .. directory];
        var pointer = small.AsSpan((header.ActivePage * Page) + 40);
        BinaryPrimitives.WriteUInt64LittleEndian(pointer, GrafeoContainerHeader.Size);
        RepairImage(small);
        return small;
    }

    /// <summary>The first directory block of an image of 0.6.0, by itself.</summary>
    private static byte[] Directory06(byte[] image)
    {
        var root = GrafeoContainerHeader.Read(image).Active.Root!.Value;
        return image.AsSpan((int)root.Offset, (int)root.Length).ToArray();
    }

    private static void Directory(ReadOnlySpan<byte> input, ref Dice dice)
    {
        foreach (var chunk in GrafeoPages.ReadDirectory(input, Page, out _))
        {
            GrafeoContainerHeader.CheckInside(chunk, Whole);
        }
    }

    private static void Manifest(ReadOnlySpan<byte> input, ref Dice dice) =>
        Same(GrafeoManifest.Read(input).Write(), static bytes => GrafeoManifest.Read(bytes).Write());

    private static void Cursor(ReadOnlySpan<byte> input, ref Dice dice) =>
        Same(GrafeoCursor.Read(input).Write(), static bytes => GrafeoCursor.Read(bytes).Write());

    /// <summary>What was read and written is read and written again as it is.</summary>
    private static void Same(byte[] written, Func<byte[], byte[]> again)
    {
        if (!again(written).AsSpan().SequenceEqual(written))
        {
            throw new InvalidOperationException("what was written is read differently");
        }
    }

    private static void Segment(ReadOnlySpan<byte> input, ref Dice dice)
    {
        var header = GbakHeader.Read(input);
        input = input[GbakHeader.Size..];
        if (header.Version == GbakHeader.Frames)
        {
            Records(input, ref dice);
            return;
        }
        while (input.Length >= sizeof(ulong))
        {
            var length = BinaryPrimitives.ReadUInt64LittleEndian(input);
            input = input[sizeof(ulong)..];
            if (length > (ulong)input.Length)
            {
                Portions.Refuse("a log that ends behind its segment");
            }
            Frames(input[..(int)length], ref dice);
            input = input[(int)length..];
        }
    }

    private static void Records(ReadOnlySpan<byte> input, ref Dice dice)
    {
        GrafeoRecordReader.IndexOfEpoch(input);
        var reader = new GrafeoRecordReader(checkCrc: !dice.OneIn(4));
        var filter = new GrafeoEpochFilter(3) { Follows = (ulong)dice.Next(4) };
        while (!input.IsEmpty)
        {
            var portion = input[..(1 + dice.Next(input.Length))];
            input = input[portion.Length..];
            while (reader.Read(ref portion, out var record))
            {
                filter.Add(0, record);
            }
        }
        foreach (var stretch in filter.TakeKept())
        {
            if (stretch.Start >= stretch.End)
            {
                throw new InvalidOperationException("an empty stretch");
            }
        }
        Throw(reader.Torn());
    }

    private static void Frames(ReadOnlySpan<byte> input, ref Dice dice)
    {
        var reader = new GrafeoFrameReader(GrafeoWalHeader.Read(input).FirstLsn, checkCrc: !dice.OneIn(4));
        input = input[GrafeoWalHeader.Size..];
        while (!input.IsEmpty)
        {
            var portion = input[..(1 + dice.Next(input.Length))];
            input = input[portion.Length..];
            while (reader.Read(ref portion, out _)) { }
        }
        Throw(reader.Torn());
    }

    private static void Throw(BackupException? torn)
    {
        if (torn is not null)
        {
            throw torn;
        }
    }

    private static void RepairImage(Span<byte> image)
    {
        Portions.RepairCrc32(image, 0, 72);
        foreach (var slot in new[] { Page, 2 * Page })
        {
            Portions.RepairCrc32(image, slot, slot + 80);
        }
    }

    private static void RepairRecords(Span<byte> log)
    {
        while (log.Length >= 8)
        {
            var length = BinaryPrimitives.ReadUInt32LittleEndian(log);
            if (length > (uint)(log.Length - 8))
            {
                return;
            }
            Portions.RepairCrc32(log, 4, 4 + (int)length);
            log = log[(8 + (int)length)..];
        }
    }

    private static void RepairFrames(Span<byte> log)
    {
        Portions.RepairCrc32(log, 0, GrafeoWalHeader.Size - 4);
        var frames = log.Length > GrafeoWalHeader.Size ? log[GrafeoWalHeader.Size..] : [];
        while (frames.Length >= GrafeoFrameReader.HeaderSize)
        {
            var length = BinaryPrimitives.ReadUInt32LittleEndian(frames);
            if (length > (uint)(frames.Length - GrafeoFrameReader.HeaderSize))
            {
                return;
            }
            var end = GrafeoFrameReader.HeaderSize + (int)length;
            var crc = new Crc32();
            crc.Append(frames[..4]);
            crc.Append(frames[8..end]);
            BinaryPrimitives.WriteUInt32LittleEndian(frames[4..], crc.GetCurrentHashAsUInt32());
            frames = frames[end..];
        }
    }

    private static void RepairSegment(Span<byte> segment)
    {
        if (segment.Length < GbakHeader.Size)
        {
            return;
        }
        var logs = segment[GbakHeader.Size..];
        if (segment[4] == GbakHeader.Frames)
        {
            RepairRecords(logs);
            return;
        }
        while (logs.Length >= sizeof(ulong))
        {
            var length = BinaryPrimitives.ReadUInt64LittleEndian(logs);
            logs = logs[sizeof(ulong)..];
            if (length > (ulong)logs.Length)
            {
                return;
            }
            RepairFrames(logs[..(int)length]);
            logs = logs[(int)length..];
        }
    }
}
