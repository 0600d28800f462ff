namespace BackupTools.Chains;

/// <summary>What happens to one bundle, and why.</summary>
/// <param name="Bundle">The bundle.</param>
/// <param name="ChainId">The chain it is shown in.</param>
/// <param name="Keep">False when it goes.</param>
/// <param name="Reasons">The rules that keep it, what needs it, or that no rule keeps it.</param>
internal sealed record ExpiryDecision(BundleHeader Bundle, string ChainId, bool Keep, IReadOnlyList<string> Reasons);

/// <summary>What a retention run will do.</summary>
internal sealed record ExpiryPlan
{
    /// <summary>Every bundle, chain by chain, oldest first.</summary>
    public required IReadOnlyList<ExpiryDecision> Decisions { get; init; }

    /// <summary>
    /// What goes, every bundle before the one it builds on: stopped at any point, what is left are whole chains.
    /// </summary>
    public required IReadOnlyList<BundleHeader> Removals { get; init; }
}
