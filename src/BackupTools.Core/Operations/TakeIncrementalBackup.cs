using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Reports;

namespace BackupTools.Operations;

/// <summary>Takes what changed since a bundle of the chain at the destination.</summary>
public static class TakeIncrementalBackup
{
    /// <summary>Finds out what the backup would do; writes nothing.</summary>
    /// <exception cref="BackupException">
    /// The increment cannot be taken: NoFullBackup, ForeignEpoch, SinceBeyondLog, LogIsGone and others.
    /// </exception>
    public static BackupPlan Plan(BackupSettings settings, OperationHost host) =>
        BackupRun.Plan(settings, BundleKind.Incremental, host);

    /// <summary>Takes the backup; it appears under its final name complete and flushed, or not at all.</summary>
    /// <exception cref="BackupException">The backup was not taken; nothing is left behind.</exception>
    public static BundleInfo Execute(BackupPlan plan, OperationHost host) =>
        ExecuteAll(plan, host) is [var first, ..]
            ? first
            : throw new BackupException(
                ErrorCode.NothingToBackUp,
                "nothing has changed since the newest bundle",
                plan.Settings.SourcePath
            );

    /// <summary>
    /// The same, with every bundle that it made, the one that was asked for first: a Grafeo full of an open database
    /// comes with an increment of what only the log holds. None where nothing has changed: then the chain says until when
    /// its newest state is known to be current (<see cref="ChainInfo.CurrentUntilUtc"/>).
    /// </summary>
    /// <exception cref="BackupException">The backup was not taken; nothing is left behind.</exception>
    public static IReadOnlyList<BundleInfo> ExecuteAll(BackupPlan plan, OperationHost host) =>
        BackupRun.Execute(plan, host);
}
