using BackupTools.Chains;
using BackupTools.Engines;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Reports;

namespace BackupTools.Operations;

/// <summary>The order of steps that full and incremental backups share.</summary>
internal static class BackupRun
{
    public static BackupPlan Plan(BackupSettings settings, BundleKind kind, OperationHost host)
    {
        if (kind == BundleKind.Full)
        {
            return PlanAs(settings, kind, host);
        }
        FullInstead.RefuseContradiction(settings);
        try
        {
            return PlanAs(settings, kind, host);
        }
        catch (BackupException refusal) when (FullInstead.Helps(settings, refusal))
        {
            return PlanInstead(settings, refusal, host);
        }
    }

    private static BackupPlan PlanInstead(BackupSettings settings, BackupException refusal, OperationHost host)
    {
        var plan = PlanAs(settings with { Differential = false }, BundleKind.Full, host);
        var warnings = plan.Capture.Warnings.Prepend(FullInstead.Warning(refusal)).ToArray();
        return new BackupPlan(settings, BundleKind.Full, plan.EngineOf, plan.Capture with { Warnings = warnings })
        {
            AskedKind = BundleKind.Incremental,
        };
    }

    private static BackupPlan PlanAs(BackupSettings settings, BundleKind kind, OperationHost host)
    {
        var context = host.Context;
        // A database may be named by a link: its log and the rest lie beside the file that the link leads to.
        var source = RealPath.Follow(settings.SourcePath, host.Disk);
        var engine = host.Engines.OfSource(source, settings.Engine, settings.ToOptions(), context);
        RefuseForeignOptions(settings, engine);
        if (settings.WalPath is null)
        {
            LinkedDatabase.RefuseLogBesideLink(settings.SourcePath, source, engine, host.Disk);
        }
        if (!settings.EngineLayout)
        {
            PathOverlap.Refuse(settings.SourcePath, settings.DestinationPath, host.Disk);
        }
        if (host.Disk.Stat(settings.DestinationPath) is { Kind: DiskEntryKind.File or DiskEntryKind.Special })
        {
            throw new BackupException(
                ErrorCode.DestinationExists,
                "the destination is a file, not a folder",
                settings.DestinationPath,
                recommendation: "Give a folder; it is made when it does not exist."
            );
        }
        var request = new CaptureRequest
        {
            SourcePath = source,
            Name = Path.GetFileName(Path.TrimEndingDirectorySeparator(settings.SourcePath)),
            DestinationFolder = settings.DestinationPath,
            Kind = kind,
            Options = settings.ToOptions(),
        };
        var folder = ReadDestination(settings, kind, engine, host);
        var ofDatabase = OfDatabase(folder.Chains, settings, engine, context).ToList();
        request = request with { Newest = ofDatabase.SelectMany(c => c.Bundles).MaxBy(b => b.OrderUtc) };
        request =
            kind == BundleKind.Incremental
                ? Continue(request, settings, folder, engine, host)
                : request with
                {
                    // A full in the place of an increment says itself what it does not continue.
                    Earlier = settings.FullIfNeeded ? null : ChainChoice.Newest(ofDatabase),
                };
        var plan = engine.PlanCapture(request, context);
        plan = plan with { Warnings = [.. plan.Warnings, .. BundleFolder.ClockDoubts(ofDatabase)] };
        return new BackupPlan(settings, kind, engine, plan);
    }

    /// <summary>
    /// Takes the backup; all bundles that it made, the one that was asked for first. None where nothing has changed.
    /// </summary>
    public static IReadOnlyList<BundleInfo> Execute(BackupPlan plan, OperationHost host)
    {
        var started = host.Clock.GetTimestamp();
        var context = host.Context;
        using var destination = DestinationScope.Open(host, plan.Settings.DestinationPath);
        // Between planning and locking another run may have added to the chain: plan again, now that nobody can.
        plan = Plan(plan.Settings, plan.AskedKind, host);
        RunCheckpoint(plan.Settings, host);
        var before = host.Progress.Sample();
        CaptureResult? result;
        try
        {
            result = CaptureAndPublish(plan, host);
        }
        catch (BackupException refusal)
            when (plan.Kind == BundleKind.Incremental && FullInstead.Helps(plan.Settings, refusal))
        {
            // Some engines know only when they have read the source. What was staged until then is gone by now.
            host.Progress.BackTo(before);
            plan = PlanInstead(plan.Settings, refusal, host);
            result = CaptureAndPublish(plan, host);
        }
        if (result is null)
        {
            return [];
        }
        result.AfterPublish?.Invoke();
        var headers = ReadBack(plan.EngineOf, result, context);
        var seconds = host.SecondsSince(started);
        foreach (var header in headers)
        {
            context.Verbose($"published {header.FullName}, {header.Length} bytes, in {seconds} s");
        }
        // What comes with a full is of the chain that the full begins.
        var chainId = plan.Kind == BundleKind.Full ? headers[0].Id[..12] : plan.Capture.Request.Chain?.ChainId;
        return
        [
            .. headers.Select(h =>
                h.ToInfo(h.Kind == BundleKind.Full ? h.Id[..12] : chainId, durationSeconds: seconds)
            ),
        ];
    }

    /// <summary>What was published; null where nothing has changed, which the chain then says.</summary>
    private static CaptureResult? CaptureAndPublish(BackupPlan plan, OperationHost host)
    {
        var context = host.Context;
        // Everything that was committed until here is in the state that is captured.
        var looked = host.Clock.GetUtcNow();
        foreach (var warning in plan.Capture.Warnings.Where(w => w.Severity != ProblemSeverity.Info))
        {
            context.Warn(warning.ToString());
        }
        using var staging = StagingArea.Create(host.Disk, plan.Settings.DestinationPath, host.Clock, host.Warning);
        context.Verbose($"capturing {plan.Capture.Request.SourcePath} as {plan.Engine} {plan.Kind}");
        var result = Capture(plan, staging, context);
        host.Cancellation.ThrowIfCancellationRequested();
        if (result is null)
        {
            var chain = plan.Capture.Request.Chain!;
            context.Verbose($"nothing has changed since {chain.Head!.Name}: no bundle is written");
            if (KnownCurrent.Note(chain, looked, staging, context) is { Count: > 0 } steps)
            {
                staging.Publish(steps, host.Cancellation);
                context.Verbose($"its state is known to be current until {RestorePlanner.Iso(looked)}");
            }
            return null;
        }
        staging.Publish(result.Steps, host.Cancellation);
        return result;
    }

    /// <summary>Captures; null where that shows that the newest bundle holds everything.</summary>
    private static CaptureResult? Capture(BackupPlan plan, StagingArea staging, EngineContext context)
    {
        var request = plan.Capture.Request;
        var mayStay =
            !plan.Settings.AllowEmpty
            && request is { Kind: BundleKind.Incremental, Parent: { } parent }
            // Of the database's bundles, not only of the chain's: a later one of another chain is what restores take.
            && string.Equals(request.Newest?.Id, parent.Id, StringComparison.Ordinal)
            && string.Equals(request.Chain?.Head?.Id, parent.Id, StringComparison.Ordinal);
        try
        {
            var result = plan.EngineOf.Capture(plan.Capture, staging, context);
            return result.IsUnchanged && mayStay ? null : result;
        }
        catch (BackupException e) when (e.Code == ErrorCode.NothingToBackUp && mayStay)
        {
            return null; // a format without empty increments
        }
    }

    /// <summary>The user's checkpoint; once, also where a full then takes the place of an increment.</summary>
    private static void RunCheckpoint(BackupSettings settings, OperationHost host)
    {
        if (settings.Checkpoint is { } checkpoint)
        {
            host.Context.Progress.Activity = "waiting for the checkpoint";
            checkpoint();
        }
    }

    /// <summary>
    /// What was published is read again under its final name: the headers that are returned are the disk's. The one that
    /// was asked for comes first.
    /// </summary>
    internal static IReadOnlyList<BundleHeader> ReadBack(
        IBackupEngine engine,
        CaptureResult result,
        EngineContext context
    ) =>
        [
            ReadBack(engine, result.BundlePath, result.BundleId, context),
            .. result.Others.Select(other => ReadBack(engine, other.Path, other.Id, context)),
        ];

    private static BundleHeader ReadBack(IBackupEngine engine, string path, string? id, EngineContext context)
    {
        foreach (var read in engine.ReadBundles(path, context))
        {
            if (read.Error is not null)
            {
                throw read.Error;
            }
            if (id is null || string.Equals(read.Header!.Id, id, StringComparison.Ordinal))
            {
                return read.Header!;
            }
        }
        throw new BackupException(ErrorCode.VerificationFailed, "the published bundle cannot be read back", path);
    }

    private static void RefuseForeignOptions(BackupSettings settings, IBackupEngine engine)
    {
        foreach (var option in settings.ToOptions().Given())
        {
            if (!engine.Capabilities.Options.Contains(option, StringComparer.Ordinal))
            {
                throw new BackupException(
                    ErrorCode.InvalidOption,
                    $"{engine.Name} has no option {option}",
                    settings.SourcePath
                );
            }
        }
        if (settings.Differential && (settings.Since is not null || settings.SinceBundle is not null))
        {
            throw new BackupException(
                ErrorCode.InvalidOption,
                "a differential builds on the chain's full: it cannot continue from somewhere else",
                recommendation: "Leave out either of the two."
            );
        }
    }

    /// <summary>Finds the bundle that the increment builds on: named, at a position, or the newest of the newest chain.</summary>
    private static CaptureRequest Continue(
        CaptureRequest request,
        BackupSettings settings,
        BundleFolder folder,
        IBackupEngine engine,
        OperationHost host
    )
    {
        var chains = folder.Chains;
        if (settings.SinceBundle is { } path)
        {
            return ContinueFrom(request, path, chains, engine, host);
        }
        var chain = ChainToContinue(chains, settings, engine, host);
        if (settings.Since is { } since)
        {
            var reachable = chain?.Reachable();
            var parent = chain?.Bundles.Where((_, i) => reachable![i]).LastOrDefault(b => b.End.Value == since);
            if (chain is not null && parent is null && !engine.Capabilities.CutsInsideBundle)
            {
                // Without a log to read from that position on, only a bundle can say what was there.
                throw new BackupException(
                    ErrorCode.TargetNotCovered,
                    $"no bundle of chain {chain.ChainId} ends at position {since}",
                    settings.DestinationPath
                );
            }
            return request with { Since = since, Chain = chain, Parent = parent };
        }
        if (
            chain is null
            && settings.FullIfNeeded
            && folder.Unreadable.FirstOrDefault(u => !u.TellsPlace) is { Error: { } damage }
        )
        {
            // There may well be a full: a new one must not hide that it cannot be read.
            throw damage;
        }
        if (chain is null)
        {
            throw new BackupException(
                ErrorCode.NoFullBackup,
                $"no full backup of this {engine.Name} database is at the destination"
                    + (
                        folder.Unreadable is [var bad, ..]
                            ? $" that can be read ({Path.GetFileName(bad.FullName)})"
                            : ""
                    ),
                settings.DestinationPath
            );
        }
        return request with { Chain = chain, Parent = settings.Differential ? chain.Full : chain.Head };
    }

    /// <summary>What the destination holds. A full needs none of it, so nothing in it may stop one.</summary>
    private static BundleFolder ReadDestination(
        BackupSettings settings,
        BundleKind kind,
        IBackupEngine engine,
        OperationHost host
    )
    {
        try
        {
            return host.Disk.Stat(settings.DestinationPath) is null
                ? new BundleFolder([], [])
                : BundleFolder.Read(settings.DestinationPath, [engine], host.Context);
        }
        catch (BackupException e) when (kind == BundleKind.Full)
        {
            host.Context.Verbose($"what the destination holds was not looked at: {e.Describe()}");
            return new BundleFolder([], []);
        }
    }

    private static CaptureRequest ContinueFrom(
        CaptureRequest request,
        string path,
        IReadOnlyList<BackupChain> chains,
        IBackupEngine engine,
        OperationHost host
    )
    {
        var read =
            engine.ReadBundles(path, host.Context).LastOrDefault(r => r.Stranger is null)
            ?? throw new BackupException(ErrorCode.BundleNotRecognised, $"no {engine.Name} bundle", path);
        var parent = read.Header ?? throw read.Error!;
        return request with { Parent = parent, Chain = chains.FirstOrDefault(c => c.Bundles.Any(b => Is(b, parent))) };
    }

    private static bool Is(BundleHeader a, BundleHeader b) => string.Equals(a.Id, b.Id, StringComparison.Ordinal);

    private static BackupChain? ChainToContinue(
        IReadOnlyList<BackupChain> chains,
        BackupSettings settings,
        IBackupEngine engine,
        OperationHost host
    ) =>
        settings.ChainId is { } id
            ? BundleFolder.ById(chains, id, settings.DestinationPath)
            : ChainChoice.Newest(OfDatabase(chains, settings, engine, host.Context));

    /// <summary>The chains that are, or may be, of the source's database; oldest first.</summary>
    private static IEnumerable<BackupChain> OfDatabase(
        IReadOnlyList<BackupChain> chains,
        BackupSettings settings,
        IBackupEngine engine,
        EngineContext context
    )
    {
        var series = engine.SeriesOf(settings.SourcePath, settings.DestinationPath, context);
        return chains.Where(c => c.Series is null || string.Equals(c.Series, series, StringComparison.Ordinal));
    }
}
