using BackupTools.Chains;
using BackupTools.Reports;

namespace BackupTools.Operations;

/// <summary>Takes what changed since a bundle of the chain at the destination.</summary>
public static class TakeIncrementalBackup
{
    /// <summary>Finds out what the backup would do; writes nothing.</summary>
    /// <exception cref="Errors.BackupException">
    /// The increment cannot be taken: NoFullBackup, ForeignEpoch, SinceBeyondLog, LogIsGone and others.
    /// </exception>
    public static BackupPlan Plan(BackupSettings settings, OperationHost host) =>
        BackupRun.Plan(settings, BundleKind.Incremental, host);

    /// <summary>Takes the backup; it appears under its final name complete and flushed, or not at all.</summary>
    /// <exception cref="Errors.BackupException">The backup was not taken; nothing is left behind.</exception>
    public static BundleInfo Execute(BackupPlan plan, OperationHost host) => ExecuteAll(plan, host)[0];

    /// <summary>
    /// The same, with every bundle that it made, the one that was asked for first: a Grafeo full of an open database
    /// comes with an increment of what only the log holds.
    /// </summary>
    /// <exception cref="Errors.BackupException">The backup was not taken; nothing is left behind.</exception>
    public static IReadOnlyList<BundleInfo> ExecuteAll(BackupPlan plan, OperationHost host) =>
        BackupRun.Execute(plan, host);
}
