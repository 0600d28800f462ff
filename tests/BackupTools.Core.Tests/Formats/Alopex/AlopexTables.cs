using BackupTools.Errors;
using BackupTools.Formats.Alopex;

namespace BackupTools.Tests.Formats.Alopex;

/// <summary>A table in memory, read with the parts under test as the engine room does it with files.</summary>
internal static class AlopexTables
{
    public static byte[] Sound() =>
        AlopexTableBuilder.Build(
            [
                .. Enumerable
                    .Range(0, 40)
                    .Select(i => AlopexRow.Of($"key{i:d4}", 5 + (ulong)(i % 3), i % 7 == 0 ? null : $"v{i}")),
            ],
            blockSize: 600
        );

    public static AlopexTableLayout LayoutOf(byte[] table) =>
        AlopexTableLayout.Read(
            table.AsSpan(0, Math.Min(32, table.Length)),
            table.AsSpan(Math.Max(0, table.Length - 48)),
            table.Length
        );

    public static BackupException Refused(byte[] table, bool deep = true, bool bloomToo = true) =>
        Assert.Throws<BackupException>(() => Scan(table, deep: deep, bloomToo: bloomToo));

    public static AlopexTableScanner Scan(
        byte[] table,
        int piece = int.MaxValue,
        bool deep = true,
        bool bloomToo = true
    )
    {
        var layout = LayoutOf(table);
        var filter =
            bloomToo && layout.BloomSize > 0
                ? AlopexBloom.Read(table.AsSpan((int)layout.BloomOffset, (int)layout.BloomSize).ToArray())
                : null;
        var scanner = new AlopexTableScanner(layout, Index(table, layout, piece).GetEnumerator(), deep, filter);
        for (var at = 0; at < table.Length; at += Math.Min(piece, table.Length - at))
        {
            scanner.Feed(table.AsSpan(at, Math.Min(piece, table.Length - at)));
        }
        scanner.Finish();
        return scanner;
    }

    public static IEnumerable<AlopexIndexReader> Index(byte[] table, AlopexTableLayout layout, int piece)
    {
        var reader = new AlopexIndexReader(layout.IndexSize);
        var at = (int)layout.IndexOffset;
        var end = at + (int)layout.IndexSize;
        while (at < end)
        {
            ReadOnlySpan<byte> chunk = table.AsSpan(at, Math.Min(piece, end - at));
            var before = chunk.Length;
            var found = reader.TryRead(ref chunk);
            at += before - chunk.Length;
            if (found)
            {
                yield return reader;
            }
            else
            {
                Assert.True(chunk.IsEmpty, "bytes were left that belong to no entry");
            }
        }
    }
}
