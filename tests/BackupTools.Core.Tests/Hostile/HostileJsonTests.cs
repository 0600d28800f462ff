using System.Text;
using BackupTools.Errors;
using BackupTools.Formats.Alopex;
using BackupTools.Formats.Grafeo;
using BackupTools.Formats.PowDb;

namespace BackupTools.Tests.Hostile;

/// <summary>JSON that is small to write and large to read: refused, at a cost that grows with its bytes only.</summary>
public sealed class HostileJsonTests
{
    private const int Many = 300_000;

    private static readonly Dictionary<string, Action<byte[]>> s_readers = new(StringComparer.Ordinal)
    {
        ["Alopex snapshot.manifest"] = b => AlopexManifest.Read(b),
        ["Grafeo backup_manifest.json"] = b => GrafeoManifest.Read(b),
        ["Grafeo backup_cursor.meta"] = b => GrafeoCursor.Read(b),
        ["Grafeo positions"] = b => GrafeoPositions.Read(b),
        ["PowDB manifest.json"] = b => ReadPowDb(b, increment: false),
        ["PowDB increment.json"] = b => ReadPowDb(b, increment: true),
        ["PowDB side file"] = b => PowDbSideFile.Read(Sealed(b)),
    };

    private static readonly Dictionary<string, string> s_bombs = new(StringComparer.Ordinal)
    {
        ["arrays in arrays"] = "{\"version\":" + new string('[', Many),
        ["objects in objects"] = string.Concat(Enumerable.Repeat("{\"entries\":", Many)),
        ["nested and closed"] = "{\"x\":" + new string('[', Many) + new string(']', Many) + "}",
        ["many members"] = "{" + string.Join(',', Enumerable.Range(0, Many / 10).Select(i => $"\"m{i}\":{i}")) + "}",
        ["one member many times"] = "{" + string.Join(',', Enumerable.Repeat("\"version\":1", Many / 10)) + "}",
        ["a long name"] = $"{{\"{new string('a', 10 * Many)}\":1}}",
        ["a long escaped text"] = $"{{\"version\":\"{string.Concat(Enumerable.Repeat("\\u0061", Many))}\"}}",
        ["a long number"] = $"{{\"version\":1{new string('0', 10 * Many)}}}",
        ["white space"] = new string(' ', 10 * Many),
        ["a huge exponent"] = "{\"version\":1e999999999}",
    };

    public static TheoryData<string, string> Bombs
    {
        get
        {
            var rows = new TheoryData<string, string>();
            foreach (var reader in s_readers.Keys)
            {
                foreach (var bomb in s_bombs.Keys)
                {
                    rows.Add(reader, bomb);
                }
            }
            return rows;
        }
    }

    [Theory]
    [MemberData(nameof(Bombs))]
    public void A_json_bomb_is_refused_at_a_cost_that_grows_with_its_bytes_only(string reader, string bomb)
    {
        var bytes = Encoding.UTF8.GetBytes(s_bombs[bomb]);
        var before = GC.GetAllocatedBytesForCurrentThread();

        var error = Assert.Throws<BackupException>(() => s_readers[reader](bytes));

        Assert.NotEqual(ErrorCode.Unexpected, error.Code);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, (1 << 20) + (20L * bytes.Length));
        Assert.InRange(error.Message.Length, 1, Printable.Longest);
    }

    private static void ReadPowDb(byte[] bytes, bool increment)
    {
        var reader = new PowDbManifestReader(increment);
        for (var done = 0; done < bytes.Length; )
        {
            var block = Math.Min(PowDbManifestReader.MaxTokenLength, bytes.Length - done);
            done += reader.Feed(bytes.AsSpan(done, block), done + block == bytes.Length);
        }
        reader.Result();
    }

    /// <summary>With the digest of its own that a side file ends with.</summary>
    private static byte[] Sealed(byte[] json) =>
        [.. json, .. ",\n  \"blake3\": \""u8, .. Encoding.ASCII.GetBytes($"{Blake3.Hasher.Hash(json)}"), .. "\"\n}"u8];
}
