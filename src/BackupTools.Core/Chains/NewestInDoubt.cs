namespace BackupTools.Chains;

/// <summary>
/// Finds the restore point that may have been taken after the one that has the last place. That one says that it was
/// taken after others, as its clock had been set back; the engine's own backups say nothing of the kind. So one that is
/// dated between its date and its place was there before, or was made by the engine since.
/// </summary>
internal static class NewestInDoubt
{
    /// <summary>The point with the last place and the one that may be newer; null when none may be.</summary>
    /// <param name="database">The chains of one database.</param>
    /// <param name="now">The clock. A date after it has a warning of its own, and proves nothing here.</param>
    public static (BundleHeader Newest, BundleHeader Rival)? Of(
        IReadOnlyList<BackupChain> database,
        DateTimeOffset? now
    )
    {
        var points = database.SelectMany(RestorePlanner.Reachable).ToList();
        // What has the place of its parent comes after it.
        var newest = points.AsEnumerable().Reverse().MaxBy(b => b.OrderUtc);
        if (newest is null || newest.OrderUtc == newest.PerhapsAtUtc)
        {
            return null;
        }
        var chain = database.First(c => c.Bundles.Contains(newest, ReferenceEqualityComparer.Instance));
        var way = RestorePlanner.PathOf(chain, newest).ToHashSet<BundleHeader>(ReferenceEqualityComparer.Instance);
        // What a record names to the millisecond was there.
        var known = points.Select(b => b.TakenAfterUtc).OfType<DateTimeOffset>().ToHashSet();
        var rival = points
            .Where(b =>
                b is { TakenAfterUtc: null, TellsOrder: false }
                && b.PerhapsAtUtc > newest.PerhapsAtUtc
                && !(now is { } n && ClockOrder.IsAfter(b.CreatedUtc, n))
                && !known.Contains(ClockOrder.RoundUp(b.OrderUtc))
                && !way.Contains(b)
            )
            .MaxBy(b => b.CreatedUtc);
        return rival is null ? null : (newest, rival);
    }
}
