using BackupTools.Chains;
using BackupTools.Engines;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Reports;

namespace BackupTools.Operations;

/// <summary>
/// Takes an image of a whole database, with everything committed before the run began; or what changed since a bundle of
/// the chain at the destination.
/// </summary>
public static class TakeBackup
{
    /// <summary>Finds out what the backup would do; writes nothing.</summary>
    /// <exception cref="BackupException">
    /// The backup cannot be taken; the code says why: of increments NoFullBackup, ForeignEpoch, SinceBeyondLog, LogIsGone and
    /// others.
    /// </exception>
    public static BackupPlan Plan(BackupSettings settings, OperationHost host)
    {
        if (!settings.Incremental)
        {
            return PlanAs(settings, BundleKind.Full, host);
        }
        FullInstead.RefuseContradiction(settings);
        try
        {
            return PlanAs(settings, BundleKind.Incremental, host);
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
            Encrypted = plan.Encrypted,
            States = plan.States,
        };
    }

    private static BackupPlan PlanAs(BackupSettings settings, BundleKind kind, OperationHost host)
    {
        host.Remember();
        var context = host.Context;
        LocalPath.RefuseAddress(StoreAddress.Of(settings.SourcePath));
        // A database may be named by a link: its log and the rest are beside the link's target.
        var source = RealPath.Follow(settings.SourcePath, host.Disk);
        var engine = host.Engines.OfSource(source, settings.Engine, settings, context);
        RefuseForeign(settings.Given(), engine, settings.SourcePath);
        RefuseContradiction(settings);
        if (settings.WalPath is null)
        {
            LinkedDatabase.RefuseLogBesideLink(settings.SourcePath, source, engine, host.Disk);
        }
        var encrypted = Encrypted(settings, host);
        var states = encrypted is null
            ? null
            : new BundleStates(settings.StatePath, encrypted, settings.DestinationPath, host);
        if (!settings.EngineLayout)
        {
            PathOverlap.Refuse(settings.SourcePath, settings.DestinationPath, host.Disk);
            PathOverlap.RefuseBeside(source, engine, settings.DestinationPath, host.Disk);
        }
        RefuseFile(settings.DestinationPath, host.Disk);
        var request = new CaptureRequest
        {
            SourcePath = source,
            Name = Path.GetFileName(Path.TrimEndingDirectorySeparator(settings.SourcePath)),
            DestinationFolder = settings.DestinationPath,
            Kind = kind,
            Options = settings,
        };
        if (
            Signer.Of(settings.SigningKeyPath, settings.DestinationPath, host) is { } signer
            && kind == BundleKind.Incremental
        )
        {
            host.TrustOnly(signer);
        }
        // Whose bundles count, and what stands for those that cannot be read, is known only now.
        context = states?.Context(host.Context) ?? host.Context;
        if (!settings.EngineLayout)
        {
            // One look at the destination; where the source may be in it, which changes, each asks for itself.
            context = context with
            {
                Disk = new ListedOnce(context.Disk, settings.DestinationPath),
            };
        }
        (request, var doubts) = new BuildsOn(settings, engine, states, context, host).Complete(request);
        if (encrypted is null && !settings.EngineLayout)
        {
            PlainOrEncrypted.RefuseUnrecorded(settings.DestinationPath, [engine], host);
        }
        var plan = PlanOf(request, engine, context);
        var others = encrypted?.DoubtOf(request.Parent, states!, host);
        plan = plan with { Warnings = [.. plan.Warnings, .. doubts, .. others is null ? [] : new[] { others }] };
        return new BackupPlan(settings, kind, engine, plan) { Encrypted = encrypted, States = states };
    }

    private static void RefuseFile(string destination, IReadingDisk disk)
    {
        if (disk.Stat(destination) is { Kind: DiskEntryKind.File or DiskEntryKind.Special })
        {
            throw new BackupException(
                ErrorCode.DestinationExists,
                "the destination is a file, not a folder",
                destination,
                recommendation: "Give a folder; it is created if missing."
            );
        }
    }

    private static CapturePlan PlanOf(CaptureRequest request, IBackupEngine engine, EngineContext context)
    {
        try
        {
            return BundleStates.Explained(() => engine.PlanCapture(request, context));
        }
        catch (BackupException e) when (request.Earlier is not null && BundleStates.IsUnknown(e))
        {
            // A full is only compared with the chain before it: it needs nothing of it.
            context.Verbose(e.Describe());
            return engine.PlanCapture(request with { Earlier = null }, context);
        }
    }

    /// <summary>The destination, if the bundle is to be encrypted.</summary>
    private static EncryptedCopies? Encrypted(BackupSettings settings, OperationHost host)
    {
        if (settings.StatePath is not null && !settings.IsEncrypted)
        {
            throw new BackupException(
                ErrorCode.InvalidOption,
                $"{Spelling.Of(nameof(settings.StatePath))} is for what is encrypted with {Spelling.Of("Recipient")}",
                settings.StatePath,
                recommendation: "Leave it out, or say for whom to encrypt."
            );
        }
        if (settings.IsEncrypted && settings.EngineLayout)
        {
            throw new BackupException(
                ErrorCode.InvalidOption,
                "the engine reads what lies in its own layout, so nothing is encrypted there",
                settings.DestinationPath,
                recommendation: "Leave out one of the two."
            );
        }
        if (settings.IsEncrypted)
        {
            PathOverlap.RefuseInside(
                StoreDestination.SpoolOf(host),
                settings.DestinationPath,
                Spelling.Of("SpoolPath"),
                host.Disk
            );
        }
        return EncryptedCopies.For(
            settings.DestinationPath,
            settings.Recipients,
            settings.RecipientsFiles,
            $"Say with {Spelling.Of("Recipient")} for whom to encrypt, or back up into another folder.",
            host
        );
    }

    /// <summary>
    /// Takes the backup; it appears under its final name complete and flushed, or not at all. Returns every bundle that
    /// it made, the one that was asked for first: a Grafeo full of an open database comes with an increment of what
    /// only the log holds. None if nothing has changed since the newest bundle: then the chain records until when its
    /// newest state is known to be current (<see cref="ChainInfo.CurrentUntilUtc"/>).
    /// </summary>
    /// <exception cref="BackupException">The backup was not taken; nothing is left behind.</exception>
    public static IReadOnlyList<BundleInfo> Execute(BackupPlan plan, OperationHost host)
    {
        var started = host.Clock.GetTimestamp();
        if (plan.Encrypted is not null)
        {
            host.SweepSpool();
        }
        return UnderLock.Execute(
            host,
            plan.Settings.DestinationPath,
            () => Plan(plan.Settings, host),
            (fresh, destination) => Take(fresh, destination, started, host)
        );
    }

    private static IReadOnlyList<BundleInfo> Take(
        BackupPlan plan,
        IDestination destination,
        long started,
        OperationHost host
    )
    {
        var context = host.Context;
        if (plan.Settings.Checkpoint is { } checkpoint)
        {
            // Once, even if a full then replaces an increment.
            host.Progress.Activity = "waiting for the checkpoint";
            checkpoint();
        }
        var before = host.Progress.Sample();
        var signer = Signer.Of(plan.Settings.SigningKeyPath, plan.Settings.DestinationPath, host);
        CaptureResult? result;
        try
        {
            result = CaptureAndPublish(plan, destination, signer, host);
        }
        catch (BackupException refusal)
            when (plan.Kind == BundleKind.Incremental && FullInstead.Helps(plan.Settings, refusal))
        {
            // Some engines know only after reading the source. What was staged until then is gone by now.
            host.Progress.BackTo(before);
            plan = PlanInstead(plan.Settings, refusal, host);
            result = CaptureAndPublish(plan, destination, signer, host);
        }
        if (result is null)
        {
            return [];
        }
        result.AfterPublish?.Invoke();
        plan.States?.Kept?.Prune();
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
    private static CaptureResult? CaptureAndPublish(
        BackupPlan plan,
        IDestination destination,
        Signer? signer,
        OperationHost host
    )
    {
        var context = plan.States?.Context(host.Context) ?? host.Context;
        // Everything that was committed until here is in the state that is captured.
        var looked = host.Clock.GetUtcNow();
        host.Warn(plan.Capture.Warnings);
        if (plan.Capture.Request is { Kind: BundleKind.Incremental, Parent: { } parent })
        {
            plan.States?.RequireBytes(parent);
        }
        using var staging = destination.Stage(goesOn: plan.Encrypted is not null);
        using var sealing = plan.Encrypted is { } to ? new SealedCapture(to, staging, context, host) : null;
        context.Verbose($"capturing {plan.Capture.Request.SourcePath} as {plan.Engine} {plan.Kind}");
        var result = Capture(plan, sealing?.Plain ?? staging, sealing?.Context ?? context);
        host.Cancellation.ThrowIfCancellationRequested();
        if (result is null)
        {
            var chain = plan.Capture.Request.Chain!;
            context.Verbose($"nothing has changed since {chain.Head!.Name}: no bundle is written");
            if (KnownCurrent.Note(chain, looked, staging, context) is { Count: > 0 } note)
            {
                destination.Publish(staging, note, chain.Head.FullName);
                context.Verbose($"its state is known to be current until {RestorePlanner.Iso(looked)}");
            }
            return null;
        }
        var steps =
            sealing?.Seal(result, plan.EngineOf, signer, plan)
            ?? StagedBundles.Signed(result, staging, plan.Capture.Request, plan.EngineOf, signer, host);
        destination.Publish(staging, steps, result.BundlePath);
        return result;
    }

    /// <summary>Captures; null where that shows that the newest bundle holds everything.</summary>
    private static CaptureResult? Capture(BackupPlan plan, StagingArea staging, EngineContext context)
    {
        var request = plan.Capture.Request;
        var mayStay =
            !plan.Settings.AllowEmpty
            && request is { Kind: BundleKind.Incremental, Parent: { } parent, Chain.Head: { } head }
            && string.Equals(head.Id, parent.Id, StringComparison.Ordinal)
            // Of the database's bundles, not only of the chain's: a later one of another chain is what restores take.
            && head.OrderUtc == request.NewestUtc;
        try
        {
            var result = BundleStates.Explained(() => plan.EngineOf.Capture(plan.Capture, staging, context));
            return result.IsUnchanged && mayStay ? null : result;
        }
        catch (BackupException e) when (e.Code == ErrorCode.NothingToBackUp && mayStay)
        {
            return null; // a format without empty increments
        }
    }

    /// <summary>
    /// What was published is read back from its final name: the headers returned are the disk's. The one that was asked
    /// for comes first.
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

    private static BundleHeader ReadBack(IBackupEngine engine, string path, string? id, EngineContext context) =>
        engine
            .ReadBundles(path, context)
            .Select(read => read.Header ?? throw read.Error!)
            .FirstOrDefault(header => id is null || header.Id == id)
        ?? throw new BackupException(ErrorCode.VerificationFailed, "the published bundle cannot be read back", path);

    /// <summary>Refuses options that the engine does not have.</summary>
    /// <exception cref="BackupException">InvalidOption.</exception>
    internal static void RefuseForeign(IEnumerable<string> given, IBackupEngine engine, string path)
    {
        foreach (var option in given.Except(engine.Capabilities.Options, StringComparer.Ordinal))
        {
            throw new BackupException(
                ErrorCode.InvalidOption,
                $"{engine.Name} has no option {Spelling.Of(option)}",
                path
            );
        }
    }

    private static void RefuseContradiction(BackupSettings settings)
    {
        if (settings.Differential && (settings.Since is not null || settings.SinceBundle is not null))
        {
            throw new BackupException(
                ErrorCode.InvalidOption,
                "a differential builds on the chain's full: it cannot continue from anywhere else",
                recommendation: "Leave out one of the two."
            );
        }
    }
}
