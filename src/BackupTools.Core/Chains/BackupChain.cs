namespace BackupTools.Chains;

/// <summary>
/// One full and every increment that builds on it, directly or through others, in an order in which each bundle
/// comes after its parent. Where increments are siblings (differentials, forks) the chain is a tree.
/// Increments without any full form a chain whose <see cref="Full"/> is null; nothing can be restored from it.
/// </summary>
internal sealed record BackupChain
{
    /// <summary>
    /// Stable name of the chain: the first 12 hex digits of the full's <see cref="BundleHeader.Id"/>, or of the first
    /// stray's. The same wherever the chain is copied to.
    /// </summary>
    public required string ChainId { get; init; }

    public required string Engine { get; init; }

    /// <summary>The folder in which it was found.</summary>
    public required string Folder { get; init; }

    /// <summary>The full that everything builds on; null for strays.</summary>
    public required BundleHeader? Full { get; init; }

    /// <summary>All bundles, the full first.</summary>
    public required IReadOnlyList<BundleHeader> Bundles { get; init; }

    /// <summary>
    /// Parent of each bundle of <see cref="Bundles"/> by index into it; −1 for the full and for bundles whose parent
    /// is missing.
    /// </summary>
    public required IReadOnlyList<int> Parents { get; init; }

    /// <summary>Gaps, overlaps, forks, duplicates and foreign bundles found while building the chain.</summary>
    public required IReadOnlyList<ChainProblem> Problems { get; init; }

    /// <summary>
    /// Several increments may build on one bundle (differentials). Their positions may fall, as when a table was dropped or
    /// a state restored, so the one taken last is the newest.
    /// </summary>
    public bool HasSiblings { get; init; }

    /// <summary>
    /// Until when the state of <see cref="Head"/> is known to be the database's own, as nothing had changed then; null where
    /// nobody looked since it was taken.
    /// </summary>
    public DateTimeOffset? CurrentUntilUtc { get; init; }

    /// <summary>Which database it is of; null when nothing tells.</summary>
    public string? Series => Bundles[0].Series;

    /// <summary>
    /// The bundles from the full to <paramref name="tip"/> in order of application, or null when the way is broken.
    /// </summary>
    public IReadOnlyList<BundleHeader>? PathTo(int tip)
    {
        var path = new List<BundleHeader>();
        for (var i = tip; i >= 0; i = Parents[i])
        {
            path.Add(Bundles[i]);
        }
        path.Reverse();
        return path[0].Kind == BundleKind.Full ? path : null;
    }

    /// <summary>The same to the bundle of an id; null also where none has it.</summary>
    public IReadOnlyList<BundleHeader>? PathTo(string id)
    {
        var tip = Bundles.ToList().FindLastIndex(b => string.Equals(b.Id, id, StringComparison.Ordinal));
        return tip < 0 ? null : PathTo(tip);
    }

    /// <summary>
    /// The bundle that a next increment builds on: of those that can be restored and that nothing builds on, the one
    /// with the highest end, and of several the one taken last; where siblings are fine (<see cref="HasSiblings"/>) the one
    /// taken last, and of several the one with the highest end. Null when there is no full.
    /// </summary>
    /// <remarks>
    /// A bundle is later than what it builds on, whatever the positions say: those of PowDB can stand still or, in
    /// increments of its own, go down.
    /// </remarks>
    public BundleHeader? Head
    {
        get
        {
            var reachable = Reachable();
            var builtOn = Parents.Where((_, i) => reachable[i]).ToHashSet();
            return Bundles
                .Where((_, i) => reachable[i] && !builtOn.Contains(i))
                .Aggregate((BundleHeader?)null, (best, b) => best is null || IsLater(b, best) ? b : best);
        }
    }

    /// <summary>For each bundle whether the way from the full to it is whole; one pass however long the chain.</summary>
    public bool[] Reachable()
    {
        var reachable = new bool[Bundles.Count];
        for (var i = 0; i < reachable.Length; i++)
        {
            reachable[i] = Parents[i] >= 0 ? reachable[Parents[i]] : Bundles[i].Kind == BundleKind.Full;
        }
        return reachable;
    }

    // Bundles come after their parents, so of two with the same end and place the later in the list is the later one.
    private bool IsLater(BundleHeader candidate, BundleHeader best)
    {
        var byEnd = candidate.End.CompareTo(best.End);
        var byOrder = candidate.OrderUtc.CompareTo(best.OrderUtc);
        var (first, second) = HasSiblings ? (byOrder, byEnd) : (byEnd, byOrder);
        return first > 0 || (first == 0 && second >= 0);
    }
}
