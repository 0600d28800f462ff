using BackupTools.Chains;
using BackupTools.Engines;
using BackupTools.Formats.Alopex;
using BackupTools.Tests.Files;
using BackupTools.Tests.Formats.Alopex;

namespace BackupTools.Tests.Engines.Alopex;

public sealed class AlopexLiveTests
{
    private const long SegmentSize = 32768;

    [Theory(
        Skip = "Wine replaces no file that is open",
        SkipType = typeof(WindowsHost),
        SkipWhen = nameof(WindowsHost.IsWine)
    )]
    [InlineData(AlopexWalDialect.A)]
    [InlineData(AlopexWalDialect.B)]
    public void Every_live_snapshot_is_a_state_that_existed_and_holds_all_that_was_acknowledged_before(object dialect)
    {
        // Each round has a database of its own: the writer never merges tables, so one database for a long run would have
        // more of them than can be looked through between two checkpoints.
        foreach (var round in SoakBudget.Rounds(1))
        {
            BackUpBesideAWriter((AlopexWalDialect)dialect, 7 + round);
        }
    }

    private static void BackUpBesideAWriter(AlopexWalDialect dialect, int seed)
    {
        const int Snapshots = 100;
        using var harness = AlopexStates.Harness();
        var source = harness.At("db");
        using var writer = new AlopexWriter(source, dialect, SegmentSize);
        using var stop = new CancellationTokenSource();
        Exception? failure = null;
        var writing = new Thread(() => failure = Record.Exception(() => KeepWriting(writer, seed, stop.Token)));
        writing.Start();
        BundleHeader? last = null;
        var checkpoints = writer.Tables;
        try
        {
            // A fast machine takes its snapshots before the writer has done enough to disturb them: then it takes more.
            bool Disturbed() => writer.Tables - checkpoints > 20 && writer.Acknowledged > 1000;
            for (var i = 0; i < Snapshots || (!Disturbed() && i < 30 * Snapshots); i++)
            {
                var before = writer.Acknowledged;
                var header = harness.Capture(
                    new CaptureRequest
                    {
                        SourcePath = source,
                        DestinationFolder = harness.At("backup"),
                        Kind = i % 10 == 0 ? BundleKind.Full : BundleKind.Incremental,
                        Options = new EngineOptions(),
                        Parent = i % 10 == 0 ? null : last,
                    }
                );
                var after = writer.Acknowledged;

                var read = AlopexKeyReader.Read(header.FullName, SegmentSize);
                var state = AlopexWriter.StateOf(read.Keys);

                Assert.Null(read.Stop);
                Assert.InRange(state, before, after + 1);
                if (i % 20 == 0)
                {
                    Assert.Empty(harness.Verify([header]).Errors());
                    harness.Restore([header], harness.At($"restored{i}"), deep: true);
                    Assert.Equal(
                        state,
                        AlopexWriter.StateOf(AlopexKeyReader.Read(harness.At($"restored{i}"), SegmentSize).Keys)
                    );
                }
                last = header;
            }
        }
        finally
        {
            stop.Cancel();
            writing.Join();
        }
        Assert.Null(failure);
        Assert.True(writer.Tables - checkpoints > 20, $"only {writer.Tables} tables were written meanwhile");
        Assert.True(writer.Acknowledged > 1000, $"only {writer.Acknowledged} commits were made meanwhile");
        Assert.Empty(harness.Warnings);
    }

    /// <summary>Bursts of commits of all sizes with a checkpoint now and then, as fast as the machine lets it.</summary>
    private static void KeepWriting(AlopexWriter writer, int seed, CancellationToken stop)
    {
        var random = new Random(seed);
        while (!stop.IsCancellationRequested)
        {
            for (var n = random.Next(1, 40); n > 0; n--)
            {
                writer.Commit(random.Next(8) == 0 ? random.Next(3000) : random.Next(30));
                if (random.Next(10) == 0)
                {
                    Thread.Sleep(1);
                }
            }
            Thread.Sleep(random.Next(6));
            if (random.Next(25) == 0)
            {
                writer.Checkpoint();
            }
        }
    }
}
