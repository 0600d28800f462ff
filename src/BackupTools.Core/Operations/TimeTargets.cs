using BackupTools.Chains;
using BackupTools.Errors;

namespace BackupTools.Operations;

/// <summary>What a time asks for that no backup can have caught.</summary>
internal static class TimeTargets
{
    /// <summary>Refuses a time that has not come yet: what the database will be then is in no backup.</summary>
    /// <param name="target">What to reach.</param>
    /// <param name="ofDatabase">All chains of the database.</param>
    /// <param name="now">The clock.</param>
    /// <exception cref="BackupException">TargetNotCovered.</exception>
    public static void RefuseFuture(RestoreTarget target, IReadOnlyList<BackupChain> ofDatabase, DateTimeOffset now)
    {
        // A bundle that a fast clock dated can still be asked for by its date.
        if (target is RestoreTarget.TimeTarget { Instant: var time } && time > now && time > Newest(ofDatabase).Until)
        {
            throw new BackupException(
                ErrorCode.TargetNotCovered,
                $"{RestorePlanner.Iso(time)} is later than now",
                ofDatabase[0].Folder,
                recommendation: "Give a time in the past, or leave it out for the newest state."
            );
        }
    }

    /// <summary>Warns if the time is after the newest state: what was committed in between is in no backup.</summary>
    public static IEnumerable<ChainProblem> Warnings(RestorePlan plan, IReadOnlyList<BackupChain> ofDatabase)
    {
        var (path, until) = Newest(ofDatabase);
        if (plan.Target is RestoreTarget.TimeTarget { Instant: var time } && time > until)
        {
            yield return new ChainProblem(
                ProblemSeverity.Warning,
                ErrorCode.TargetNotCovered,
                $"the newest state is from {RestorePlanner.Iso(until)}; what was committed from then until "
                    + $"{RestorePlanner.Iso(time)} is in no backup",
                path,
                Recommendation: "If this is not enough, take a backup of the database as it is now."
            );
        }
    }

    /// <summary>The newest state, and until when it is known to be the database's.</summary>
    private static (string Path, DateTimeOffset Until) Newest(IReadOnlyList<BackupChain> ofDatabase) =>
        ofDatabase
            .SelectMany(c => c.Bundles.Select(b => (b.FullName, Until: b.StateUtc)).Concat(Current(c)))
            .MaxBy(x => x.Until);

    private static IEnumerable<(string FullName, DateTimeOffset Until)> Current(BackupChain chain) =>
        chain.CurrentUntilUtc is { } until ? [(chain.Head!.FullName, until)] : [];
}
