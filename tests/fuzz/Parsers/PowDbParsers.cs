using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;
using BackupTools.Formats.PowDb;
using Blake3;

namespace BackupTools.Fuzz.Parsers;

/// <summary>PowDB: manifests, catalogue, pages, deltas, indexes, log, our side files.</summary>
internal static class PowDbParsers
{
    public static Dictionary<string, Func<FuzzParser>> All { get; } =
        new(StringComparer.Ordinal)
        {
            ["powdb-manifest"] = () =>
                new FuzzParser(
                    "powdb-manifest",
                    FuzzParser.Files("powdb", "manifest.json"),
                    static (input, ref dice) => Manifest(input, increment: false, ref dice)
                )
                {
                    Words = FuzzParser.JsonWords,
                },
            ["powdb-increment"] = () =>
                new FuzzParser(
                    "powdb-increment",
                    FuzzParser.Files("powdb", "increment.json"),
                    static (input, ref dice) => Manifest(input, increment: true, ref dice)
                )
                {
                    Words = FuzzParser.JsonWords,
                },
            ["powdb-catalog"] = () =>
                new FuzzParser(
                    "powdb-catalog",
                    [.. FuzzParser.Files("powdb", "catalog.bin"), Catalog7()],
                    static (input, ref _) => PowDbCatalogReader.Read(input).DataFiles()
                )
                {
                    Repair = Portions.RepairCrc32AtEnd,
                },
            ["powdb-page"] = () => new FuzzParser("powdb-page", Pages(), Page) { Repair = RepairPage },
            ["powdb-delta"] = () => new FuzzParser("powdb-delta", FuzzParser.Files("powdb", "*.heap.delta"), Delta),
            ["powdb-index"] = () =>
                new FuzzParser(
                    "powdb-index",
                    [.. FuzzParser.Files("powdb", "*.idx").Where(b => b.Length < 5000), Index2()],
                    Index
                )
                {
                    Repair = Portions.RepairCrc32AtEnd,
                },
            ["powdb-log"] = () =>
                new FuzzParser("powdb-log", [.. FuzzParser.Files("powdb", "wal.log"), NewLog()], Log)
                {
                    Repair = RepairLog,
                },
            ["powdb-side-file"] = () =>
                new FuzzParser(
                    "powdb-side-file",
                    [SideFile()],
                    static (input, ref _) => PowDbSideFile.Read(input.ToArray()).Write()
                )
                {
                    Words = FuzzParser.JsonWords,
                    Repair = RepairSideFile,
                },
            ["powdb-fingerprints"] = () => new FuzzParser("powdb-fingerprints", [Fingerprints()], Table),
        };

    private static void Manifest(ReadOnlySpan<byte> input, bool increment, ref Dice dice)
    {
        var reader = new PowDbManifestReader(increment);
        var have = 0;
        while (!input.IsEmpty)
        {
            have = dice.OneIn(2) ? input.Length : Math.Min(input.Length, have + 1 + dice.Next(input.Length));
            var last = have == input.Length;
            var used = reader.Feed(input[..have], last);
            input = input[used..];
            have -= used;
            if (last)
            {
                break;
            }
        }
        foreach (var entry in reader.Result().Entries)
        {
            PowDbNames.RequireSafe(entry.Name);
            if (entry is PowDbPages pages)
            {
                PowDbDelta.RequireSafe(pages);
                PowDbDelta.RequireLength(pages, (long)pages.DeltaLength);
            }
        }
    }

    private static List<byte[]> Pages() =>
        [
            .. Directory
                .EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "fixtures", "powdb", "S2"), "*.heap")
                .Order(StringComparer.Ordinal)
                .Select(File.ReadAllBytes)
                .Where(b => b.Length >= PowDbPage.Size)
                .Select(b => b[..PowDbPage.Size]),
        ];

    private static void Page(ReadOnlySpan<byte> input, ref Dice dice)
    {
        if (input.Length < PowDbPage.Size)
        {
            Portions.Refuse("no whole page"); // readers take whole pages only
        }
        PowDbPage.Check(input, 0, new Crc32());
        new PowDbRowTally(1 + dice.Next(20)).Add(input[..PowDbPage.Size], 0);
    }

    private static void Delta(ReadOnlySpan<byte> input, ref Dice dice)
    {
        var count = (uint)(input.Length / PowDbDelta.RecordSize);
        var indices = Hasher.New();
        for (var i = 0; i < count; i++)
        {
            indices.Update(input.Slice(i * PowDbDelta.RecordSize, sizeof(uint)));
        }
        var pages = new PowDbPages(
            "t.heap",
            8,
            count,
            indices.Finalize(),
            "t.heap.delta",
            (ulong)input.Length,
            default
        );
        PowDbDelta.RequireLength(pages, input.Length);
        var check = new PowDbDeltaCheck(pages);
        for (; !input.IsEmpty; input = input[PowDbDelta.RecordSize..])
        {
            var record = input[..PowDbDelta.RecordSize];
            PowDbPage.Check(PowDbDelta.PageOf(record), check.Take(record), new Crc32());
        }
        check.Finish();
    }

    private static void Index(ReadOnlySpan<byte> input, ref Dice dice)
    {
        var scan = new PowDbIndexScan(input.Length);
        Portions.Feed(input, ref dice, scan.Feed);
        scan.Finish();
    }

    private static void Log(ReadOnlySpan<byte> input, ref Dice dice)
    {
        var scan = new PowDbWalScan();
        Portions.Feed(input, ref dice, scan.Feed);
        if (scan.ValidEnd < 0 || scan.ValidEnd > scan.Length)
        {
            throw new InvalidOperationException($"sound up to {scan.ValidEnd} of {scan.Length}");
        }
        if (scan.Stopped is { } stopped)
        {
            Portions.Refuse(stopped);
        }
    }

    private static void Table(ReadOnlySpan<byte> input, ref Dice dice)
    {
        for (var offset = 0; offset < input.Length; )
        {
            var segment = PowDbFingerprints.ReadHead(input[offset..], offset, out var head);
            if (segment.BodyLength > input.Length - offset - head)
            {
                Portions.Refuse("a segment that ends behind its file");
            }
            offset += head + segment.BodyLength;
        }
    }

    private static void RepairPage(Span<byte> page)
    {
        if (page.Length >= PowDbPage.Size)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(page[16..], PowDbPage.ChecksumOf(page, new Crc32()));
        }
    }

    private static void RepairLog(Span<byte> log)
    {
        if (log.StartsWith("PWAL"u8) && log.Length > 8)
        {
            log = log[8..];
        }
        while (log.Length >= 25)
        {
            var length = BinaryPrimitives.ReadUInt32LittleEndian(log);
            if (length < 25 || length > (uint)log.Length)
            {
                return;
            }
            BinaryPrimitives.WriteUInt32LittleEndian(log[4..], Crc32.HashToUInt32(log[8..(int)length]));
            log = log[(int)length..];
        }
    }

    /// <summary>The last member is the digest of what stands before it.</summary>
    private static void RepairSideFile(Span<byte> file)
    {
        const int Tail = 80;
        var at = file.LastIndexOf(",\n  \"blake3\": \""u8);
        if (at > 0 && file.Length - at >= Tail)
        {
            Encoding.ASCII.GetBytes(Hasher.Hash(file[..at]).ToString(), file[(at + 14)..]);
        }
    }

    private static byte[] SideFile() =>
        new PowDbSideFile
        {
            Tool = "1.2.3",
            BundleId = new string('a', 64),
            ParentId = new string('b', 64),
            Series = "s \"x\"",
            CreatedUtc = DateTimeOffset.UnixEpoch,
            MaxLsn = ulong.MaxValue,
            Files = [new PowDbStateFile("catalog.bin", 317, Hasher.Hash([1]))],
            Dropped = ["old.heap"],
            Wal = new PowDbSideWal(8, Hasher.Hash([2])),
            Pages = new PowDbPageTable(100, Hasher.Hash([3]), new string('c', 64), 7, UInt128.MaxValue),
        }.Write();

    private static byte[] Fingerprints()
    {
        var bytes = new byte[400];
        var all = new PowDbFingerprintSegment("users.heap", 0, true, 3);
        var at = PowDbFingerprints.WriteHead(bytes, all) + all.BodyLength;
        var listed = new PowDbFingerprintSegment("t.heap", 2, false, 2);
        at += PowDbFingerprints.WriteHead(bytes.AsSpan(at), listed) + listed.BodyLength;
        return bytes[..at];
    }

    /// <summary>Version 7: defaults, expression indexes and links, none of which the engine of the fixtures writes.</summary>
    private static byte[] Catalog7() =>
        Build(w =>
        {
            w.Write("BCAT"u8);
            w.Write((ushort)7);
            w.Write(1u);
            w.Write(9ul);
            Text(w, "t");
            w.Write((ushort)1);
            Text(w, "id");
            w.Write([1, 1, 0, 0]);
            w.Write((ushort)1);
            Text(w, "id");
            w.Write((byte)1);
            w.Write((ushort)1);
            w.Write([0, 0, 1]);
            w.Write(5L);
            w.Write((ushort)1);
            w.Write((ushort)0);
            w.Write((ushort)1);
            w.Write(3ul);
            w.Write([0, 0, 0]);
            Text(w, "a.b");
            Text(w, "id");
            w.Write((ushort)2);
            w.Write((byte)1);
            Text(w, "k");
            w.Write((byte)2);
            w.Write(4u);
            w.Write(1u);
            foreach (var part in "abcde")
            {
                Text(w, $"{part}");
            }
            w.Write((byte)0);
        });

    private static byte[] Index2() =>
        Build(w =>
        {
            w.Write("BIDX"u8);
            w.Write((ushort)2);
            w.Write(0u);
            w.Write(2u);
            w.Write((byte)0);
            w.Write(1u);
            w.Write((byte)4);
            Text(w, "key");
            w.Write(2u);
            w.Write(0u);
            w.Write(1u);
            w.Write((byte)1);
            w.Write(1u);
            w.Write([3, 1]);
            w.Write(9u);
            w.Write((ushort)0);
            w.Write((byte)1);
            w.Write(1u);
            w.Write(1u);
            w.Write(12u);
            w.Write((ushort)3);
        });

    private static byte[] NewLog()
    {
        var log = new byte[8 + 25 + 30];
        "PWAL\u0001"u8.CopyTo(log);
        BinaryPrimitives.WriteUInt32LittleEndian(log.AsSpan(8), 25);
        log[8 + 16] = 12;
        BinaryPrimitives.WriteUInt32LittleEndian(log.AsSpan(33), 30);
        log[33 + 16] = 1;
        RepairLog(log);
        return log;
    }

    private static byte[] Build(Action<BinaryWriter> write)
    {
        using var stream = new MemoryStream();
        using (var writer = new BinaryWriter(stream, Encoding.UTF8, leaveOpen: true))
        {
            write(writer);
            writer.Write(0u);
        }
        var bytes = stream.ToArray();
        Portions.RepairCrc32AtEnd(bytes);
        return bytes;
    }

    private static void Text(BinaryWriter writer, string text)
    {
        writer.Write((uint)text.Length);
        writer.Write(Encoding.ASCII.GetBytes(text));
    }
}
