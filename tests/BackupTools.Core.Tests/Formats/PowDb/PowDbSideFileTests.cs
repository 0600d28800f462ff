using System.Text;
using BackupTools.Errors;
using BackupTools.Formats.PowDb;
using Blake3;

namespace BackupTools.Tests.Formats.PowDb;

public sealed class PowDbSideFileTests
{
    private static readonly PowDbSideFile Sample = new()
    {
        Tool = "1.2.3",
        BundleId = new string('a', 64),
        ParentId = new string('b', 64),
        Series = "dätä \"x\"",
        CreatedUtc = new DateTimeOffset(2026, 11, 20, 4, 10, 0, 123, TimeSpan.Zero),
        TakenAfterUtc = new DateTimeOffset(2099, 11, 20, 4, 10, 0, 123, TimeSpan.Zero),
        MaxLsn = ulong.MaxValue,
        Files =
        [
            new PowDbStateFile("catalog.bin", 317, Hasher.Hash([1])),
            new PowDbStateFile("t.heap", 0, Hasher.Hash([])),
        ],
        Dropped = ["old.heap"],
        Wal = new PowDbSideWal(8, Hasher.Hash([2])),
        Pages = new PowDbPageTable(100, Hasher.Hash([3]), new string('c', 64), 7, (UInt128)255 << 64),
    };

    [Fact]
    public void What_is_written_is_read()
    {
        foreach (
            var side in new[]
            {
                Sample,
                Sample with
                {
                    ParentId = null,
                    TakenAfterUtc = null,
                    Wal = null,
                    Pages = Sample.Pages with { On = null, Depth = 0, Key = null },
                    Files = [],
                    Dropped = [],
                },
            }
        )
        {
            var read = PowDbSideFile.Read(side.Write());

            Assert.Equal(side.Files, read.Files);
            Assert.Equal(side.Dropped, read.Dropped);
            Assert.Equal(side, read with { Files = side.Files, Dropped = side.Dropped });
        }
    }

    [Fact]
    public void A_flipped_byte_or_a_cut_anywhere_is_found()
    {
        var bytes = Sample.Write();
        for (var at = 0; at < bytes.Length; at++)
        {
            bytes[at] ^= 2;
            Assert.Equal(
                ErrorCode.ChecksumMismatch,
                Assert.Throws<BackupException>(() => PowDbSideFile.Read(bytes)).Code
            );
            bytes[at] ^= 2;
            // The last 82 bytes are the digest's own line.
            Assert.Equal(
                at <= 82 ? ErrorCode.Truncated : ErrorCode.ChecksumMismatch,
                Assert.Throws<BackupException>(() => PowDbSideFile.Read(bytes.AsMemory(0, at))).Code
            );
        }
    }

    [Theory]
    [InlineData("\"backuptools\": 1", "\"backuptools\": 2", ErrorCode.UnsupportedVersion)]
    [InlineData("\"engine\": \"PowDB\",", "", ErrorCode.Malformed, false)]
    [InlineData("\"depth\": 7", "\"depth\": -1", ErrorCode.Malformed)]
    [InlineData("\"depth\": 7", "\"depth\": 3000000000", ErrorCode.Malformed)]
    [InlineData("\"len\": 317", "\"len\": -1", ErrorCode.Malformed)]
    [InlineData("\"len\": 317", "\"len\": \"x\"", ErrorCode.Malformed)]
    [InlineData("\"parent\": \"bbb", "\"parent\": \"", ErrorCode.Malformed)]
    [InlineData("\"parent\": \"bbbb", "\"parent\": \"", ErrorCode.Malformed)]
    [InlineData("\"parent\": \"bbb", "\"parent\": \"zzz", ErrorCode.Malformed)]
    [InlineData("\"max_lsn\": 18446744073709551615", "\"max_lsn\": 18446744073709551616", ErrorCode.Malformed)]
    [InlineData("2026-11-20T", "2026-11-99T", ErrorCode.Malformed)]
    [InlineData("\"key\": \"00000000000000ff", "\"key\": \"0000ff", ErrorCode.Malformed)]
    [InlineData("\"key\": \"00000000000000ff", "\"key\": \"000000000000 0ff", ErrorCode.Malformed)]
    [InlineData("\"key\": \"00000000000000ff", "\"key\": null, \"x\": \"", ErrorCode.Malformed)]
    [InlineData("\"taken_after_utc\": \"2099-", "\"taken_after_utc\": \"", ErrorCode.Malformed)]
    [InlineData("\"taken_after_utc\":", "\"later_utc\":", ErrorCode.Malformed, false)]
    [InlineData("\"files\": [", "\"files\": {\"x\": [", ErrorCode.Malformed)]
    public void A_side_file_with_the_right_digest_and_the_wrong_content_is_refused(
        string old,
        string now,
        ErrorCode expected,
        bool refused = true
    )
    {
        var text = Encoding.UTF8.GetString(Sample.Write());
        Assert.Contains(old, text, StringComparison.Ordinal);
        var body = text[..text.LastIndexOf(",\n  \"blake3\"", StringComparison.Ordinal)]
            .Replace(old, now, StringComparison.Ordinal);
        var digest = Hasher.Hash(Encoding.UTF8.GetBytes(body));
        var forged = Encoding.UTF8.GetBytes($"{body},\n  \"blake3\": \"{digest}\"\n}}");

        if (refused)
        {
            Assert.Equal(expected, Assert.Throws<BackupException>(() => PowDbSideFile.Read(forged)).Code);
        }
        else
        {
            Assert.NotNull(PowDbSideFile.Read(forged));
        }
    }
}
