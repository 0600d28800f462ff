using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Formats.PowDb;

namespace BackupTools.Engines.PowDb;

/// <summary>Finds out what a capture would do and refuses it early.</summary>
internal static class PowDbPlan
{
    private static string WaysOut =>
        $"Stop the database cleanly, give {Spelling.Of("Checkpoint")} a script that empties the log, or include the log with {Spelling.Of("IncludeWal")}.";

    public static CapturePlan Of(CaptureRequest request, EngineContext context)
    {
        var source = PowDbSource.Read(request.SourcePath, context);
        var path = BaseOf(request);
        var warnings = source.Warnings.ToList();
        // A checkpoint may stop the engine or empty its log; what it really did is checked after it has run.
        if (request.Options.Checkpoint is null)
        {
            RefuseInUse(request, context);
            CheckWal(request, source, warnings, context);
        }
        NoteLock(request, warnings, context);
        if (path is not null && path[^1] is var parent)
        {
            RefuseLowerCatalog(parent, source, context);
        }
        return new CapturePlan
        {
            Request = request,
            BundlePath = Path.Combine(
                request.DestinationFolder,
                PowDbBundles.NameOf(PowDbBundles.SeriesOfSource(request.Name), context.Clock.GetUtcNow(), request.Kind)
            ),
            ExpectedBytes = source.Length,
            SourceFiles = source.Files.Select(f => f.Path).ToArray(),
            Start = path?[^1].End,
            Warnings = warnings,
        };
    }

    /// <summary>The bundles that lead to what an increment builds on, full first; null for a full.</summary>
    /// <exception cref="BackupException">NoFullBackup, InvalidOption, ChainGap.</exception>
    public static IReadOnlyList<BundleHeader>? BaseOf(CaptureRequest request)
    {
        if (request.Kind == BundleKind.Full)
        {
            return null;
        }
        if (request.Chain is not { Full: { } full } chain || request.Parent is not { } parent)
        {
            throw new BackupException(
                ErrorCode.NoFullBackup,
                "an increment needs the bundles it builds on, not only a position: pages are compared with theirs",
                request.DestinationFolder
            );
        }
        var tip = request.Options.Differential ? full : parent;
        if (request.Since is { } since && since != tip.End.Value)
        {
            throw new BackupException(
                ErrorCode.InvalidOption,
                $"an increment continues from the end of a bundle ({tip.End} in {tip.Name}), not from {since}",
                tip.FullName
            );
        }
        for (var i = 0; i < chain.Bundles.Count; i++)
        {
            if (string.Equals(chain.Bundles[i].Id, tip.Id, StringComparison.Ordinal))
            {
                return chain.PathTo(i)
                    ?? throw new BackupException(ErrorCode.ChainGap, $"{tip.Name} cannot be reached", tip.FullName);
            }
        }
        throw new BackupException(ErrorCode.NoFullBackup, $"{tip.Name} is not in the chain", tip.FullName);
    }

    /// <summary>Respects the lock of a running engine, unless a live capture is what was asked for.</summary>
    /// <exception cref="BackupException">SourceInUse.</exception>
    public static void RefuseInUse(CaptureRequest request, EngineContext context)
    {
        if (!request.Options.IncludeWal && PowDbLock.Read(request.SourcePath, context) is { IsLive: true } held)
        {
            throw held.InUse(WaysOut + " If no engine runs, delete the file.");
        }
    }

    public static BackupException WalNotEmpty(string path, long length) =>
        new(
            ErrorCode.WalNotEmpty,
            $"the log of {length} bytes holds changes that are not in the data files",
            path,
            recommendation: WaysOut
        );

    private static void CheckWal(
        CaptureRequest request,
        PowDbSource source,
        List<ChainProblem> warnings,
        EngineContext context
    )
    {
        var note = PowDbWalCapture.Note(source.WalPath, context);
        if (!note.HasRecords)
        {
            return;
        }
        if (!request.Options.IncludeWal)
        {
            throw WalNotEmpty(source.WalPath, note.Length);
        }
        if (!source.IsLegacy)
        {
            warnings.Add(
                ChainProblem.Warning(
                    ErrorCode.WalNotEmpty,
                    "the log is included, but only BackupTools restores it: the engine's own restore would ignore it and "
                        + "lose what it holds",
                    source.WalPath,
                    advice: "Restore this backup with BackupTools."
                )
            );
        }
    }

    private static void NoteLock(CaptureRequest request, List<ChainProblem> warnings, EngineContext context)
    {
        if (PowDbLock.Read(request.SourcePath, context) is { } held)
        {
            warnings.Add(
                ChainProblem.Info(
                    ErrorCode.SourceInUse,
                    held.IsLive
                        ? $"{held.Holder} has the database open"
                        : $"the lock of {held.Holder} is stale: it is no longer running",
                    held.Path,
                    advice: "No action is needed."
                )
            );
        }
    }

    /// <summary>The engine refuses an increment whose catalogue version goes down (PowDB format, §7).</summary>
    private static void RefuseLowerCatalog(BundleHeader parent, PowDbSource source, EngineContext context)
    {
        var before = PowDbBundle.Open(parent, context).Manifest.CatalogVersion;
        if (source.Catalog.Version < before)
        {
            throw new BackupException(
                ErrorCode.ForeignEpoch,
                $"the catalog has version {source.Catalog.Version}, in {parent.Name} it had {before}",
                Path.Combine(source.Folder, PowDbNames.Catalog)
            );
        }
    }
}
