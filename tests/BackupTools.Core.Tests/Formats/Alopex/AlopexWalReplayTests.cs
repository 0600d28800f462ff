using System.Text.RegularExpressions;
using BackupTools.Errors;
using BackupTools.Formats.Alopex;
using FsCheck;
using FsCheck.Fluent;

namespace BackupTools.Tests.Formats.Alopex;

public sealed class AlopexWalReplayTests
{
    public static TheoryData<string> TornCases =>
        new(
            Directory
                .GetDirectories(AlopexFixtures.At("torn"))
                .Select(d => Path.GetFileName(d)!)
                .Where(n => !n.Contains("meta", StringComparison.Ordinal))
        );

    [Theory]
    [MemberData(nameof(TornCases))]
    public void Every_torn_log_gives_the_verdict_of_the_engine(string fixture)
    {
        var wal = File.ReadAllBytes(AlopexFixtures.At("torn", fixture, "data", "lsm.wal"));
        var said = File.ReadAllText(AlopexFixtures.At("torn", fixture, "engine.log"));
        var walcat = said[..said.IndexOf("$ dump", StringComparison.Ordinal)];
        if (walcat.Contains("ERROR", StringComparison.Ordinal))
        {
            var refusal = Assert.Throws<BackupException>(() => AlopexWal.Replay(wal));
            Assert.Equal(Regex.Match(walcat, "ERROR (.*)").Groups[1].Value, refusal.Message);
            return;
        }

        var replay = AlopexWal.Replay(wal);

        var lsns = Regex.Matches(walcat, @"^lsn=(\d+)", RegexOptions.Multiline);
        Assert.Equal(lsns.Count, replay.Entries);
        Assert.Equal(ulong.Parse(lsns[^1].Groups[1].Value), replay.LastLsn);
        var stop = Regex.Match(walcat, "stopped_at=Some\\((\\d+)\\) stop_reason=Some\\(\"(.*)\"\\)");
        Assert.True(stop.Success);
        Assert.Equal(stop.Groups[2].Value, replay.Stop!.Reason);
        Assert.Equal(ulong.Parse(stop.Groups[1].Value), replay.Stop.Offset);
    }

    [Theory]
    [InlineData("small/S0", 16, 20, 3)]
    [InlineData("small/S1", 24, 28, 3)]
    [InlineData("small/S2", 38, 38, 1)]
    [InlineData("dialectB-small/S0", 16, 20, 3)]
    [InlineData("dialectB-small/S2", 38, 38, 1)]
    public void Sound_logs_of_both_dialects_replay_to_their_end(string state, ulong first, ulong last, long entries)
    {
        var replay = AlopexWal.Replay(File.ReadAllBytes(AlopexFixtures.At(state, "data", "lsm.wal")));

        Assert.Null(replay.Stop);
        Assert.Equal((first, last, entries), (replay.FirstLsn!.Value, replay.LastLsn!.Value, replay.Entries));
    }

    [Fact]
    public void A_log_reads_the_same_in_pieces_of_any_size_and_by_frames_alone()
    {
        var wal = File.ReadAllBytes(AlopexFixtures.At("small", "S1", "data", "lsm.wal"));
        var whole = AlopexWal.Replay(wal);
        foreach (var piece in new[] { 1, 2, 7, 11, 12, 13, 100, 4096 })
        {
            foreach (var framesOnly in new[] { false, true })
            {
                var replay = AlopexWal.Replay(wal, piece, framesOnly);
                Assert.Equal(
                    (whole.Entries, whole.LastLsn, whole.GoodBytes, true),
                    (replay.Entries, replay.LastLsn, replay.GoodBytes, replay.Stop is null)
                );
            }
        }
    }

    [Fact]
    public void Bodies_may_be_skipped_when_only_frames_are_followed()
    {
        var entry = AlopexWal.Entry(7, AlopexWal.Batch(new byte[5000]));
        var replay = new AlopexWalReplay(0, (ulong)entry.Length, 1 << 20, framesOnly: true);

        replay.Feed(entry.AsSpan(0, 12));
        replay.Skip(replay.Skippable);

        Assert.True(replay.IsDone);
        Assert.Equal((7UL, (ulong)entry.Length), (replay.LastLsn!.Value, replay.GoodBytes));
    }

    [Fact]
    public void An_entry_that_wraps_around_the_end_of_the_ring_is_read_through()
    {
        var writer = new byte[16 + (3 * 8192)];
        var geometry = new AlopexWalGeometry(16, 8192, 3);
        for (var i = 0; i < 3; i++)
        {
            new AlopexWalSegmentHeader(2, 1 + (ulong)i, 0).ToBytes().CopyTo(writer, geometry.SegmentOffset(i));
        }
        var start = geometry.Ring - 1000;
        var entries = AlopexWal
            .Entry(5, AlopexWal.Batch(new byte[3000]))
            .Concat(AlopexWal.Entry(6, AlopexWal.Batch([1])))
            .ToArray();
        var at = 0;
        foreach (var (offset, length) in geometry.Pieces(start, (ulong)entries.Length))
        {
            entries.AsSpan(at, (int)length).CopyTo(writer.AsSpan((int)offset));
            at += (int)length;
        }
        new AlopexWalHeader(AlopexWalDialect.A, start, (start + (ulong)at) % geometry.Ring, false)
            .ToBytes()
            .CopyTo(writer, 0);

        var replay = AlopexWal.Replay(writer);

        Assert.Equal((2L, 6UL, true), (replay.Entries, replay.LastLsn!.Value, replay.Stop is null));
    }

    [Theory]
    [InlineData("030000", "unknown WAL entry type: 3")]
    [InlineData("0201020000", "unknown WAL op type: 2")]
    [InlineData("0005", "WAL entry truncated (key)")]
    [InlineData("02010005", "WAL batch truncated (key)")]
    [InlineData("00016105", "WAL entry truncated (value)")]
    [InlineData("0001610062", "WAL entry has trailing bytes after Put")]
    [InlineData("0101610062", "WAL entry has trailing bytes after Delete")]
    [InlineData("0101610162", "delete entry must have zero-length value")]
    [InlineData("020101016101ff", "batch delete must have zero-length value")]
    [InlineData("02010001610000", "WAL batch has trailing unparsed bytes")]
    [InlineData("020200016100", "WAL batch truncated before op type")]
    [InlineData("00ffffffffffffffffffff01", "varint overflow")]
    [InlineData("0080", "varint truncated")]
    [InlineData("02", "varint truncated")]
    [InlineData("00016101", "WAL entry truncated (value)")]
    [InlineData("020101016105", "WAL batch truncated (value)")]
    [InlineData("01016109", "delete entry must have zero-length value")]
    [InlineData("020000", "WAL batch has trailing unparsed bytes")]
    public void A_body_with_a_good_checksum_and_a_wrong_structure_stops_the_replay(string body, string reason)
    {
        var entry = AlopexWal.Entry(9, Convert.FromHexString(body));
        var replay = new AlopexWalReplay(100, (ulong)entry.Length, 1 << 20);

        replay.Feed(entry);

        Assert.Equal($"WAL entry decode failed: invalid format: {reason}", replay.Stop!.Reason);
        Assert.Equal((100UL, 0L), (replay.Stop.Offset, replay.Entries));
    }

    [Theory]
    [InlineData("0200")] // a batch of nothing
    [InlineData("000000")]
    [InlineData("0001610162")]
    [InlineData("01016100")]
    [InlineData("0202000161016201016300")]
    public void A_sound_body_counts(string body)
    {
        var entry = AlopexWal.Entry(9, Convert.FromHexString(body));
        var replay = new AlopexWalReplay(0, (ulong)entry.Length, (ulong)entry.Length);

        replay.Feed(entry);

        Assert.Null(replay.Stop);
        Assert.Equal((1L, (ulong)entry.Length), (replay.Entries, replay.GoodBytes));
    }

    [Theory]
    [InlineData(1, "WAL entry header truncated")]
    [InlineData(11, "WAL entry header truncated")]
    [InlineData(12, "WAL entry decode failed: invalid format: WAL entry payload too small")]
    public void Zeros_behind_the_last_entry_stop_the_replay_there(int zeros, string reason)
    {
        byte[] log = [.. AlopexWal.Entry(9, AlopexWal.Batch([1])), .. new byte[zeros]];
        var replay = new AlopexWalReplay(0, (ulong)log.Length, 1 << 20);

        replay.Feed(log);

        Assert.Equal(new AlopexWalStop(reason, (ulong)(log.Length - zeros)), replay.Stop);
    }

    [Fact]
    public void Nothing_may_be_skipped_that_is_not_the_body_of_a_believed_entry()
    {
        var entry = AlopexWal.Entry(7, AlopexWal.Batch(new byte[100]));
        foreach (var framesOnly in new[] { true, false })
        {
            var replay = new AlopexWalReplay(0, 2 * (ulong)entry.Length, 1 << 20, framesOnly);
            replay.Feed(entry.AsSpan(0, 12));
            Assert.Equal(framesOnly ? (ulong)entry.Length - 12 : 0, replay.Skippable);
            Assert.Throws<ArgumentOutOfRangeException>(() => replay.Skip(replay.Skippable + 1));

            replay.Feed(entry.AsSpan(12));
            Assert.Equal((1L, 0UL), (replay.Entries, replay.Skippable));
        }
    }

    [Fact]
    public void An_entry_longer_than_the_ring_is_invalid_whatever_is_left()
    {
        var entry = AlopexWal.Entry(9, new byte[2000]);
        var replay = new AlopexWalReplay(0, 5000, 1000);

        replay.Feed(entry);

        Assert.Equal("WAL entry length is invalid", replay.Stop!.Reason);
    }

    [Fact]
    public void Any_bytes_end_in_a_count_or_a_stop()
    {
        Prop.ForAll(
                ArbMap.Default.ArbFor<byte[]>(),
                bytes =>
                {
                    var replay = new AlopexWalReplay(0, (ulong)bytes.Length, 1 << 20);
                    replay.Feed(bytes);
                    return replay.IsDone && replay.GoodBytes <= (ulong)bytes.Length;
                }
            )
            .QuickCheckThrowOnFailure();
    }
}
