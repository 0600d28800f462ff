using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Files;

namespace BackupTools.Engines.Alopex;

/// <summary>What a snapshot would read.</summary>
internal static class AlopexPlan
{
    /// <summary>Finds out what a capture would read and refuses what is hopeless.</summary>
    public static CapturePlan Of(CaptureRequest request, EngineContext context)
    {
        var source = request.SourcePath;
        switch (context.Disk.Stat(source)?.Kind)
        {
            case null:
                throw new BackupException(ErrorCode.PathNotFound, $"data directory does not exist: {source}", source);
            case DiskEntryKind.File or DiskEntryKind.Special:
                throw new BackupException(
                    ErrorCode.SourceNotRecognised,
                    $"data directory is not a directory: {source}",
                    source
                );
        }
        RefuseOptions(request, context.Disk);
        var folder = AlopexFolder.OfSource(source, context);
        AlopexSource.RefuseSpecials(folder);
        foreach (var file in folder.Files)
        {
            AlopexSource.RefuseUnsafe(file);
        }
        var warnings = new List<ChainProblem>();
        var bytes =
            folder.Files.Where(f => f.Name != AlopexNames.Wal).Sum(f => f.Entry.Length) + UsedOfWal(folder, context);
        if (
            (request.Parent ?? request.Earlier?.Head) is { } earlier
            && AlopexContinuation.WhyNot(folder, earlier, context) is { } why
        )
        {
            warnings.Add(
                ChainProblem.Warning(
                    ErrorCode.ForeignEpoch,
                    $"the database does not continue {earlier.Name}: {why}. It may have been restored to an earlier state, "
                        + "or be another database",
                    earlier.FullName,
                    advice: "Give every database a folder of its own; the snapshot is complete nevertheless."
                )
            );
        }
        var second = context.Clock.GetUtcNow().ToUnixTimeSeconds();
        return new CapturePlan
        {
            Request = request,
            BundlePath = Path.Combine(request.DestinationFolder, AlopexNames.Snapshot(second)),
            ExpectedBytes = bytes,
            SourceFiles = [.. folder.Files.Select(f => f.FullName)],
            Start = request.Parent?.End,
            Warnings = warnings,
        };
    }

    private static void RefuseOptions(CaptureRequest request, IDisk disk)
    {
        var engineFolder = AlopexNames.EngineFolder(request.SourcePath);
        if (
            request.Options.EngineLayout
            && !string.Equals(
                RealPath.Of(request.DestinationFolder, disk),
                RealPath.Of(engineFolder, disk),
                StringComparison.Ordinal
            )
        )
        {
            throw new BackupException(
                ErrorCode.InvalidOption,
                "the engine's own layout is a folder inside the data directory",
                request.DestinationFolder,
                recommendation: $"Use '{engineFolder}' as the destination."
            );
        }
        if (request is { Kind: BundleKind.Incremental, Parent: null })
        {
            throw new BackupException(
                ErrorCode.NoFullBackup,
                "there is no earlier snapshot to share tables with",
                request.DestinationFolder
            );
        }
    }

    /// <summary>Bytes to read from the log: twice what is used, because it is replayed before it is copied.</summary>
    private static long UsedOfWal(AlopexFolder folder, EngineContext context)
    {
        if (folder.Find(AlopexNames.Wal) is not { } file)
        {
            return 0;
        }
        try
        {
            using var wal = AlopexWalFile.Open(context.Disk, file.FullName);
            return 2 * (long)wal.Used;
        }
        catch (BackupException e) when (e.Kind == ErrorKind.Damaged)
        {
            return 0; // it may be in the middle of a change: the capture decides
        }
    }
}
