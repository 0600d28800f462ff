using BackupTools.Chains;
using BackupTools.Errors;
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

    /// <summary>The chains whose bundles may be removed.</summary>
    internal IReadOnlyList<BackupChain> Chains { get; }

    /// <summary>What would be reported.</summary>
    public ExpiryReport Report => ToReport(null);

    /// <inheritdoc/>
    public IReadOnlyList<string> Describe() => Report.Describe();

    /// <summary>The same, except what cannot be removed, and what that builds on.</summary>
    /// <param name="retained">Why not, by path.</param>
    internal ExpiryPreview Without(IReadOnlyDictionary<string, BackupException> retained)
    {
        var removals = Plan.Removals.ToHashSet<BundleHeader>(ReferenceEqualityComparer.Instance);
        var stays = new Dictionary<BundleHeader, string>(ReferenceEqualityComparer.Instance);
        foreach (var chain in Chains)
        {
            // Whatever is before one may be what it builds on.
            BundleHeader? after = null;
            foreach (var bundle in chain.Bundles.Reverse().Where(removals.Contains))
            {
                if (retained.TryGetValue(bundle.FullName, out var why))
                {
                    stays[bundle] = why.Message;
                    after = bundle;
                }
                else if (after is not null)
                {
                    stays.TryAdd(bundle, $"needed by {after.Name}");
                }
            }
        }
        var plan = new ExpiryPlan
        {
            Decisions = Plan
                .Decisions.Select(d =>
                    stays.TryGetValue(d.Bundle, out var why) ? d with { Keep = true, Reasons = [why] } : d
                )
                .ToList(),
            Removals = Plan.Removals.Where(b => !stays.ContainsKey(b)).ToList(),
        };
        var told = retained.Values.Select(e => ChainProblem.From(e) with { Severity = ProblemSeverity.Warning });
        return new ExpiryPreview(Settings, plan, Chains, [.. _problems, .. told.ToInfos()]);
    }

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
