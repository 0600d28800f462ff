using System.Security.Cryptography;
using System.Text;
using BackupTools.Chains;
using BackupTools.Engines;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Files.Stores;
using BackupTools.Reports;

namespace BackupTools.Operations;

/// <summary>Rebuilds a database from a chain.</summary>
public static partial class RestoreChain
{
    /// <summary>Bytes of a name that leave space for the rest of a lock's name in 255.</summary>
    private const int LongestLocked = 230;

    private static string GiveKey => $"Give its key too with {Spelling.Of("IdentityPath")}";

    /// <summary>Finds out what the restore would do; writes nothing.</summary>
    /// <exception cref="BackupException">
    /// The restore cannot be done: the chain is broken, the target is not covered, the destination is occupied.
    /// </exception>
    public static RestorePreview Plan(RestoreSettings settings, OperationHost host)
    {
        host.Remember();
        var (plan, engine) = PlanOf(settings, host);
        if (settings.WalPath is not null)
        {
            TakeBackup.RefuseForeign([nameof(settings.WalPath)], engine, settings.Path);
        }
        foreach (var bundle in plan.Bundles)
        {
            StoreDisk.RefuseArchived(bundle.FullName, host.Disk);
        }
        settings = settings with
        {
            DestinationPath = RestoreDestination.Of(settings.DestinationPath, plan, engine, host.Context),
        };
        var destination = RealPath.Follow(settings.DestinationPath, host.Disk);
        var request = new RestoreRequest
        {
            Plan = plan,
            DestinationPath = destination,
            WalPath = settings.WalPath is { } wal ? RealPath.Follow(wal, host.Disk) : null,
            SourcePath = settings.SourcePath,
            Deep = settings.Deep,
            EntryByEntry = host.Disk.IsMountPoint(destination),
        };
        // What is there may be half of what a killed run was about to place. A sweep of the folder undoes that, and the
        // destination is checked again; a plan writes nothing.
        return Look(settings, engine, request, !StagingArea.HasLeftovers(host.Disk, FolderOf(request)), host);
    }

    /// <summary>Restores. The result is verified before it appears; on failure the destination is unchanged.</summary>
    /// <exception cref="BackupException">The restore was not done; nothing is left behind.</exception>
    public static RestoreReport Execute(RestorePreview preview, OperationHost host)
    {
        var started = host.Clock.GetTimestamp();
        var planned = preview.Request;
        var isTold = false;
        try
        {
            return Attempt(planned);
        }
        catch (BackupException e)
            when ((DiskErrors.IsAcrossMounts(e) || IsDeniedBeside(planned, e)) && CanStay(planned, host.Disk))
        {
            host.Context.Verbose($"{planned.DestinationPath} cannot be swapped as a whole ({e.Message})");
            return Attempt(planned with { EntryByEntry = true });
        }

        // Destination and steps were planned; what goes there is checked again.
        RestoreReport Attempt(RestoreRequest request) =>
            UnderLock.Execute(
                host,
                FolderOf(request),
                () =>
                {
                    var (plan, engine) = PlanOf(preview.Settings, host);
                    return Look(preview.Settings, engine, request with { Plan = plan }, refuse: true, host);
                },
                (fresh, _) =>
                {
                    host.Warn(isTold ? [] : fresh.Request.Plan.Warnings);
                    isTold = true;
                    return Restore(fresh, started, host);
                },
                request.EntryByEntry ? null : LockNameOf(Path.GetFileName(request.DestinationPath))
            );
    }

    /// <summary>Looks at the destination; refuses what is there and may not be replaced.</summary>
    private static RestorePreview Look(
        RestoreSettings settings,
        IBackupEngine engine,
        RestoreRequest request,
        bool refuse,
        OperationHost host
    )
    {
        var destination = request.DestinationPath;
        if (settings.WalPath is null)
        {
            // The restored database must not be opened with a log that is not its own.
            LinkedDatabase.RefuseLogBesideLink(settings.DestinationPath, destination, engine, host.Disk);
        }
        PathOverlap.Refuse(settings.Path, destination, host.Disk, engine.Capabilities.OwnBundleFolder);
        PathOverlap.RefuseBeside(destination, engine, settings.Path, host.Disk);
        var occupied = engine.OccupiedBy(request, host.Context);
        if (refuse)
        {
            RefuseOccupied(settings, engine, request, occupied, host.Context);
        }
        var kept = engine.KeptBy(request, host.Context);
        return new RestorePreview(settings, engine, request, [.. occupied.Except(kept, StringComparer.Ordinal)], kept);
    }

    /// <summary>Restores into staging and from there to the destination; on failure nothing is changed.</summary>
    private static RestoreReport Restore(RestorePreview preview, long started, OperationHost host)
    {
        var context = host.Context;
        var settings = preview.Settings;
        var request = preview.Request;
        using var staging = StagingArea.Create(host.Disk, FolderOf(request), host.Clock, host.Warning);
        Signatures.RequireBytes(request.Plan.Bundles, host);
        context.Verbose($"restoring {request.Plan.Bundles.Count} bundle(s) to {request.DestinationPath}");
        var result = preview.EngineOf.Restore(request, staging, context);
        host.Cancellation.ThrowIfCancellationRequested();
        foreach (var path in preview.Keeps)
        {
            context.Verbose($"{path} is not part of the database and stays");
        }
        new AccessHandover(host.Disk, staging).Apply(
            result.Steps,
            request.EntryByEntry ? request.DestinationPath : null,
            context.Warn
        );
        staging.Publish(result.Steps, host.Cancellation);
        var seconds = host.SecondsSince(started);
        context.Verbose($"restored {result.Length} bytes up to position {result.End} in {seconds} s");
        return new RestoreReport
        {
            Engine = preview.Engine,
            ChainId = preview.ChainId,
            Target = settings.TargetText,
            EndPosition = result.End.Value,
            PositionUnit = result.End.Unit.ToString(),
            StateUtc = request.Plan.Last.CreatedUtc.UtcDateTime,
            FullName = settings.DestinationPath,
            Files = result.Files,
            Bundles = preview.Bundles,
            Length = result.Length,
            Tables = result.Tables?.Select(ToInfo).ToArray(),
            Problems = preview.Problems,
            DurationSeconds = seconds,
        };
    }

    private static TableInfo ToInfo(TableRows table) =>
        new()
        {
            Name = table.Name,
            Rows = table.Rows,
            SourceRows = table.SourceRows,
        };

    /// <summary>Where a restore works: beside what it makes, so on the same file system.</summary>
    private static string FolderOf(RestoreRequest request) =>
        (request.EntryByEntry ? null : Path.GetDirectoryName(request.DestinationPath)) ?? request.DestinationPath;

    /// <summary>Named like the database, unless the name would then be longer than file systems allow.</summary>
    private static string LockNameOf(string database)
    {
        var name = Encoding.UTF8.GetBytes(database);
        var shown = name.Length <= LongestLocked ? database : Convert.ToHexStringLower(SHA256.HashData(name))[..16];
        return $".{shown}.backuptools.lock";
    }

    /// <summary>A service's data folder is its own, the folder that it is in is often root's.</summary>
    private static bool IsDeniedBeside(RestoreRequest request, BackupException e) =>
        e.Code == ErrorCode.AccessDenied
        && e.FullName is { } path
        && (path == FolderOf(request) || Path.GetDirectoryName(path) == FolderOf(request));

    private static bool CanStay(RestoreRequest request, IDisk disk) =>
        !request.EntryByEntry && disk.Stat(request.DestinationPath) is { Kind: DiskEntryKind.Directory };

    /// <summary>The bundles up to the target, and their engine: what a restore and a merge have in common.</summary>
    internal static (RestorePlan Plan, IBackupEngine Engine) PlanOf(TargetSettings settings, OperationHost host)
    {
        settings = settings with { Path = host.Opens(settings.Path) };
        var folder = BundleFolder.Read(
            settings.Path,
            host.Engines.Candidates(settings.Engine),
            host.Context,
            settings.Bundles
        );
        var named = NamedChain.Of(
            folder.Choose(settings.Path, settings.ChainId, settings.Target, host.Engines),
            folder,
            settings,
            host
        );
        var chain = named.Chain;
        if (settings.Target == RestoreTarget.Latest)
        {
            var unreadable = folder with { Unreadable = [.. folder.Unreadable.Except(named.Elsewhere)] };
            RefuseUnreadable(unreadable, chain, isNamed: settings.ChainId is not null);
        }
        settings.RequireEnd(chain);
        var engine = host.Engines.ByName(chain.Engine);
        var ofDatabase = folder.OfDatabase(chain);
        var plan = PlanOf(chain, settings.Target, engine, ofDatabase, host);
        if (settings.ChainId is null)
        {
            RefuseLost(folder, plan);
        }
        // Which chain is the newest, and which state is of a time, may rest on these dates.
        var doubts = BundleFolder.ClockDoubts(ofDatabase).Concat(named.Warnings);
        return (plan with { Warnings = [.. plan.Warnings, .. doubts] }, engine);
    }

    /// <summary>The bundles of a chain up to the target, for tests and restores.</summary>
    internal static RestorePlan PlanOf(
        BackupChain chain,
        RestoreTarget target,
        IBackupEngine engine,
        IReadOnlyList<BackupChain> ofDatabase,
        OperationHost host
    )
    {
        TimeTargets.RefuseFuture(target, ofDatabase, host.Clock.GetUtcNow());
        var can = engine.Capabilities;
        try
        {
            var plan = RestorePlanner.Plan(chain, target, can.CutsInsideBundle, can.CutsByTime);
            return plan with { Warnings = [.. plan.Warnings, .. TimeTargets.Warnings(plan, ofDatabase)] };
        }
        catch (BackupException e) when (e.Code == ErrorCode.TargetNotCovered && LostOf(ofDatabase) is { } lost)
        {
            throw new BackupException(
                e.Code,
                $"{e.Message}; {Path.GetFileName(lost.FullName)} cannot be used: {lost.Message}",
                lost.FullName,
                recommendation: (
                    lost.Code == ErrorCode.IdentityMismatch ? GiveKey : "Bring back what is damaged or missing"
                ) + ", or choose a target inside the chain.",
                inner: e
            );
        }
    }

    /// <summary>
    /// First what may hold a target that nothing else does; what is damaged before what only builds on it.
    /// </summary>
    private static ChainProblem? LostOf(IReadOnlyList<BackupChain> chains)
    {
        var bundles = chains.SelectMany(c => c.Bundles).Select(b => b.FullName).ToHashSet(StringComparer.Ordinal);
        var usable = chains
            .SelectMany(RestorePlanner.Reachable)
            .Select(b => b.FullName)
            .ToHashSet(StringComparer.Ordinal);
        return chains
            .SelectMany(c => c.Problems)
            .Where(p => p is { Severity: ProblemSeverity.Error, FullName: { } name } && !usable.Contains(name))
            .MinBy(p => bundles.Contains(p.FullName!));
    }
}
