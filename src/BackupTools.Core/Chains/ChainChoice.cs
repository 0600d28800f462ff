namespace BackupTools.Chains;

/// <summary>
/// Which of several chains of one database a target is about. Not the one whose full is the newest: an older chain may
/// have been continued since, at a copy of the folder or by name.
/// </summary>
internal static class ChainChoice
{
    /// <summary>
    /// The chain with the bundle that was taken last, also where that cannot be reached: then a restore to latest must say
    /// so, and not take an older state. Of several that take one place the later chain; null when none has a full.
    /// </summary>
    public static BackupChain? Newest(IEnumerable<BackupChain> chains) =>
        chains.Where(c => c.Full is not null).Reverse().MaxBy(c => c.Bundles.Max(b => b.OrderUtc));

    /// <summary>
    /// The chain to restore from: for latest the newest, for a time the one that comes nearest to it from before, for a
    /// position the last that has it. The newest where none covers the target.
    /// </summary>
    /// <param name="chains">Chains of one database, oldest first; at least one.</param>
    /// <param name="target">What to reach.</param>
    /// <param name="cutsByTime">The engine can cut a bundle's log at a time.</param>
    public static BackupChain For(IReadOnlyList<BackupChain> chains, RestoreTarget target, bool cutsByTime)
    {
        var covering = chains.Where(c => RestorePlanner.Covers(c, target)).Reverse();
        return target switch
            {
                RestoreTarget.TimeTarget { Instant: var time } => covering.MaxBy(c => Nearest(c, time, cutsByTime)),
                RestoreTarget.PositionTarget => covering.FirstOrDefault(),
                _ => Newest(chains),
            }
            ?? Newest(chains)
            ?? chains[^1];
    }

    private static DateTimeOffset Nearest(BackupChain chain, DateTimeOffset time, bool cutsByTime)
    {
        var states = RestorePlanner.Reachable(chain);
        return cutsByTime && states.Exists(b => b.Kind == BundleKind.Incremental && b.StateUtc >= time)
            ? time
            : states.Where(b => b.StateUtc <= time).Max(b => b.StateUtc);
    }
}
