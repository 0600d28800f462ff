using BackupTools.Chains;
using BackupTools.Engines;
using BackupTools.Engines.Alopex;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Tests.Formats.Alopex;

namespace BackupTools.Tests.Engines.Alopex;

/// <summary>
/// Puts what a writer can do between any two steps of a capture, one after the other, without luck or threads.
/// </summary>
public sealed class AlopexInterleavingTests
{
    [Theory]
    [InlineData("commit")]
    [InlineData("checkpoint")]
    [InlineData("checkpoint, then as many commits of the same sizes")]
    [InlineData("checkpoint, then fewer commits")]
    [InlineData("commits, checkpoint, commits, checkpoint, commit")]
    public void Whatever_comes_in_between_the_snapshot_is_a_state_that_existed(string event_)
    {
        var steps = Steps();
        Assert.InRange(steps, 30, 2000);
        for (var at = 1; at <= steps; at++)
        {
            using var harness = AlopexStates.Harness();
            using var writer = Prepared(harness);
            var before = writer.Acknowledged;
            var disk = new SteppingDisk(
                LocalDisk.Instance,
                step =>
                {
                    if (step == at)
                    {
                        Do(event_, writer);
                    }
                }
            );
            using var staging = Capture(harness, disk);

            var read = AlopexKeyReader.Read(staging.PathOf("data"));
            var state = AlopexWriter.StateOf(read.Keys);
            Assert.True(
                state >= before && state <= writer.Acknowledged,
                $"step {at}: {before}..{writer.Acknowledged}, got {state}"
            );
            Assert.Null(read.Stop);
            Assert.True(disk.Steps >= at, "the event did not come");
        }
    }

    [Fact]
    public void A_writer_that_never_pauses_is_named_after_a_bounded_time()
    {
        using var harness = AlopexStates.Harness();
        using var writer = Prepared(harness);
        var disk = new SteppingDisk(
            LocalDisk.Instance,
            step =>
            {
                if (step % 20 == 0)
                {
                    Do("commit, checkpoint", writer);
                }
            }
        );
        using var live = new EngineHarness(new AlopexEngine(), disk, new HurriedClock());

        var error = Assert.Throws<BackupException>(() => live.Full(harness.At("db"), harness.At("backup")));

        Assert.Equal(ErrorCode.SourceChanging, error.Code);
        Assert.Contains("kept changing", error.Message, StringComparison.Ordinal);
        Assert.Contains("-Checkpoint", error.Recommendation, StringComparison.Ordinal);
    }

    private static AlopexWriter Prepared(EngineHarness harness)
    {
        var writer = new AlopexWriter(harness.At("db"));
        for (var i = 0; i < 12; i++)
        {
            writer.Commit();
        }
        writer.Checkpoint();
        for (var i = 0; i < 12; i++)
        {
            writer.Commit();
        }
        return writer;
    }

    private static int Steps()
    {
        using var harness = AlopexStates.Harness();
        using var writer = Prepared(harness);
        var disk = new SteppingDisk(LocalDisk.Instance, _ => { });
        Capture(harness, disk).Dispose();
        return disk.Steps;
    }

    /// <summary>Captures into staging and goes no further: what was captured is looked at, not how it is published.</summary>
    private static StagingArea Capture(EngineHarness harness, IDisk disk)
    {
        using var live = new EngineHarness(new AlopexEngine(), disk);
        var request = new CaptureRequest
        {
            SourcePath = harness.At("db"),
            DestinationFolder = harness.At("backup"),
            Kind = BundleKind.Full,
            Options = new EngineOptions(),
        };
        var staging = StagingArea.Create(LocalDisk.Instance, request.DestinationFolder, TimeProvider.System);
        live.Engine.Capture(live.Engine.PlanCapture(request, live.Context()), staging, live.Context());
        return staging;
    }

    private static void Do(string event_, AlopexWriter writer)
    {
        foreach (var step in event_.Split(", "))
        {
            switch (step)
            {
                case "commit":
                    writer.Commit();
                    break;
                case "checkpoint":
                    writer.Checkpoint();
                    break;
                default:
                    for (var n = step == "then fewer commits" ? 3 : 12; n > 0; n--)
                    {
                        writer.Commit();
                    }
                    break;
            }
        }
    }

    /// <summary>A clock on which nobody waits.</summary>
    private sealed class HurriedClock : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            System.CreateTimer(callback, state, TimeSpan.Zero, period);
    }
}
