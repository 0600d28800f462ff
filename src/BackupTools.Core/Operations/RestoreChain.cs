using BackupTools.Chains;
using BackupTools.Engines;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Reports;

namespace BackupTools.Operations;

/// <summary>Rebuilds a database from a chain.</summary>
public static class RestoreChain
{
    /// <summary>Finds out what the restore would do; writes nothing.</summary>
    /// <exception cref="BackupException">
    /// The restore cannot be done: the chain is broken, the target is not covered, the destination is taken.
    /// </exception>
    public static RestorePreview Plan(RestoreSettings settings, OperationHost host)
    {
        var context = host.Context;
        var (plan, engine) = PlanOf(settings, host);
        PathOverlap.Refuse(settings.Path, settings.DestinationPath, host.Disk, engine.Capabilities.OwnBundleFolder);
        var request = new RestoreRequest
        {
            Plan = plan,
            DestinationPath = settings.DestinationPath,
            WalPath = settings.WalPath,
            Deep = settings.Deep,
        };
        var occupied = engine.OccupiedBy(request, context);
        // What stands there may be half of what a killed run was about to place. That is put right, and looked at
        // again, when the folder is swept; a plan writes nothing.
        if (!StagingArea.HasLeftovers(host.Disk, Path.GetDirectoryName(settings.DestinationPath)!))
        {
            RefuseOccupied(settings, engine, request, occupied, context);
        }
        return new RestorePreview(settings, engine, request, occupied);
    }

    /// <summary>
    /// Restores. The result is verified before it appears; on failure the destination is as it was.
    /// </summary>
    /// <exception cref="BackupException">The restore was not done; nothing is left behind.</exception>
    public static RestoreReport Execute(RestorePreview preview, OperationHost host)
    {
        var started = host.Clock.GetTimestamp();
        var context = host.Context;
        var settings = preview.Settings;
        var request = preview.Request;
        var parent = Path.GetDirectoryName(settings.DestinationPath)!;
        foreach (var warning in request.Plan.Warnings.Where(w => w.Severity != ProblemSeverity.Info))
        {
            context.Warn(warning.ToString());
        }
        using var destination = DestinationScope.Open(
            host,
            parent,
            $".{Path.GetFileName(settings.DestinationPath)}.backuptools.lock"
        );
        // Someone may have put a database there since the plan was made.
        RefuseOccupied(settings, preview.EngineOf, request, preview.EngineOf.OccupiedBy(request, context), context);
        RestoreResult result;
        using (var staging = StagingArea.Create(host.Disk, parent, host.Clock))
        {
            context.Verbose($"restoring {request.Plan.Bundles.Count} bundle(s) to {settings.DestinationPath}");
            result = preview.EngineOf.Restore(request, staging, context);
            host.Cancellation.ThrowIfCancellationRequested();
            staging.Publish(result.Steps, host.Cancellation);
        }
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
            Problems = preview.Problems,
            DurationSeconds = seconds,
        };
    }

    /// <summary>The bundles that lead to the target, and their engine: what a restore and a merge have in common.</summary>
    internal static (RestorePlan Plan, IBackupEngine Engine) PlanOf(TargetSettings settings, OperationHost host)
    {
        var folder = BundleFolder.Read(settings.Path, host.Engines.Candidates(settings.Engine), host.Context);
        var chain = folder.Choose(settings.Path, settings.ChainId, settings.Target);
        if (settings.Target == RestoreTarget.Latest)
        {
            RefuseUnreadable(folder, chain);
        }
        var engine = host.Engines.ByName(chain.Engine);
        var can = engine.Capabilities;
        var plan = RestorePlanner.Plan(chain, settings.Target, can.CutsInsideBundle, can.CutsByTime);
        // Which chain is the newest, and which state is of a time, may rest on these dates.
        var ofDatabase = folder.Chains.Where(c => (c.Engine, c.Series) == (chain.Engine, chain.Series));
        return (plan with { Warnings = [.. plan.Warnings, .. BundleFolder.ClockDoubts(ofDatabase)] }, engine);
    }

    /// <summary>A bundle that cannot be read may be the newest one: "latest" would then be a lie.</summary>
    private static void RefuseUnreadable(BundleFolder folder, BackupChain chain)
    {
        var bad = folder.Unreadable.FirstOrDefault(u =>
            chain.Problems.Any(p => string.Equals(p.FullName, u.Error!.FullName, StringComparison.Ordinal))
        );
        if (bad?.Error is { } error)
        {
            throw new BackupException(
                error.Code,
                $"a bundle of the folder cannot be read, so the newest state is not known: {error.Message}",
                error.FullName,
                error.Offset,
                error.Expected,
                error.Actual,
                $"Remove or replace the file, or restore to position {chain.Head?.End} explicitly.",
                error
            );
        }
    }

    private static void RefuseOccupied(
        RestoreSettings settings,
        IBackupEngine engine,
        RestoreRequest request,
        IReadOnlyList<string> occupied,
        EngineContext context
    )
    {
        if (occupied.Count == 0)
        {
            return;
        }
        if (!settings.Force)
        {
            throw new BackupException(
                ErrorCode.DestinationExists,
                $"the destination is taken: {string.Join(", ", occupied.Select(Path.GetFileName))}",
                occupied[0]
            );
        }
        if (!engine.MayReplace(request, context))
        {
            throw new BackupException(
                ErrorCode.DestinationNotRecognised,
                $"what is at the destination does not look like a {engine.Name} database and is not replaced",
                occupied[0]
            );
        }
    }
}
