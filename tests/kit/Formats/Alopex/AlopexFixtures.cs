using System.Buffers.Binary;

namespace BackupTools.Tests.Formats.Alopex;

/// <summary>Where the Alopex fixtures are, and what must be read from them.</summary>
internal static class AlopexFixtures
{
    public static string At(params string[] parts) =>
        Path.Combine([AppContext.BaseDirectory, "fixtures", "alopex", .. parts]);

    /// <summary>Copies a fixture folder; files ending in .sparse become the sparse files that they describe.</summary>
    public static string Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.EnumerateFiles(from))
        {
            var target = Path.Combine(to, Path.GetFileName(file));
            if (file.EndsWith(".sparse", StringComparison.Ordinal))
            {
                Unpack(file, target[..^".sparse".Length]);
            }
            else
            {
                File.Copy(file, target);
            }
        }
        foreach (var folder in Directory.EnumerateDirectories(from))
        {
            Copy(folder, Path.Combine(to, Path.GetFileName(folder)));
        }
        return to;
    }

    /// <summary>The reference's snapshot below a fixture's snap folder.</summary>
    public static string SnapshotOf(string fixture) =>
        Directory.GetDirectories(Path.Combine(fixture, "snap", "data", ".lifecycle", "backup"), "ts-*").Single();

    /// <summary>The keys (hex) and values (hex) that expected.tsv lists.</summary>
    public static SortedDictionary<string, string> Expected(string fixture)
    {
        var keys = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in File.ReadLines(Path.Combine(fixture, "expected.tsv")))
        {
            if (!line.StartsWith('#'))
            {
                var tab = line.IndexOf('\t');
                keys.Add(line[..tab], line[(tab + 1)..]);
            }
        }
        return keys;
    }

    /// <summary>u64 length, then runs of u64 offset, u32 count and that many bytes.</summary>
    private static void Unpack(string sparse, string target)
    {
        var bytes = File.ReadAllBytes(sparse).AsSpan();
        using var file = File.OpenHandle(target, FileMode.CreateNew, FileAccess.Write);
        RandomAccess.SetLength(file, BinaryPrimitives.ReadInt64LittleEndian(bytes));
        for (bytes = bytes[8..]; !bytes.IsEmpty; )
        {
            var count = BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]);
            RandomAccess.Write(file, bytes.Slice(12, count), BinaryPrimitives.ReadInt64LittleEndian(bytes));
            bytes = bytes[(12 + count)..];
        }
    }
}
