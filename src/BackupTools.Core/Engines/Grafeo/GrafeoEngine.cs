using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Grafeo;
using BackupTools.Options;

namespace BackupTools.Engines.Grafeo;

/// <summary>
/// Grafeo: a <c>.grafeo</c> file with a log folder beside it. Backups are those of the engine itself: a folder with a
/// manifest, images and stretches of log. See README.md in this folder.
/// </summary>
internal sealed class GrafeoEngine : IBackupEngine
{
    public string Name => EngineNames.Grafeo;

    public EngineCapabilities Capabilities { get; } =
        new()
        {
            Unit = PositionUnit.Epoch,
            CutsInsideBundle = true,
            CutsByTime = true,
            SiblingIncrements = false,
            ListsBundles = true,
            IsOneFile = true,
            Beside = static path => new GrafeoSource(path) is var source ? [source.LogFolder, source.PendingImage] : [],
            Options =
            [
                nameof(EngineOptions.NoCursor),
                nameof(EngineOptions.ForgetDestination),
                nameof(EngineOptions.Checkpoint),
            ],
        };

    public bool RecognisesSource(string path, EngineContext context)
    {
        try
        {
            return context.Disk.Stat(path)?.Kind is DiskEntryKind.File or DiskEntryKind.Link
                ? HasMagic(path, context)
                : GrafeoSource.IsDirectoryDatabase(path, context.Disk);
        }
        catch (BackupException)
        {
            return false; // what cannot be read is not recognised; whoever names the engine hears why
        }
    }

    public IEnumerable<BundleReadResult> ReadBundles(string path, EngineContext context) =>
        GrafeoBundles.Read(path, context);

    public string? SeriesOf(string sourcePath, string destination, EngineContext context) =>
        GrafeoSource.At(sourcePath, context.Disk).Header(context.Disk).DatabaseId;

    /// <summary>The format has no name, only a number; a folder is often named like the database file.</summary>
    public string NameOf(BundleHeader full)
    {
        var folder = Path.GetFileName(Path.GetDirectoryName(full.FullName))!;
        return folder.EndsWith(".grafeo", StringComparison.Ordinal) ? folder : folder + ".grafeo";
    }

    public CapturePlan PlanCapture(CaptureRequest request, EngineContext context) => GrafeoPlan.Make(request, context);

    public CaptureResult Capture(CapturePlan plan, StagingArea staging, EngineContext context) =>
        new GrafeoCapture(plan, staging, context).Run();

    public IReadOnlyList<ChainProblem> Verify(
        IReadOnlyList<BundleHeader> path,
        int known,
        VerifyDepth depth,
        EngineContext context
    )
    {
        var check = new GrafeoChainCheck(context, checkFrames: depth == VerifyDepth.Deep);
        foreach (var bundle in path)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            using var shown = context.Progress.BeginFile(bundle.FullName, bundle.Length);
            if (bundle.Kind == BundleKind.Full)
            {
                check.AddImage(bundle);
            }
            else
            {
                check.AddIncrement(bundle);
            }
        }
        return check.Problems;
    }

    public IReadOnlyList<string> OccupiedBy(RestoreRequest request, EngineContext context) =>
        [.. GrafeoRestore.PathsOf(request.DestinationPath).Where(p => context.Disk.Stat(p) is not null)];

    public bool MayReplace(RestoreRequest request, EngineContext context)
    {
        var source = new GrafeoSource(request.DestinationPath);
        var disk = context.Disk;
        var database = disk.Stat(source.Path);
        if (database is null)
        {
            // A log without its database, as a failed restore of the engine leaves it.
            return disk.Stat(source.LogFolder) is null or { Kind: DiskEntryKind.Directory };
        }
        if (database.Kind != DiskEntryKind.File || !HasMagic(source.Path, context))
        {
            return false;
        }
        // The engine holds this very lock while it has the file open; it is given back at once.
        using var held = disk.TryLock(source.Path);
        return held is not null
            ? true
            : throw new BackupException(
                ErrorCode.SourceInUse,
                FileUsers.Name("an engine has the database open", source.Path),
                source.Path
            );
    }

    public RestoreResult Restore(RestoreRequest request, StagingArea staging, EngineContext context) =>
        new GrafeoRestore(request, staging, context).Run();

    public CaptureResult Merge(
        RestorePlan plan,
        string destinationFolder,
        StagingArea staging,
        EngineContext context
    ) => new GrafeoMerge(staging, context).Run(plan, destinationFolder);

    public CaptureResult CopyBundle(
        BundleHeader bundle,
        string destinationFolder,
        StagingArea staging,
        EngineContext context
    ) => new GrafeoCopy(staging, context).Run(bundle, destinationFolder);

    public IReadOnlyList<PublishStep> RemovalOf(
        IReadOnlyList<BundleHeader> bundles,
        StagingArea staging,
        EngineContext context
    ) => new GrafeoRemoval(staging, context).Run(bundles);

    private static bool HasMagic(string path, EngineContext context)
    {
        using var file = context.Disk.OpenRead(path);
        return GrafeoContainerHeader.HasMagic(GrafeoImage.ReadAt(file, 0, GrafeoContainerHeader.MagicSize));
    }
}
