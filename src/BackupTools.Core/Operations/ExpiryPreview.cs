using BackupTools.Chains;
using BackupTools.Reports;

namespace BackupTools.Operations;

/// <summary>What a retention run would do, found out without removing anything.</summary>
public sealed class ExpiryPreview : IPlan
{
    private readonly IReadOnlyList<ProblemInfo> _problems;

    internal ExpiryPreview(
        ExpirySettings settings,
        ExpiryPlan plan,
        IReadOnlyList<BackupChain> chains,
        IReadOnlyList<ProblemInfo> problems
    ) => (Settings, Plan, Chains, _problems) = (settings, plan, chains, problems);

    internal ExpirySettings Settings { get; }

    internal ExpiryPlan Plan { get; }

    /// <summary>The chains that may lose bundles.</summary>
    internal IReadOnlyList<BackupChain> Chains { get; }

    /// <summary>What would be reported.</summary>
    public ExpiryReport Report => ToReport(null);

    /// <inheritdoc/>
    public IReadOnlyList<string> Describe() => Report.Describe();

    /// <summary>The report of the run, or of the plan, which took no time.</summary>
    internal ExpiryReport ToReport(double? seconds) =>
        new()
        {
            FullName = Settings.Path,
            IsPlan = seconds is null,
            KeptCount = Plan.Decisions.Count(d => d.Keep),
            RemovedCount = Plan.Removals.Count,
            RemovedLength = Plan.Removals.Sum(b => b.Length - b.SharedBytes),
            Decisions = Plan.Decisions.Select(ToInfo).ToArray(),
            Problems = _problems,
            DurationSeconds = seconds ?? 0,
        };

    private static ExpiryDecisionInfo ToInfo(ExpiryDecision decision) =>
        new()
        {
            Keep = decision.Keep,
            Reasons = decision.Reasons,
            Kind = decision.Bundle.Kind.ToString(),
            ChainId = decision.ChainId,
            CreatedUtc = decision.Bundle.CreatedUtc.UtcDateTime,
            Length = decision.Bundle.Length,
            FullName = decision.Bundle.FullName,
        };
}
