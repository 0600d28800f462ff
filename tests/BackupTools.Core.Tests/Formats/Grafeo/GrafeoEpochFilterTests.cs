using BackupTools.Errors;
using BackupTools.Formats.Grafeo;

namespace BackupTools.Tests.Formats.Grafeo;

public class GrafeoEpochFilterTests
{
    [Fact]
    public void Whole_epochs_up_to_the_last_wanted_are_kept_and_joined()
    {
        var log = Log(GrafeoBytes.Group(5), GrafeoBytes.Group(6), GrafeoBytes.Group(7));
        var filter = Run(4, 6, log);
        Assert.Equal([.. GrafeoBytes.Group(5), .. GrafeoBytes.Group(6)], Kept(filter, log));
        Assert.Equal((5ul, 6ul, true), (filter.First, filter.Last, filter.IsPast));
        Assert.Empty(filter.Missing);
        Assert.Single(Run(4, 6, log).TakeKept());
    }

    [Fact]
    public void Aborted_transactions_are_dropped_and_checkpoints_kept()
    {
        byte[] wanted = [.. GrafeoBytes.CheckpointRecord(9), .. GrafeoBytes.Group(2)];
        var log = Log(GrafeoBytes.Node(1, "gone"), GrafeoBytes.Abort(7), wanted);
        Assert.Equal(wanted, Kept(Run(1, 9, log), log));
    }

    [Fact]
    public void An_abort_leaves_changes_of_the_schema_and_the_choice_of_the_graph()
    {
        var log = Log(
            GrafeoBytes.Node(1, "gone"),
            Schema,
            GrafeoBytes.Node(2, "gone"),
            SwitchGraph,
            GrafeoBytes.Abort(7),
            GrafeoBytes.Group(2)
        );
        Assert.Equal([.. Schema, .. SwitchGraph, .. GrafeoBytes.Group(2)], Kept(Run(1, 9, log), log));
    }

    [Fact]
    public void What_has_no_commit_or_no_epoch_is_dropped_unless_the_log_ends_with_it()
    {
        byte[] commit = [.. GrafeoBytes.Node(8, "x"), .. GrafeoBytes.Commit(9)];
        byte[] open = GrafeoBytes.Node(9, "y");
        var log = Log(GrafeoBytes.Group(2), commit, open);
        Assert.Equal(GrafeoBytes.Group(2), Kept(Run(1, 9, log), log));
        var closed = Run(1, 9, log);
        Assert.False(closed.Close());
        Assert.Equal([.. GrafeoBytes.Group(2), .. commit], Kept(closed, log));
        Assert.Equal(9ul, closed.LastTransaction);
    }

    [Fact]
    public void Changes_of_the_schema_at_the_end_are_kept_and_need_a_commit()
    {
        var log = Log(GrafeoBytes.Group(2), GrafeoBytes.Node(8, "open"), Schema);
        var filter = Run(1, 9, log);
        Assert.True(filter.Close());
        Assert.Equal([.. GrafeoBytes.Group(2), .. Schema], Kept(filter, log));
        var graph = Log(GrafeoBytes.Group(2), SwitchGraph);
        Assert.False(Run(1, 9, graph).Close());
    }

    [Fact]
    public void Commits_without_content_are_no_change_at_the_end()
    {
        var log = Log(GrafeoBytes.Group(2), GrafeoBytes.Commit(1), GrafeoBytes.CheckpointRecord(1));
        var filter = Run(1, 9, log);
        Assert.False(filter.Close());
        Assert.Equal(GrafeoBytes.Group(2), Kept(filter, log));
    }

    [Fact]
    public void Lost_epochs_are_named()
    {
        Assert.Equal([(4, 5)], Run(3, 9, Log(GrafeoBytes.Group(6), GrafeoBytes.Group(7))).Missing);
        Assert.Equal([(5, 6)], Run(3, 9, Log(GrafeoBytes.Group(4), GrafeoBytes.Group(7))).Missing);
    }

    [Fact]
    public void An_epoch_that_falls_begins_a_session_and_nothing_is_left_out()
    {
        foreach (ulong[] epochs in new ulong[][] { [4, 5, 1, 2, 3], [4, 4, 4], [1, 2, 3, 1, 2], [4, 5, 1, 2, 1] })
        {
            var log = Log([.. epochs.Select(GrafeoBytes.Group)]);
            var filter = Run(3, 9, log);
            Assert.Equal(log[0], Kept(filter, log));
            Assert.Empty(filter.Missing);
            Assert.Equal((epochs[0], epochs[^1], epochs.Max()), (filter.First, filter.Last, filter.Highest));
        }
    }

    [Fact]
    public void The_log_ends_with_the_first_epoch_behind_the_range()
    {
        var log = Log(GrafeoBytes.Group(4), GrafeoBytes.Group(6));
        var filter = Run(3, 5, log);
        Assert.Equal(GrafeoBytes.Group(4), Kept(filter, log));
        Assert.Equal((4ul, true, false), (filter.Last, filter.IsPast, filter.ComesAgain));
        Assert.True(Run(3, 5, Log(log[0], GrafeoBytes.Group(5))).ComesAgain);
    }

    [Fact]
    public void What_is_kept_is_handed_out_once()
    {
        var filter = Run(1, 9, Log(GrafeoBytes.Group(2)));
        Assert.Single(filter.TakeKept());
        Assert.Empty(filter.TakeKept());
    }

    [Fact]
    public void Sessions_that_commit_at_once_may_write_their_epochs_in_any_order()
    {
        var log = Log(GrafeoBytes.Group(4), GrafeoBytes.Group(8), GrafeoBytes.Group(6), GrafeoBytes.Group(5));
        var filter = Run(3, 99, log);
        Assert.Equal(log[0], Kept(filter, log));
        Assert.Equal([(7, 7)], filter.Missing);
        Assert.Equal((4ul, 8ul), (filter.First, filter.Highest));
        var whole = Run(3, 99, Log(log[0], GrafeoBytes.Group(7)));
        Assert.Empty(whole.Missing);
    }

    [Fact]
    public void A_log_with_more_holes_than_lost_files_can_make_is_refused()
    {
        var filter = new GrafeoEpochFilter { Follows = 0 };
        for (var hole = 1ul; hole <= GrafeoEpochFilter.MaxMissing; hole++)
        {
            filter.Add(0, Epoch(4 * hole));
        }
        Assert.Equal(GrafeoEpochFilter.MaxMissing, filter.Missing.Count);
        filter.Add(0, Epoch(3)); // the end of the first hole: it gets smaller

        // One more at the end, or one that is split in two.
        foreach (var (epoch, offset) in new[] { (9000ul, 9000), (4 * 500ul - 2, 700) })
        {
            var e = Assert.Throws<BackupException>(() => filter.Add(0, Epoch(epoch) with { Offset = offset }));
            Assert.Equal((ErrorCode.Malformed, (long?)offset), (e.Code, e.Offset));
        }
    }

    [Fact]
    public void A_transaction_may_straddle_two_files()
    {
        byte[][] files =
        [
            [.. GrafeoBytes.Node(1, "a")],
            [.. GrafeoBytes.Commit(3), .. GrafeoBytes.Epoch(2)],
        ];
        var filter = Run(1, 9, files);
        Assert.Equal([.. files[0], .. files[1]], Kept(filter, files));
        Assert.Equal(2ul, filter.Last);
    }

    /// <summary>CreateNodeType, and SwitchGraph to the default graph.</summary>
    private static byte[] Schema => GrafeoBytes.Record([10, 1, 80, 0, 0]);

    private static byte[] SwitchGraph => GrafeoBytes.Record([29, 0]);

    private static GrafeoRecord Epoch(ulong epoch) => new(GrafeoRecordKind.EpochAdvance, epoch, (long)epoch, 1);

    private static byte[][] Log(params byte[][] parts) =>
        [
            [.. parts.SelectMany(p => p)],
        ];

    private static GrafeoEpochFilter Run(ulong after, ulong until, byte[][] files)
    {
        var filter = new GrafeoEpochFilter(until) { Follows = after };
        for (var i = 0; i < files.Length; i++)
        {
            var reader = new GrafeoRecordReader();
            ReadOnlySpan<byte> rest = files[i];
            while (reader.Read(ref rest, out var record))
                filter.Add(i, record);
        }
        return filter;
    }

    private static byte[] Kept(GrafeoEpochFilter filter, byte[][] files) =>
        [.. filter.TakeKept().SelectMany(s => files[s.Input][(int)s.Start..(int)s.End])];
}
