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
