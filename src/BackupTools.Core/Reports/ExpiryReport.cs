namespace BackupTools.Reports;

/// <summary>What a retention run decided, bundle by bundle, and what it freed.</summary>
public sealed class ExpiryReport
{
    /// <summary>The folder.</summary>
    public required string FullName { get; init; }

    /// <summary>True when it only says what would be done.</summary>
    public required bool IsPlan { get; init; }

    /// <summary>How many bundles stay.</summary>
    public required int KeptCount { get; init; }

    /// <summary>How many bundles are removed.</summary>
    public required int RemovedCount { get; init; }

    /// <summary>
    /// Bytes of the bundles that are removed, without those shared through hard links with bundles that stay.
    /// </summary>
    public required long RemovedLength { get; init; }

    /// <summary>Every decision and its reasons, chain by chain, oldest first.</summary>
    public required IReadOnlyList<ExpiryDecisionInfo> Decisions
    {
        get;
        init => field = new FlatList<ExpiryDecisionInfo>(value);
    }

    /// <summary>What is wrong with the chains; of those that are broken nothing was removed. Empty when nothing is.</summary>
    public IReadOnlyList<ProblemInfo> Problems
    {
        get;
        init => field = new FlatList<ProblemInfo>(value);
    } = [];

    /// <summary>How many findings there are.</summary>
    public int ProblemCount => Problems.Count;

    /// <summary>How long it took, in seconds; 0 for a plan.</summary>
    public required double DurationSeconds { get; init; }

    /// <summary>The decisions in lines for people: what is removed, what stays, and why.</summary>
    public IReadOnlyList<string> Describe() =>
        [
            $"{FullName}: {RemovedCount} bundle(s) to remove, {KeptCount} to keep, {RemovedLength} bytes to free",
            .. Decisions.Select(d => $"  {d}"),
        ];
}
