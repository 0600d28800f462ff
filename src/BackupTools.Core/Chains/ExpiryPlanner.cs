using System.Globalization;

namespace BackupTools.Chains;

/// <summary>Chains and rules to plan: a pure function.</summary>
/// <remarks>
/// Rules are applied to each database (engine and series, and what else <see cref="DatabaseGroups"/> can tell) by itself. Of several restore points in one period the newest
/// is kept; of several of the same instant the one that its chain reaches last. What a kept point builds on is kept.
/// Bundles that no chain reaches are left alone: the missing link may come back, and nobody asked to judge them.
/// </remarks>
internal static class ExpiryPlanner
{
    private const string NoRule = "no rule keeps it";

    /// <summary>Plans a run over all chains of a folder.</summary>
    /// <param name="chains">The chains, as ChainBuilder returns them.</param>
    /// <param name="policy">The rules.</param>
    /// <param name="mayRemoveLast">The newest restore point of a database may go too.</param>
    /// <exception cref="Errors.BackupException">InvalidOption: the policy has no rule.</exception>
    public static ExpiryPlan Plan(IReadOnlyList<BackupChain> chains, RetentionPolicy policy, bool mayRemoveLast)
    {
        policy.Validate();
        var reasons = new Dictionary<BundleHeader, List<string>>(ReferenceEqualityComparer.Instance);
        var parents = new Dictionary<BundleHeader, BundleHeader?>(ReferenceEqualityComparer.Instance);
        foreach (var chain in chains)
        {
            for (var i = 0; i < chain.Bundles.Count; i++)
            {
                parents[chain.Bundles[i]] = chain.Parents[i] >= 0 ? chain.Bundles[chain.Parents[i]] : null;
            }
        }
        foreach (var database in DatabaseGroups.Of(chains))
        {
            var points = database.SelectMany(RestorePoints).OrderByDescending(b => b.CreatedUtc).ToList();
            if (points.Count == 0)
            {
                continue;
            }
            ApplyRules(points, policy, reasons);
            if (!mayRemoveLast && !reasons.ContainsKey(points[0]))
            {
                Add(reasons, points[0], "newest restore point");
            }
        }
        KeepWhatIsNeeded(parents, reasons);

        var decisions = new List<ExpiryDecision>();
        foreach (var chain in chains)
        {
            var reachable = chain.Reachable();
            for (var i = 0; i < chain.Bundles.Count; i++)
            {
                var bundle = chain.Bundles[i];
                decisions.Add(
                    reasons.TryGetValue(bundle, out var why) ? new ExpiryDecision(bundle, chain.ChainId, true, why)
                    : reachable[i] ? new ExpiryDecision(bundle, chain.ChainId, false, [NoRule])
                    : new ExpiryDecision(bundle, chain.ChainId, true, ["its chain is broken: not judged"])
                );
            }
        }
        return new ExpiryPlan
        {
            Decisions = decisions,
            // Within a chain every bundle comes after its parent, so backwards is leaves first.
            Removals = decisions.Where(d => !d.Keep).Select(d => d.Bundle).Reverse().ToList(),
        };
    }

    /// <summary>Newest last, so that a stable sort by falling time puts the later of equal instants first.</summary>
    private static IEnumerable<BundleHeader> RestorePoints(BackupChain chain)
    {
        var reachable = chain.Reachable();
        return chain.Bundles.Where((_, i) => reachable[i]).Reverse();
    }

    private static void ApplyRules(
        List<BundleHeader> points,
        RetentionPolicy policy,
        Dictionary<BundleHeader, List<string>> reasons
    )
    {
        foreach (var (point, rank) in points.Take(policy.Last ?? 0).Select((p, i) => (p, i + 1)))
        {
            Add(reasons, point, $"last {rank}");
        }
        if (policy.Within is { } within)
        {
            foreach (var point in points.Where(p => points[0].CreatedUtc - p.CreatedUtc <= within))
            {
                Add(reasons, point, "within");
            }
        }
        ApplyPeriod(points, policy.Daily, "daily", "yyyy-MM-dd", reasons);
        ApplyWeeks(points, policy.Weekly, reasons);
        ApplyPeriod(points, policy.Monthly, "monthly", "yyyy-MM", reasons);
        ApplyPeriod(points, policy.Yearly, "yearly", "yyyy", reasons);
    }

    private static void ApplyPeriod(
        List<BundleHeader> points,
        int? count,
        string rule,
        string format,
        Dictionary<BundleHeader, List<string>> reasons
    ) => Apply(points, count, rule, t => t.ToString(format, CultureInfo.InvariantCulture), reasons);

    private static void ApplyWeeks(
        List<BundleHeader> points,
        int? count,
        Dictionary<BundleHeader, List<string>> reasons
    ) => Apply(points, count, "weekly", t => $"{ISOWeek.GetYear(t)}-W{ISOWeek.GetWeekOfYear(t):00}", reasons);

    private static void Apply(
        List<BundleHeader> points,
        int? count,
        string rule,
        Func<DateTime, string> periodOf,
        Dictionary<BundleHeader, List<string>> reasons
    )
    {
        var left = count ?? 0;
        string? last = null;
        foreach (var point in points)
        {
            if (left == 0)
            {
                return;
            }
            var period = periodOf(point.CreatedUtc.UtcDateTime);
            if (period != last)
            {
                Add(reasons, point, $"{rule} {period}");
                last = period;
                left--;
            }
        }
    }

    private static void KeepWhatIsNeeded(
        Dictionary<BundleHeader, BundleHeader?> parents,
        Dictionary<BundleHeader, List<string>> reasons
    )
    {
        foreach (var kept in reasons.Keys.ToList())
        {
            for (var need = parents[kept]; need is not null; need = parents[need])
            {
                if (
                    reasons.TryGetValue(need, out var known) && known[^1].StartsWith("needed", StringComparison.Ordinal)
                )
                {
                    // Everything below it was marked when it was.
                    break;
                }
                Add(reasons, need, $"needed by {kept.Name}");
            }
        }
    }

    private static void Add(Dictionary<BundleHeader, List<string>> reasons, BundleHeader bundle, string reason)
    {
        if (!reasons.TryGetValue(bundle, out var list))
        {
            reasons[bundle] = list = [];
        }
        list.Add(reason);
    }
}
