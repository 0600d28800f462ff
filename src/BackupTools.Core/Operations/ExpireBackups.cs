using BackupTools.Chains;
using BackupTools.Engines;
using BackupTools.Files;
using BackupTools.Reports;

namespace BackupTools.Operations;

/// <summary>
/// Removes what no keep rule keeps. Never what a kept bundle builds on, never a bundle of a broken chain or one whose
/// order only a doubtful date could tell, never what is not a bundle, and without force never the newest restore point
/// of a database.
/// </summary>
public static class ExpireBackups
{
    /// <summary>Says what would be removed or kept, and why; removes nothing.</summary>
    /// <exception cref="Errors.BackupException">InvalidOption, PathNotFound, NoBundles, ChainNotFound.</exception>
    public static ExpiryPreview Plan(ExpirySettings settings, OperationHost host)
    {
        var (plan, doubts) = PlanOf(settings, host);
        host.Warn(doubts);
        return plan;
    }

    private static (ExpiryPreview Plan, IEnumerable<ChainProblem> Doubts) PlanOf(
        ExpirySettings settings,
        OperationHost host
    )
    {
        var folder = Read(settings, host);
        var doubts = BundleFolder.ClockDoubts(folder.Chains);
        var needed = NeededByOthers(folder, settings, host);
        var plan = ExpiryPlanner.Plan(folder.Chains, settings.Policy, settings.Force, host.Clock.GetUtcNow(), needed);
        RequireRecipients(plan, settings, host);
        if (settings.ChainIds is not { } ids)
        {
            return (new ExpiryPreview(settings, plan, folder.Chains, ProblemsOf(folder, folder.Chains)), doubts);
        }
        var chains = ids.Select(id => folder.ById(id, settings.Path)).ToList();
        var only = chains.SelectMany(c => c.Bundles).ToHashSet<BundleHeader>(ReferenceEqualityComparer.Instance);
        var ofThese = new ExpiryPlan
        {
            Decisions = plan.Decisions.Where(d => only.Contains(d.Bundle)).ToList(),
            Removals = plan.Removals.Where(only.Contains).ToList(),
        };
        return (new ExpiryPreview(settings, ofThese, chains, ProblemsOf(folder, chains)), doubts);
    }

    /// <summary>
    /// Removes. Stopped at any point, the folder holds either all that was there or only what stays; a run that was
    /// killed is undone by the next. What a store retains stays, with what it builds on, and is a problem of the report
    /// (StoreRetained).
    /// </summary>
    /// <exception cref="Errors.BackupException">BackupRunning, or an error of the disk; nothing was
    /// removed.</exception>
    public static ExpiryReport Execute(ExpiryPreview preview, OperationHost host)
    {
        var started = host.Clock.GetTimestamp();
        var settings = preview.Settings;
        return UnderLock.Execute(
            host,
            settings.Path,
            () => PlanOf(settings, host).Plan,
            (fresh, destination) => Remove(fresh, destination, started, host)
        );
    }

    private static ExpiryReport Remove(
        ExpiryPreview preview,
        IDestination destination,
        long started,
        OperationHost host
    )
    {
        var retained = destination.Retained([.. preview.Plan.Removals.Select(b => b.FullName)]);
        if (retained.Count > 0)
        {
            preview = preview.Without(retained);
            host.Warn(retained.Values.Select(ChainProblem.From).Distinct());
        }
        foreach (var group in preview.Plan.Removals.GroupBy(b => b.Engine))
        {
            var engine = host.Engines.ByName(group.Key);
            using var staging = destination.Stage();
            var bundles = group.ToList();
            var gone = bundles.ToHashSet<BundleHeader>(ReferenceEqualityComparer.Instance);
            var without = preview.Chains.Where(c => c.Head is { } head && gone.Contains(head));
            destination.Publish(
                staging,
                [
                    .. StepsOf(bundles, engine, preview.Settings.Path, staging, host),
                    .. Signatures.RemovalOf(bundles, host),
                    .. without.Select(KnownCurrent.Removal),
                ],
                preview.Settings.Path
            );
            bundles.ForEach(b => host.Verbose?.Invoke($"removed {b.FullName}"));
        }
        return preview.ToReport(host.SecondsSince(started));
    }

    private static IEnumerable<PublishStep> StepsOf(
        List<BundleHeader> bundles,
        IBackupEngine engine,
        string folder,
        StagingArea staging,
        OperationHost host
    )
    {
        if (!BundleRecords.Are(folder, host.Disk))
        {
            return engine.RemovalOf(bundles, staging, host.Context);
        }
        var records = bundles.Select(b => BundleRecords.RemovalOf(b, folder));
        if (BundleRecord.Behind(bundles[0]) is not null)
        {
            return [.. BundleRecords.RemovalOf(bundles, engine, folder, host.Encrypted.Outer), .. records];
        }
        var continued = EncryptedCopies.Continue(folder, host);
        var steps = engine.RemovalOf(bundles, staging, host.Context);
        return [.. steps, .. continued.Renamed(steps, staging), .. records];
    }

    /// <summary>
    /// What bundles that are encrypted for other keys, or that nothing is known of, build on, as the records say. What has no
    /// record may build on any bundle of its database.
    /// </summary>
    private static HashSet<string> NeededByOthers(BundleFolder folder, ExpirySettings settings, OperationHost host)
    {
        var needed = new HashSet<string>(StringComparer.Ordinal);
        var others = folder.Unreadable.Where(BundleFolder.IsSealed).ToList();
        if (others.Count == 0)
        {
            return needed;
        }
        var recorded = host
            .Engines.Candidates(settings.Engine)
            .SelectMany(e => BundleFolder.Recorded(settings.Path, e, host.Context, null)?.Chains ?? [])
            .ToList();
        foreach (var other in others)
        {
            bool IsOther(BundleHeader b) => b.FullName == other.FullName;
            var chains = recorded.Where(c => c.Bundles.Any(IsOther)).ToList();
            var path = chains.SelectMany(c => c.PathTo(c.Bundles.ToList().FindIndex(IsOther)) ?? []);
            var any = folder.Chains.Where(c => other.MayBeOf(c.Series)).SelectMany(c => c.Bundles);
            needed.UnionWith((chains.Count > 0 ? path : any).Select(b => b.FullName));
        }
        return needed;
    }

    /// <summary>A list that has to change is encrypted again: for whom must be known before anything is promised.</summary>
    private static void RequireRecipients(ExpiryPlan plan, ExpirySettings settings, OperationHost host)
    {
        if (
            plan.Removals is [var first, ..]
            && BundleRecord.Behind(first) is null
            && BundleRecords.Are(settings.Path, host.Disk)
        )
        {
            EncryptedCopies.Continue(settings.Path, host);
        }
    }

    private static BundleFolder Read(ExpirySettings settings, OperationHost host)
    {
        host.Remember();
        settings.Policy.Validate();
        host.Opens(settings.Path);
        var folder = BundleFolder.ReadPublic(settings.Path, host.Engines.Candidates(settings.Engine), host);
        if (folder.Chains.SelectMany(c => c.Bundles).Any(b => b.FullName == settings.Path))
        {
            throw new Errors.BackupException(
                Errors.ErrorCode.InvalidOption,
                "this is a bundle, not a folder of bundles",
                settings.Path,
                recommendation: "Give the folder it is in."
            );
        }
        // Bundles that a killed run was about to remove come back when the folder is swept; a plan writes nothing.
        return
            folder.Chains.Count > 0 || folder.Unreadable.Count > 0 || StagingArea.HasLeftovers(host.Disk, settings.Path)
            ? folder
            : throw BundleFolder.NoBundles(settings.Path);
    }

    private static IReadOnlyList<ProblemInfo> ProblemsOf(BundleFolder folder, IReadOnlyList<BackupChain> chains) =>
        chains
            .SelectMany(c => c.Problems)
            .Concat(folder.Chains.Count == 0 ? folder.Unreadable.Select(u => ChainProblem.From(u.Error!)) : [])
            .Where(p => p.Severity == ProblemSeverity.Error)
            .Distinct()
            .ToInfos();
}
