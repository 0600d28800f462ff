using BackupTools.Chains;
using BackupTools.Engines;
using BackupTools.Engines.Alopex;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Tests.Files;
using BackupTools.Tests.Formats.Alopex;

namespace BackupTools.Tests.Engines.Alopex;

/// <summary>
/// Puts what a writer can do between any two steps of a capture, one after the other, without luck or threads. Between
/// every two in a long run, and at so many places each time.
/// </summary>
public sealed class AlopexInterleavingTests
{
    // Commits in the log when the capture begins: over two of its segments.
    private const int InLog = 12;

    private const int EverydaySteps = 20;

    // Some thousand small directories: where memory can hold them, no disk need.
    private static readonly string? Memory = TempFolder.Memory;

    [Theory]
    [InlineData("", "commit")]
    [InlineData("", "checkpoint")]
    [InlineData("", "checkpoint, as many commits")]
    [InlineData("", "checkpoint, fewer commits")]
    [InlineData("", "as many commits, checkpoint, as many commits, checkpoint, commit")]
    [InlineData("", "tables")]
    [InlineData("", "tables, meta")]
    [InlineData("tables", "meta")]
    [InlineData("tables", "meta, empty log")]
    [InlineData("tables", "meta, empty log, as many commits")]
    [InlineData("tables, meta", "empty log")]
    [InlineData("tables, meta", "empty log, as many commits")]
    [InlineData("tables, meta", "empty log, more commits")]
    public void Whatever_comes_in_between_the_snapshot_is_a_state_that_existed(string begun, string comes)
    {
        var steps = Steps(begun);
        Assert.InRange(steps, 50, 1000);
        foreach (var at in SoakBudget.Sample(steps, EverydaySteps).Select(i => i + 1))
        {
            using var folder = new TempFolder(Memory);
            using var writer = Prepared(folder);
            Do(begun, writer);
            var before = writer.Acknowledged;
            var disk = new SteppingDisk(
                LocalDisk.Instance,
                step =>
                {
                    if (step == at)
                    {
                        Do(comes, writer);
                    }
                }
            );

            using var staging = Capture(folder, disk);

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

    [Fact(
        Skip = "Wine replaces no file that is open",
        SkipType = typeof(WindowsHost),
        SkipWhen = nameof(WindowsHost.IsWine)
    )]
    public void A_writer_that_never_pauses_is_named_after_a_bounded_time()
    {
        using var folder = new TempFolder(Memory);
        using var writer = Prepared(folder);
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

        var error = Assert.Throws<BackupException>(() => Capture(folder, disk, new HurriedClock()));

        Assert.Equal(ErrorCode.SourceChanging, error.Code);
        Assert.Contains("kept changing", error.Message, StringComparison.Ordinal);
        Assert.Contains("Checkpoint", error.Recommendation, StringComparison.Ordinal);
    }

    private static AlopexWriter Prepared(TempFolder folder)
    {
        var writer = new AlopexWriter(folder["db"]);
        Commit(writer, InLog);
        writer.Checkpoint();
        Commit(writer, InLog);
        return writer;
    }

    private static int Steps(string begun)
    {
        using var folder = new TempFolder(Memory);
        using var writer = Prepared(folder);
        Do(begun, writer);
        var disk = new SteppingDisk(LocalDisk.Instance, _ => { });
        Capture(folder, disk).Dispose();
        return disk.Steps;
    }

    /// <summary>Captures into staging and goes no further: what was captured is looked at, not how it is published.</summary>
    private static StagingArea Capture(TempFolder folder, IDisk disk, TimeProvider? clock = null)
    {
        var context = new EngineContext
        {
            Disk = disk,
            Clock = clock ?? TimeProvider.System,
            Progress = new TransferProgress(),
        };
        var request = new CaptureRequest
        {
            SourcePath = folder["db"],
            DestinationFolder = folder["backup"],
            Kind = BundleKind.Full,
            Options = new EngineOptions(),
        };
        var engine = new AlopexEngine();
        var staging = StagingArea.Create(LocalDisk.Instance, request.DestinationFolder, TimeProvider.System);
        try
        {
            engine.Capture(engine.PlanCapture(request, context), staging, context);
            return staging;
        }
        catch
        {
            staging.Dispose();
            throw;
        }
    }

    private static void Do(string what, AlopexWriter writer)
    {
        foreach (var step in what.Split(", ", StringSplitOptions.RemoveEmptyEntries))
        {
            Action<AlopexWriter> action = step switch
            {
                "checkpoint" => w => w.Checkpoint(),
                "tables" => w => w.WriteTables(),
                "meta" => w => w.WriteMeta(),
                "empty log" => w => w.EmptyLog(),
                "commit" => w => w.Commit(),
                "fewer commits" => w => Commit(w, 3),
                "as many commits" => w => Commit(w, InLog),
                "more commits" => w => Commit(w, InLog + 2),
                _ => throw new ArgumentException(step, nameof(what)),
            };
            action(writer);
        }
    }

    private static void Commit(AlopexWriter writer, int count)
    {
        for (; count > 0; count--)
        {
            writer.Commit(800); // of one size all, so that old and new entries could be taken for one log
        }
    }
}
