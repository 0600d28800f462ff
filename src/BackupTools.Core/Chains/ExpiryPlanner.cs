using System.Globalization;
using System.Runtime.InteropServices;

namespace BackupTools.Chains;

/// <summary>Chains and rules to plan: a pure function.</summary>
/// <remarks>
/// Rules are applied to each database (engine and series, and what else <see cref="DatabaseGroups"/> can tell) by itself,
/// to its restore points in the order in which they were taken. Of several in one period the newest is kept. What a kept
/// point builds on is kept.
/// Bundles that no chain reaches are left alone: the missing link may come back, and nobody asked to judge them.
/// A point whose date is in doubt is left alone too, and takes no other's place. Where dates contradict each other a point
/// stays when a rule keeps it by any of the datings that they allow (<see cref="CountedDates"/>).
/// </remarks>
internal static class ExpiryPlanner
{
    private const string NoRule = "no rule keeps it";
    private const string Doubtful = "its date is in doubt: not judged";
    private const string PerhapsNewest = "may be the newest restore point";
    private const string NoDate = "dated after now";
    private const string OthersNeed = "a bundle that cannot be read builds on it, or may";

    /// <summary>Plans a run over all chains of a folder.</summary>
    /// <param name="chains">The chains, as ChainBuilder returns them.</param>
    /// <param name="policy">The rules.</param>
    /// <param name="mayRemoveLast">The newest restore point of a database may go too.</param>
    /// <param name="now">The clock.</param>
    /// <param name="needed">Full names of bundles that others, which cannot be read, build on; null for none.</param>
    /// <exception cref="Errors.BackupException">InvalidOption: the policy has no rule.</exception>
    public static ExpiryPlan Plan(
        IReadOnlyList<BackupChain> chains,
        RetentionPolicy policy,
        bool mayRemoveLast,
        DateTimeOffset now,
        IReadOnlySet<string>? needed = null
    )
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
            Judge(database, policy, mayRemoveLast, now, reasons);
        }
        foreach (var bundle in chains.SelectMany(c => c.Bundles).Where(b => needed?.Contains(b.FullName) == true))
        {
            Add(reasons, bundle, OthersNeed);
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

    /// <summary>Says why points of one database are kept.</summary>
    private static void Judge(
        IReadOnlyList<BackupChain> database,
        RetentionPolicy policy,
        bool mayRemoveLast,
        DateTimeOffset now,
        Dictionary<BundleHeader, List<string>> reasons
    )
    {
        var doubtful = DoubtfulDates.Of(database, now);
        foreach (var point in doubtful)
        {
            Add(reasons, point, Doubtful);
        }
        if (NewestInDoubt.Of(database, now) is { } doubt)
        {
            Add(reasons, doubt.Rival, PerhapsNewest);
        }
        // What is in doubt is judged by no rule; its date still counts for the others.
        var datings = CountedDates
            .Of(database.SelectMany(RestorePlanner.Reachable), now)
            .Select(dating => dating.Where(p => !doubtful.Contains(p.Bundle)).ToList())
            .ToList();
        var points = datings[0];
        if (points.Count == 0)
        {
            return;
        }
        foreach (var (point, rank) in points.Take(policy.Last ?? 0).Select((p, i) => (p.Bundle, i + 1)))
        {
            Add(reasons, point, $"last {rank}");
        }
        foreach (var dating in datings)
        {
            ApplyRules(dating, policy, reasons);
        }
        if (!mayRemoveLast && !reasons.ContainsKey(points[0].Bundle))
        {
            Add(reasons, points[0].Bundle, "newest restore point");
        }
    }

    private static void ApplyRules(
        List<(BundleHeader Bundle, DateTimeOffset? Date)> points,
        RetentionPolicy policy,
        Dictionary<BundleHeader, List<string>> reasons
    )
    {
        if (policy is not { Within: null, Daily: null, Weekly: null, Monthly: null, Yearly: null })
        {
            foreach (var point in points.Where(p => p.Date is null))
            {
                Add(reasons, point.Bundle, NoDate);
            }
        }
        if (policy.Within is { } within)
        {
            foreach (var point in points.Where(p => points[0].Date - p.Date <= within))
            {
                Add(reasons, point.Bundle, "within");
            }
        }
        Apply(policy.Daily, "daily", t => t.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
        Apply(
            policy.Weekly,
            "weekly",
            t => $"{ISOWeek.GetYear(t.UtcDateTime)}-W{ISOWeek.GetWeekOfYear(t.UtcDateTime):00}"
        );
        Apply(policy.Monthly, "monthly", t => t.ToString("yyyy-MM", CultureInfo.InvariantCulture));
        Apply(policy.Yearly, "yearly", t => t.ToString("yyyy", CultureInfo.InvariantCulture));

        void Apply(int? count, string rule, Func<DateTimeOffset, string> periodOf)
        {
            var left = count ?? 0;
            string? last = null;
            foreach (var (point, date) in points)
            {
                if (left == 0 || date is not { } time)
                {
                    return;
                }
                var period = periodOf(time.ToUniversalTime());
                if (period != last)
                {
                    Add(reasons, point, $"{rule} {period}");
                    last = period;
                    left--;
                }
            }
        }
    }

    private static void KeepWhatIsNeeded(
        Dictionary<BundleHeader, BundleHeader?> parents,
        Dictionary<BundleHeader, List<string>> reasons
    )
    {
        var needed = new HashSet<BundleHeader>(ReferenceEqualityComparer.Instance);
        foreach (var kept in reasons.Keys.ToList())
        {
            // What was marked before was marked with everything below it.
            for (var need = parents[kept]; need is not null && needed.Add(need); need = parents[need])
            {
                Add(reasons, need, $"needed by {kept.Name}");
            }
        }
    }

    private static void Add(Dictionary<BundleHeader, List<string>> reasons, BundleHeader bundle, string reason)
    {
        var list = CollectionsMarshal.GetValueRefOrAddDefault(reasons, bundle, out _) ??= [];
        // The same rule may keep a point by both of two datings.
        if (!list.Contains(reason))
        {
            list.Add(reason);
        }
    }
}
