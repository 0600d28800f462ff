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
        var context = host.Context;
        var engine = host.Engines.OfSource(settings.SourcePath, settings.Engine, settings.ToOptions(), context);
        RefuseForeignOptions(settings, engine);
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
            SourcePath = settings.SourcePath,
            DestinationFolder = settings.DestinationPath,
            Kind = kind,
            Options = settings.ToOptions(),
        };
        if (kind == BundleKind.Incremental)
        {
            request = Continue(request, settings, engine, host);
        }
        return new BackupPlan(settings, kind, engine, engine.PlanCapture(request, context));
    }

    public static BundleInfo Execute(BackupPlan plan, OperationHost host)
    {
        var started = host.Clock.GetTimestamp();
        var context = host.Context;
        using var destination = DestinationScope.Open(host, plan.Settings.DestinationPath);
        // Between planning and locking another run may have added to the chain: plan again, now that nobody can.
        var capture = Plan(plan.Settings, plan.Kind, host).Capture;
        foreach (var warning in capture.Warnings.Where(w => w.Severity != ProblemSeverity.Info))
        {
            context.Warn(warning.ToString());
        }
        CaptureResult result;
        using (var staging = StagingArea.Create(host.Disk, plan.Settings.DestinationPath, host.Clock))
        {
            context.Verbose($"capturing {capture.Request.SourcePath} as {plan.Engine} {plan.Kind}");
            result = plan.EngineOf.Capture(capture, staging, context);
            host.Cancellation.ThrowIfCancellationRequested();
            staging.Publish(result.Steps, host.Cancellation);
        }
        result.AfterPublish?.Invoke();
        var header = ReadBack(plan.EngineOf, result, context);
        var seconds = host.SecondsSince(started);
        context.Verbose($"published {header.FullName}, {header.Length} bytes, in {seconds} s");
        return header.ToInfo(ChainIdOf(header, capture.Request), durationSeconds: seconds);
    }

    /// <summary>What was published is read again under its final name: the header that is returned is the disk's.</summary>
    internal static BundleHeader ReadBack(IBackupEngine engine, CaptureResult result, EngineContext context)
    {
        foreach (var read in engine.ReadBundles(result.BundlePath, context))
        {
            if (read.Error is not null)
            {
                throw read.Error;
            }
            if (result.BundleId is null || string.Equals(read.Header!.Id, result.BundleId, StringComparison.Ordinal))
            {
                return read.Header!;
            }
        }
        throw new BackupException(
            ErrorCode.VerificationFailed,
            "the published bundle cannot be read back",
            result.BundlePath
        );
    }

    private static string? ChainIdOf(BundleHeader header, CaptureRequest request) =>
        header.Kind == BundleKind.Full ? header.Id[..12] : request.Chain?.ChainId;

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
        IBackupEngine engine,
        OperationHost host
    )
    {
        var chains = host.Disk.Stat(settings.DestinationPath) is null
            ? []
            : BundleFolder.Read(settings.DestinationPath, [engine], host.Context).Chains;
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
        if (chain is null)
        {
            throw new BackupException(
                ErrorCode.NoFullBackup,
                $"no full backup of this {engine.Name} database is at the destination",
                settings.DestinationPath
            );
        }
        return request with { Chain = chain, Parent = settings.Differential ? chain.Full : chain.Head };
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
            engine.ReadBundles(path, host.Context).LastOrDefault()
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
    )
    {
        if (settings.ChainId is { } id)
        {
            return BundleFolder.ById(chains, id, settings.DestinationPath);
        }
        var series = engine.SeriesOf(settings.SourcePath, settings.DestinationPath, host.Context);
        return chains
            .Where(c => c.Full is not null)
            .Where(c => c.Series is null || string.Equals(c.Series, series, StringComparison.Ordinal))
            .MaxBy(c => c.Full!.CreatedUtc);
    }
}
