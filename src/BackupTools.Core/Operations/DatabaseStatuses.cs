using BackupTools.Chains;
using BackupTools.Reports;

namespace BackupTools.Operations;

/// <summary>
/// How databases stand, from the headers of their chains and what tests found: a bundle is restorable when its chain
/// reaches it and nothing on the way is damaged.
/// </summary>
internal static class DatabaseStatuses
{
    /// <summary>The databases that the chains of one folder are of.</summary>
    public static IEnumerable<DatabaseStatus> Of(
        IReadOnlyList<BackupChain> chains,
        ReportSettings settings,
        DateTimeOffset now
    )
    {
        foreach (var database in chains.GroupBy(c => (c.Engine, c.Series, c.Folder)))
        {
            var status = database.Select(c => ChainStatusOf(c, settings.Tests)).Reverse().ToArray();
            var restorable = status.SelectMany(c => c.Bundles).Where(b => b.State == BundleStatus.Sound).ToList();
            // A date after now does not tell how old a state is.
            var dated = restorable.Where(b => !ClockOrder.IsAfter(new DateTimeOffset(b.CreatedUtc), now)).ToList();
            var newest = (dated.Count > 0 ? dated : restorable).Max(b => (DateTimeOffset?)b.CreatedUtc);
            var current = database.Zip(status.AsEnumerable().Reverse(), CurrentUntil).Max();
            var age = dated.Count > 0 ? now - (current > newest ? current : newest) : null;
            yield return new DatabaseStatus
            {
                Engine = database.Key.Engine,
                Series = database.Key.Series,
                Database = DatabaseName.Of(database.First().Bundles[0]),
                FullName = database.Key.Folder,
                IsValid = status.All(c => c.IsValid),
                IsLate = settings.RecoveryPointObjective is { } rpo ? age is null || age > rpo : null,
                RestorableUtc = newest?.UtcDateTime,
                CurrentUntilUtc = current?.UtcDateTime,
                AgeSeconds = age is { } a ? Math.Max(0, Math.Round(a.TotalSeconds)) : null,
                LastDrill = database
                    .SelectMany(c => TestsOf(c, settings.Tests))
                    .Where(t => t.Checked == "Drill")
                    .MaxBy(t => t.TestedUtc),
                Length = status.Sum(c => c.Length),
                Chains = status,
            };
        }
    }

    /// <summary>Until when a chain's newest state is known to be current; null where that cannot be restored.</summary>
    private static DateTimeOffset? CurrentUntil(BackupChain chain, ChainStatus status) =>
        chain.CurrentUntilUtc is { } until
        && status.Bundles.Any(b => b.State == BundleStatus.Sound && b.Name == chain.Head!.Name)
            ? until
            : null;

    private static ChainStatus ChainStatusOf(BackupChain chain, IReadOnlyList<ChainReport> tests)
    {
        var known = TestsOf(chain, tests).OrderBy(t => t.TestedUtc).ToList();
        // What went well up to an earlier position takes back nothing that a test of the whole has found.
        var test = known.LastOrDefault(t => t.IsValid == false || !IsPartial(t, chain)) ?? known.LastOrDefault();
        var headers = chain.Problems.ToInfos();
        var problems = headers
            // The same finding may be a warning to whoever lists, and an error to whoever tests.
            .Concat(
                (test?.Problems ?? []).Where(p =>
                    !headers.Any(h => h.Severity == p.Severity && h.Code == p.Code && h.FullName == p.FullName)
                )
            )
            .OrderBy(p => p.Severity != nameof(ProblemSeverity.Error))
            .ToArray();
        var errors = problems.Where(p => p.Severity == nameof(ProblemSeverity.Error)).ToList();
        var reachable = chain.Reachable();
        var states = new string[chain.Bundles.Count];
        for (var i = 0; i < states.Length; i++)
        {
            states[i] =
                !reachable[i] ? BundleStatus.AfterGap
                : errors.Exists(p => Concerns(p, chain.Bundles[i])) ? BundleStatus.Damaged
                : chain.Parents[i] >= 0 && states[chain.Parents[i]] != BundleStatus.Sound ? BundleStatus.Blocked
                : BundleStatus.Sound;
        }
        return new ChainStatus
        {
            ChainId = chain.ChainId,
            IsValid = errors.Count == 0 && test?.IsValid != false,
            LastTest = test,
            IsTestPartial = test is not null && IsPartial(test, chain),
            ListedSinceTest = test is null ? 0 : ListedSince(test, chain),
            Problems = problems,
            Bundles = chain
                .Bundles.Select(
                    (b, i) =>
                        new BundleStatus
                        {
                            Kind = b.Kind.ToString(),
                            State = states[i],
                            CreatedUtc = b.CreatedUtc.UtcDateTime,
                            Length = b.Length,
                            Name = b.Name,
                            EndPosition = b.End.Value,
                        }
                )
                .ToArray(),
        };
    }

    private static IEnumerable<ChainReport> TestsOf(BackupChain chain, IReadOnlyList<ChainReport> tests) =>
        tests.Where(t => t.ChainId == chain.ChainId && t.FullName == chain.Folder);

    /// <summary>
    /// True for a test up to a position or a time that is not the end of the chain as it is now. Positions can stand still, so
    /// that the bundle has to be the newest too.
    /// </summary>
    private static bool IsPartial(ChainReport test, BackupChain chain) =>
        test.Target != TargetSettings.Latest && !(EndsAtHead(test, chain) && test.EndPosition == chain.Head?.End.Value);

    /// <summary>How many bundles come after the last that the test read; all of them where that is no longer there.</summary>
    private static int ListedSince(ChainReport test, BackupChain chain) =>
        EndsAtHead(test, chain)
            ? 0
            : chain.Bundles.Reverse().TakeWhile(b => !test.Plan.Contains(b.FullName, StringComparer.Ordinal)).Count();

    private static bool EndsAtHead(ChainReport test, BackupChain chain) =>
        test.Plan.Count > 0 && test.Plan[^1] == chain.Head?.FullName;

    private static bool Concerns(ProblemInfo problem, BundleHeader bundle) =>
        problem.FullName is { } path
        && (
            path == bundle.FullName
            || (
                path.StartsWith(bundle.FullName, StringComparison.Ordinal)
                && path[bundle.FullName.Length..].IndexOfAny([Path.DirectorySeparatorChar, '/']) == 0
            )
        );
}
