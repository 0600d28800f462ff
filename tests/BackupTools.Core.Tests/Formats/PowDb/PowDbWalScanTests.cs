using BackupTools.Errors;
using BackupTools.Formats.PowDb;
using BackupTools.Tests.Engines.PowDb;

namespace BackupTools.Tests.Formats.PowDb;

public sealed class PowDbWalScanTests
{
    private static readonly byte[] Crashed = File.ReadAllBytes(PowDbFixtures.At("W", "wal.log"));

    [Fact]
    public void The_engines_log_has_its_35_records_in_any_portions()
    {
        foreach (var portion in new[] { 1, 2, 24, 25, 26, 100, int.MaxValue })
        {
            var records = new List<PowDbWalRecord>();
            var scan = Scan(Crashed, portion, records.Add);

            Assert.Equal((35, 992ul, 1026ul), (scan.Records, scan.FirstLsn, scan.LastLsn));
            Assert.Equal(Crashed.Length, scan.ValidEnd);
            Assert.Null(scan.Stopped);
            Assert.False(scan.HasHeader);
            Assert.Equal(Enumerable.Range(992, 35).Select(i => (ulong)i), records.Select(r => r.Lsn));
            Assert.Equal((1ul, 1), (records[0].TxId, records[0].Type));
            Assert.Equal((35ul, 3), (records[^1].TxId, records[^1].Type));
        }
    }

    [Fact]
    public void A_log_cut_anywhere_gives_the_records_before()
    {
        var ends = new List<long>();
        Scan(Crashed, 1000, r => ends.Add(r.Offset + r.Length));
        for (var length = 0; length < Crashed.Length; length += 3)
        {
            var scan = Scan(Crashed[..length], 50);

            Assert.Equal(ends.Count(e => e <= length), scan.Records);
            Assert.Equal(ends.LastOrDefault(e => e <= length), scan.ValidEnd);
            Assert.Equal(length - scan.ValidEnd, scan.TailLength);
        }
    }

    [Fact]
    public void A_flipped_byte_ends_the_log_before_its_record()
    {
        for (var at = 0; at < Crashed.Length; at += 7)
        {
            var bytes = Crashed.ToArray();
            bytes[at] ^= 1;
            var scan = Scan(bytes, 500);

            Assert.True(scan.ValidEnd <= at);
            Assert.InRange(scan.Records, 0, 34);
        }
    }

    [Fact]
    public void A_header_is_the_newer_layout()
    {
        var scan = Scan(PowDbNewTestDatabase.Wal(3), 3);
        Assert.True(scan.HasHeader);
        Assert.Equal((3, 600ul, 602ul), (scan.Records, scan.FirstLsn, scan.LastLsn));

        var clean = Scan(PowDbNewTestDatabase.Wal(0), 100);
        Assert.Equal((0, 8), (clean.Records, clean.ValidEnd));
    }

    [Fact]
    public void Types_of_the_newer_layout_end_an_old_log()
    {
        var record = PowDbTestDatabase.WalRecord(1, 10, "t", 0, 0, []);

        Assert.Equal(0, Scan(record, 100).Records);
        Assert.Equal(1, Scan([.. PowDbNewTestDatabase.Wal(0), .. record], 100).Records);
        Assert.Equal(
            0,
            Scan([.. PowDbNewTestDatabase.Wal(0), .. PowDbTestDatabase.WalRecord(1, 13, "t", 0, 0, [])], 100).Records
        );
    }

    [Theory]
    [InlineData(9, false)] // the newest of the old layout
    [InlineData(4, true)] // a commit has no data
    [InlineData(12, true)] // the newest
    public void A_record_without_data_counts_even_as_the_last(byte type, bool header)
    {
        var body = new PowDbTestDatabase.Writer().U64(1).U8(type).U64(77).ToArray();
        var record = new PowDbTestDatabase.Writer().U32(25).U32(PowDbTestDatabase.Crc(body)).Raw(body).ToArray();

        var scan = Scan(header ? [.. PowDbNewTestDatabase.Wal(0), .. record] : record, 100);

        Assert.Equal((1, 77ul, 0), (scan.Records, scan.LastLsn, scan.TailLength));
        Assert.Null(scan.Stopped);
    }

    [Theory]
    [InlineData(24, 1, "a record of 24 bytes at offset 8")]
    [InlineData(0, 1, "a record of 0 bytes at offset 8")]
    [InlineData(25 + (256 << 20), 1, null)]
    [InlineData(26 + (256 << 20), 1, "a record of 268435482 bytes at offset 8")]
    [InlineData(30, 0, "a record of unknown type 0 at offset 8")]
    [InlineData(30, 13, "a record of unknown type 13 at offset 8")]
    [InlineData(25, 1, "a record with a wrong CRC32 at offset 8")]
    public void A_record_that_cannot_be_ends_the_log_and_is_named(uint length, byte type, string? stopped)
    {
        var header = new PowDbTestDatabase.Writer().U32(length).U32(0).U64(1).U8(type).U64(77).ToArray();

        var scan = Scan([.. PowDbNewTestDatabase.Wal(0), .. header], 100);

        Assert.Equal(stopped, scan.Stopped);
        Assert.Equal((0, 8, 25), (scan.Records, scan.ValidEnd, scan.TailLength));
    }

    [Fact]
    public void A_header_is_read_once()
    {
        var scan = Scan([.. PowDbNewTestDatabase.Wal(0), .. PowDbNewTestDatabase.Wal(1)], 100);

        Assert.NotNull(scan.Stopped);
        Assert.Equal((0, 8), (scan.Records, scan.ValidEnd));
    }

    [Fact]
    public void An_unknown_version_is_named()
    {
        var bytes = PowDbNewTestDatabase.Wal(1);
        bytes[4] = 2;

        var error = Assert.Throws<BackupException>(() => Scan(bytes, 100));

        Assert.Equal(ErrorCode.UnsupportedVersion, error.Code);
        Assert.Contains("WAL version 2", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Garbage_is_no_record_and_no_error()
    {
        var random = new Random(4);
        for (var i = 0; i < 5_000; i++)
        {
            var bytes = new byte[random.Next(200)];
            random.NextBytes(bytes);
            Assert.Equal(0, Scan(bytes, random.Next(1, 60)).Records);
        }
    }

    private static PowDbWalScan Scan(byte[] bytes, int portion, Action<PowDbWalRecord>? onRecord = null)
    {
        var scan = new PowDbWalScan(onRecord);
        for (var at = 0; at < bytes.Length; at += Math.Min(portion, bytes.Length - at))
        {
            scan.Feed(bytes.AsSpan(at, Math.Min(portion, bytes.Length - at)));
        }
        return scan;
    }
}
