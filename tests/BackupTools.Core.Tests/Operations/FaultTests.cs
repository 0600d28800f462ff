using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Operations;
using BackupTools.Tests.Files;

namespace BackupTools.Tests.Operations;

/// <summary>
/// Every operation with a fault at each of its steps: afterwards the destination is as it was or as it should be, the
/// source is untouched, and the next run works and sweeps what was left.
/// </summary>
public sealed class FaultTests
{
    [Theory]
    [MemberData(nameof(Operations))]
    public void A_disk_that_is_full_at_any_step_leaves_nothing_behind(string operation) =>
        ForEveryStep(
            operation,
            (real, step) => new FaultyDisk(real) { FailAt = step },
            (box, act, before, after, _) =>
            {
                var error = Record.Exception(act);
                Assert.True(error is null or BackupException { Code: ErrorCode.DiskFull }, $"{error}");
                Assert.Contains(Look(box), error is null ? [after] : new[] { before, after });
            }
        );

    [Theory]
    [MemberData(nameof(Operations))]
    public void A_process_killed_at_any_step_leaves_the_old_or_the_new_state_once_the_next_run_has_swept(
        string operation
    ) =>
        ForEveryStep(
            operation,
            (real, step) => new FaultyDisk(real) { KillAt = step },
            (box, act, before, after, again) =>
            {
                Assert.Throws<KilledException>(act);
                if (operation != "expire")
                {
                    // Bundles that go together are back, or gone, only when the next run has looked.
                    Assert.Contains(box.BundleNames(), new[] { before.Bundles, after.Bundles });
                }
                var error = Record.Exception(again);
                // What the killed run had finished is not done twice.
                Assert.True(error is null or BackupException { Code: ErrorCode.DestinationExists }, $"{error}");
                Assert.Equal(after.Restored, Look(box).Restored);
                Assert.Empty(box.Leftovers());
            }
        );

    public static TheoryData<string> Operations =>
        ["full", "increment", "restore", "forced restore", "merge", "expire"];

    private sealed record State(string Source, string Bundles, string Restored);

    private static State Look(SpgSandbox box) => new(box.SourceBytes(), box.BundleNames(), box.RestoredBytes());

    private static void ForEveryStep(
        string operation,
        Func<IDisk, int, FaultyDisk> faulty,
        Action<SpgSandbox, Action, State, State, Action> check
    )
    {
        using var reference = Prepare(operation);
        var before = Look(reference);
        var counting = new FaultyDisk(LocalDisk.Instance);
        Run(operation, reference, counting);
        var after = Look(reference);
        Assert.True(counting.Steps > 5, "there was next to nothing to fail");
        for (var step = 1; step <= counting.Steps; step++)
        {
            using var box = Prepare(operation);
            var disk = faulty(LocalDisk.Instance, step);
            check(box, () => Run(operation, box, disk), before, after, () => Run(operation, box, LocalDisk.Instance));
            Assert.Equal(before.Source, box.SourceBytes());
        }
    }

    private static SpgSandbox Prepare(string operation)
    {
        var box = new SpgSandbox();
        if (operation == "full")
        {
            box.GrowTo("S1");
            return box;
        }
        box.Full();
        box.GrowTo("S1");
        if (operation == "increment")
        {
            return box;
        }
        box.Increment();
        if (operation == "forced restore")
        {
            box.Restore(box.RestoreTo("r", "rec.db") with { ToPosition = 0 });
        }
        if (operation == "expire")
        {
            box.Full();
        }
        return box;
    }

    private static void Run(string operation, SpgSandbox box, IDisk disk)
    {
        var host = new OperationHost { Disk = disk };
        switch (operation)
        {
            case "full":
                TakeFullBackup.Execute(TakeFullBackup.Plan(box.Settings(), host), host);
                break;
            case "increment":
                TakeIncrementalBackup.Execute(TakeIncrementalBackup.Plan(box.Settings(), host), host);
                break;
            case "merge":
                var merge = new MergeSettings { Path = box.Bundles, DestinationPath = box.At("m") };
                MergeChain.Execute(MergeChain.Plan(merge, host), host);
                break;
            case "expire":
                ExpireBackups.Execute(new ExpirySettings { Path = box.Bundles, KeepLast = 1 }, host);
                break;
            default:
                var restore = box.RestoreTo("r", "rec.db") with { Force = operation == "forced restore" };
                RestoreChain.Execute(RestoreChain.Plan(restore, host), host);
                break;
        }
    }
}
