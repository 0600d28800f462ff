using System.Globalization;
using BackupTools.Errors;

namespace BackupTools.Chains;

/// <summary>Chain and target to plan: a pure function, shared by dry runs, tests of a chain and restores.</summary>
internal static class RestorePlanner
{
    /// <summary>Plans a restore from one chain.</summary>
    /// <param name="chain">The chain.</param>
    /// <param name="target">What to reach.</param>
    /// <param name="cutsInside">The engine can cut a bundle's log at a position.</param>
    /// <param name="cutsByTime">The engine can cut a bundle's log at a time.</param>
    /// <exception cref="BackupException">NoFullBackup, TargetNotCovered, or the chain's own fault on the way.</exception>
    public static RestorePlan Plan(BackupChain chain, RestoreTarget target, bool cutsInside, bool cutsByTime)
    {
        if (chain.Full is null)
        {
            throw (
                chain.Problems.FirstOrDefault(p => p.Code == ErrorCode.NoFullBackup)
                ?? new ChainProblem(ProblemSeverity.Error, ErrorCode.NoFullBackup, "the chain has no full backup")
            ).ToException();
        }
        return target switch
        {
            RestoreTarget.PositionTarget p => ToPosition(chain, p, cutsInside),
            RestoreTarget.TimeTarget t => ToTime(chain, t, cutsByTime),
            _ => ToLatest(chain, target),
        };
    }

    /// <summary>True when the plan would not fail for lack of cover; what makes one chain of several qualify.</summary>
    public static bool Covers(BackupChain chain, RestoreTarget target) =>
        chain.Full is { } full
        && target switch
        {
            RestoreTarget.PositionTarget p => p.Value
                >= Math.Min(full.Start.Value, Reachable(chain).Min(b => b.End.Value))
                && p.Value <= Reachable(chain).Max(b => b.End.Value),
            RestoreTarget.TimeTarget t => Reachable(chain).Exists(b => b.StateUtc <= t.Instant),
            _ => true,
        };

    private static RestorePlan ToLatest(BackupChain chain, RestoreTarget target)
    {
        var head = chain.Head!;
        // Restoring to just before a gap is not "the newest state": whoever wants that says so with a position.
        var reachable = chain.Reachable();
        if (chain.Bundles.Where((b, i) => !reachable[i] && MayBeNewer(b, head)).FirstOrDefault() is { } newer)
        {
            throw NotReached(chain, newer, $"the newest state that can be restored is position {head.End}", head);
        }
        return PlanTo(chain, target, head);
    }

    /// <summary>Positions may have restarted since; the order in which ours were taken is known.</summary>
    private static bool MayBeNewer(BundleHeader bundle, BundleHeader head) =>
        bundle.OrderUtc > head.OrderUtc || (bundle.End > head.End && !(bundle.TellsOrder && head.TellsOrder));

    private static BackupException NotReached(
        BackupChain chain,
        BundleHeader bundle,
        string instead,
        BundleHeader nearest
    )
    {
        var problem = chain.Problems.FirstOrDefault(p =>
            p.Severity == ProblemSeverity.Error && string.Equals(p.FullName, bundle.FullName, StringComparison.Ordinal)
        );
        return new BackupException(
            problem?.Code ?? ErrorCode.ChainGap,
            $"{problem?.Message ?? $"{bundle.Name} cannot be reached"}; {instead}",
            bundle.FullName,
            recommendation: $"Add the missing bundle, or restore to position {nearest.End} explicitly."
        );
    }

    private static RestorePlan ToPosition(BackupChain chain, RestoreTarget.PositionTarget target, bool cutsInside)
    {
        var position = new ChainPosition(target.Value, chain.Full!.End.Unit);
        var reachable = Reachable(chain);
        // Of several bundles that end exactly there (changes that move no position) the youngest state is meant.
        if (reachable.LastOrDefault(b => b.End == position) is { } exact)
        {
            var plan = PlanTo(chain, target, exact);
            var others = reachable.Count(b => b.End == position && b.Start != b.End);
            return others < 2
                ? plan
                : plan with
                {
                    Warnings =
                    [
                        new ChainProblem(
                            ProblemSeverity.Warning,
                            ErrorCode.TargetNotCovered,
                            $"several bundles end at position {position}; the newest, {exact.Name}, is used",
                            exact.FullName,
                            Recommendation: "Use a point in time to choose another."
                        ),
                    ],
                };
        }
        if (cutsInside && reachable.LastOrDefault(b => b.Start <= position && position < b.End) is { } containing)
        {
            return PlanTo(chain, target, containing) with { CutAt = position };
        }
        var below = reachable.Where(b => b.End < position).MaxBy(b => b.End.Value);
        var above = reachable.Where(b => b.End > position).MinBy(b => b.End.Value);
        // What ends elsewhere is another state, which must not replace the requested one.
        throw cutsInside || below is null || above is null
            ? NotCovered($"position {position}", chain, reachable)
            : new BackupException(
                ErrorCode.TargetNotCovered,
                $"no bundle of chain {chain.ChainId} ends at position {position}; the nearest end at {below.End} and {above.End}",
                chain.Folder,
                recommendation: "Restore to the end of a bundle, or to a time."
            );
    }

    private static RestorePlan ToTime(BackupChain chain, RestoreTarget.TimeTarget target, bool cutsByTime)
    {
        var reachable = Reachable(chain);
        // In the order in which they were taken: the date of a state is not before that of what it builds on.
        var before = reachable.LastOrDefault(b => b.StateUtc <= target.Instant);
        if (before is null)
        {
            throw NotCovered(Iso(target.Instant), chain, reachable);
        }
        var after = reachable.Find(b => b.Kind == BundleKind.Incremental && b.StateUtc > target.Instant);
        if (cutsByTime && after is not null)
        {
            return PlanTo(chain, target, after) with { CutTime = target.Instant };
        }
        var lost = chain.Bundles.FirstOrDefault(b =>
            !reachable.Contains(b) && b.StateUtc <= target.Instant && b.OrderUtc > before.OrderUtc
        );
        if (lost is not null)
        {
            throw NotReached(
                chain,
                lost,
                $"the newest restorable state before {Iso(target.Instant)} is older than that",
                before
            );
        }
        return PlanTo(chain, target, before) with
        {
            // The time of a bundle itself is what people pick from a list: nothing lies between it and what they get.
            Warnings =
                after is null || before.StateUtc == target.Instant
                    ? []
                    :
                    [
                        new ChainProblem(
                            ProblemSeverity.Info,
                            ErrorCode.TargetNotCovered,
                            $"this engine's bundles cannot be cut by time: the state of {before.Name}, taken {Iso(before.StateUtc)}, is restored",
                            before.FullName,
                            Recommendation: "Use a position to reach a state between two bundles, where the engine allows it."
                        ),
                    ],
        };
    }

    /// <summary>The bundles to which the way from the full is whole.</summary>
    public static List<BundleHeader> Reachable(BackupChain chain)
    {
        var reachable = chain.Reachable();
        return chain.Bundles.Where((_, i) => reachable[i]).ToList();
    }

    private static RestorePlan PlanTo(BackupChain chain, RestoreTarget target, BundleHeader tip) =>
        new()
        {
            Chain = chain,
            Target = target,
            Bundles = PathOf(chain, tip),
        };

    /// <summary>The bundles from the full to one that the way is whole to, in order.</summary>
    public static IReadOnlyList<BundleHeader> PathOf(BackupChain chain, BundleHeader tip) =>
        chain.PathTo(chain.Bundles.TakeWhile(b => !ReferenceEquals(b, tip)).Count())!;

    private static BackupException NotCovered(string what, BackupChain chain, List<BundleHeader> reachable) =>
        new(
            ErrorCode.TargetNotCovered,
            $"{what} is not covered by chain {chain.ChainId}, which holds positions "
                + $"{reachable[0].Start}..{reachable.Max(b => b.End.Value)} "
                + $"from {Iso(reachable.Min(b => b.StateUtc))} to {Iso(reachable.Max(b => b.StateUtc))}",
            chain.Folder
        );

    /// <summary>A time as findings have it.</summary>
    public static string Iso(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
