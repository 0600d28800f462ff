namespace BackupTools.Chains;

/// <summary>
/// What a restore will do: which bundles, in which order, cut where. Dry runs, tests of a chain and restores use the
/// same plan.
/// </summary>
internal sealed record RestorePlan
{
    public required BackupChain Chain { get; init; }

    public required RestoreTarget Target { get; init; }

    /// <summary>The bundles to apply, full first.</summary>
    public required IReadOnlyList<BundleHeader> Bundles { get; init; }

    /// <summary>
    /// Cut the last bundle's log at this position; null to apply it whole. Only for engines that can cut.
    /// </summary>
    public ChainPosition? CutAt { get; init; }

    /// <summary>Cut the log after the last unit committed at or before this instant; null to apply it whole.</summary>
    public DateTimeOffset? CutTime { get; init; }

    /// <summary>Findings that do not stop the restore.</summary>
    public IReadOnlyList<ChainProblem> Warnings { get; init; } = [];

    public BundleHeader Full => Bundles[0];

    /// <summary>The bundle that the cut lies in, or the last one applied.</summary>
    public BundleHeader Last => Bundles[^1];

    /// <summary>The position that will be reached when nothing is cut off.</summary>
    public ChainPosition End => CutAt ?? Last.End;

    /// <summary>Bytes of all bundles that will be read.</summary>
    public long BundleBytes => Bundles.Sum(b => b.Length);
}
