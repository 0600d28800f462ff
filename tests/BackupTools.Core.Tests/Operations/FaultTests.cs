using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Tests.Files;

namespace BackupTools.Tests.Operations;

/// <summary>
/// Every operation of every engine with a fault at each of its steps: afterwards the destination is as it was or as it
/// should be, the source is untouched, and the next run works and sweeps what was left. Of many steps only some are tried
/// each time, and each in a long run.
/// </summary>
public sealed class FaultTests(ITestOutputHelper output)
{
    private const int EverydaySteps = 6;

    private static readonly string[] OfAll =
    [
        "full",
        "increment",
        "restore",
        "forced restore",
        "merge",
        "copy",
        "expire",
        "expire all",
    ];
    private static readonly string[] OfFolders =
    [
        "restore into a mount",
        "forced restore into a mount",
        "forced restore among strangers",
    ];

    /// <summary>What may be done again without making another bundle.</summary>
    private static readonly string[] Repeatable =
    [
        "forced restore",
        "forced restore into a mount",
        "forced restore among strangers",
        "copy",
        "expire",
        "expire all",
    ];

    public static TheoryData<string, string> Operations
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var engine in EngineSandbox.All)
            {
                var isFolder = engine is EngineNames.PowDb or EngineNames.Alopex;
                foreach (var operation in (string[])[.. OfAll, .. isFolder && Posix.IsUnix ? OfFolders : []])
                {
                    data.Add(engine, operation);
                }
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Operations))]
    public void A_disk_that_is_full_at_any_step_leaves_nothing_behind(string engine, string operation) =>
        ForEveryStep(
            engine,
            operation,
            (box, step) => new FaultyDisk(DiskOf(operation, box)) { FailAt = step },
            (box, disk, before, after) =>
            {
                var error = Record.Exception(() => Run(operation, box, disk));
                Assert.True(error is null or BackupException { Code: ErrorCode.DiskFull }, $"{error}");
                var now = Look(box);
                Assert.Contains(now, error is null ? [after] : new[] { before, after });
                Assert.Empty(box.Lies());
                return now;
            }
        );

    [Theory]
    [MemberData(nameof(Operations))]
    public void A_process_killed_at_any_step_leaves_the_old_or_the_new_state_once_the_next_run_has_swept(
        string engine,
        string operation
    ) =>
        ForEveryStep(
            engine,
            operation,
            (box, step) => new FaultyDisk(DiskOf(operation, box)) { KillAt = step },
            (box, disk, before, after) =>
            {
                Assert.Throws<KilledException>(() => Run(operation, box, disk));
                var now = Look(box);
                // Bundles that come or go together do so only when the next run has looked; each of them is whole.
                Assert.All(Lines(now), bundle => Assert.Contains(bundle, Lines(before).Concat(Lines(after))));
                Assert.Empty(box.Traps());
                RunAgain(operation, box, after);
                return now;
            }
        );

    [Theory]
    [MemberData(nameof(Operations))]
    public void A_power_cut_at_any_step_leaves_what_a_sweep_makes_the_old_or_the_new_state(
        string engine,
        string operation
    ) => CutThePower(engine, operation, losesNames: false);

    [Theory]
    [MemberData(nameof(Operations))]
    public void A_power_cut_that_takes_all_unflushed_names_along_does_too(string engine, string operation) =>
        CutThePower(engine, operation, losesNames: true);

    [Theory]
    [MemberData(nameof(Operations))]
    public void What_an_operation_has_reported_as_done_survives_a_power_cut(string engine, string operation)
    {
        using var box = Prepare(engine, operation);
        var disk = new FaultyDisk(DiskOf(operation, box)) { PowerLossIn = box.Folder, LosesNames = true };
        Run(operation, box, disk);
        var done = Look(box);
        disk.CutPower();
        box.Sweep();
        Assert.Equal(done, Look(box));
        Assert.Empty(box.Lies());
    }

    private void CutThePower(string engine, string operation, bool losesNames) =>
        ForEveryStep(
            engine,
            operation,
            (box, step) =>
                new FaultyDisk(DiskOf(operation, box))
                {
                    KillAt = step,
                    PowerLossIn = box.Folder,
                    LosesNames = losesNames,
                },
            (box, disk, before, after) =>
            {
                Assert.Throws<KilledException>(() => Run(operation, box, disk));
                box.Sweep();
                var now = Look(box);
                Assert.Contains(now, new[] { before, after });
                Assert.Empty(box.Lies());
                RunAgain(operation, box, after);
                return now;
            }
        );

    /// <summary>The next run works, gets there, and leaves nothing of the one before.</summary>
    private static void RunAgain(string operation, EngineSandbox box, State after)
    {
        var error = Record.Exception(() => Run(operation, box, DiskOf(operation, box)));
        var now = Look(box);
        // What the killed run had finished is not done twice.
        Assert.True(
            error is null
                || (
                    error
                        is BackupException
                        {
                            Code: ErrorCode.DestinationExists or ErrorCode.NothingToBackUp or ErrorCode.NoBundles
                        }
                    && now == after
                ),
            $"{error}"
        );
        Assert.Equal(after.Restored, now.Restored);
        if (Repeatable.Contains(operation, StringComparer.Ordinal))
        {
            Assert.Equal(after.Bundles, now.Bundles);
        }
        Assert.DoesNotContain("unreadable", now.Bundles, StringComparison.Ordinal);
        Assert.Empty(box.Leftovers());
        Assert.Empty(box.Lies());
    }

    private static string[] Lines(State state) => state.Bundles.Split(", ");

    private sealed record State(string Source, string Bundles, string Restored);

    private static State Look(EngineSandbox box) => new(box.SourceBytes(), box.BundleNames(), box.RestoredBytes());

    private void ForEveryStep(
        string engine,
        string operation,
        Func<EngineSandbox, int, FaultyDisk> faulty,
        Func<EngineSandbox, FaultyDisk, State, State, State> check
    )
    {
        State before;
        State after;
        FaultyDisk counting;
        using (var reference = Prepare(engine, operation))
        {
            counting = new FaultyDisk(DiskOf(operation, reference));
            before = Look(reference);
            Run(operation, reference, counting);
            after = Look(reference);
        }
        Assert.NotEqual(before, after);
        Assert.True(counting.Steps > 5, "there was next to nothing to fail");
        var seen = new Dictionary<string, int>(StringComparer.Ordinal)
        {
            ["old"] = 0,
            ["new"] = 0,
            ["between"] = 0,
        };
        foreach (var step in SoakBudget.Sample(counting.Steps, EverydaySteps).Select(i => i + 1))
        {
            using var box = Prepare(engine, operation);
            var disk = faulty(box, step);
            try
            {
                var now = check(box, disk, before, after);
                seen[
                    now == before ? "old"
                    : now == after ? "new"
                    : "between"
                ]++;
                Assert.Equal(before.Source, box.SourceBytes());
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"step {step}: {e.Message}\n{string.Join('\n', disk.Log)}", e);
            }
        }
        output.WriteLine(
            $"{engine} {operation}: {seen.Values.Sum()} of {counting.Steps} points tried; old state {seen["old"]}, new {seen["new"]}, "
                + $"between the two until swept {seen["between"]}"
        );
    }

    private static IDisk DiskOf(string operation, EngineSandbox box) =>
        operation.EndsWith("mount", StringComparison.Ordinal) ? new MountedDisk(box.Restored) : LocalDisk.Instance;

    private static EngineSandbox Prepare(string engine, string operation)
    {
        var box = EngineSandbox.Of(engine);
        box.Become(operation == "full" ? "S1" : "S0");
        if (operation == "full")
        {
            return box;
        }
        var full = box.Full();
        if (operation == "copy")
        {
            box.Copy();
        }
        box.Become("S1");
        if (operation == "increment")
        {
            return box;
        }
        box.Increment();
        if (operation == "restore into a mount")
        {
            Directory.CreateDirectory(box.Restored);
        }
        if (operation.StartsWith("forced restore", StringComparison.Ordinal))
        {
            box.Restore(box.RestoreTo(box.Restored) with { ToPosition = full.EndPosition });
        }
        if (operation == "forced restore among strangers")
        {
            RestoreInPlaceTests.AddStrangers(box.Restored);
        }
        if (operation == "expire")
        {
            box.Full();
        }
        return box;
    }

    private static void Run(string operation, EngineSandbox box, IDisk disk)
    {
        switch (operation)
        {
            case "full":
                box.Full(disk: disk);
                break;
            case "increment":
                box.Increment(disk: disk);
                break;
            case "merge":
                box.Merge(disk: disk);
                break;
            case "expire all":
                box.Expire(
                    new()
                    {
                        Path = box.Bundles,
                        KeepLast = 0,
                        Force = true,
                    },
                    disk
                );
                break;
            case "copy":
                box.Copy(disk: disk);
                break;
            case "expire":
                box.Expire(disk: disk);
                break;
            default:
                box.Restore(box.RestoreTo(box.Restored) with { Force = operation.StartsWith('f') }, disk);
                break;
        }
    }
}
