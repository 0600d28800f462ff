using BackupTools.Chains;
using BackupTools.Files;
using BackupTools.Options;

namespace BackupTools.Engines.Grafeo;

/// <summary>
/// Grafeo: a <c>.grafeo</c> file with a log folder beside it. Backups are those of the engine itself: a folder with a
/// manifest, images and ranges of the log. See README.md in this folder.
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

    public bool RecognisesSource(string path, EngineContext context) => GrafeoSource.Recognises(path, context);

    public IEnumerable<BundleReadResult> ReadBundles(string path, EngineContext context) =>
        GrafeoBundles.Read(path, context);

    public string? SeriesOf(string sourcePath, string destination, EngineContext context) =>
        GrafeoSource.At(sourcePath, context.Disk).Header(context.Disk).DatabaseId;

    /// <summary>The format has no name, only a number; a folder is often named like the database file.</summary>
    public string NameOf(BundleHeader full)
    {
        var folder = LastName.Of(Path.GetDirectoryName(full.FullName)!);
        return folder.EndsWith(".grafeo", StringComparison.Ordinal) ? folder : folder + ".grafeo";
    }

    public CapturePlan PlanCapture(CaptureRequest request, EngineContext context) => GrafeoPlan.Of(request, context);

    public CaptureResult Capture(CapturePlan plan, StagingArea staging, EngineContext context) =>
        new GrafeoCapture(plan, staging, context).Run();

    public BundleTraces TracesOf(BundleHeader bundle, BundleHeader? parent, EngineContext context) =>
        GrafeoTraces.Of(bundle.FullName, GrafeoBundle.Of(bundle), context);

    public IReadOnlyList<ChainProblem> Verify(
        IReadOnlyList<BundleHeader> path,
        int known,
        VerifyDepth depth,
        EngineContext context
    ) => GrafeoVerify.Run(path, depth, context);

    public IReadOnlyList<string> OccupiedBy(RestoreRequest request, EngineContext context) =>
        GrafeoRestore.OccupiedBy(request, context);

    public bool MayReplace(RestoreRequest request, EngineContext context) => GrafeoRestore.MayReplace(request, context);

    public RestoreResult Restore(RestoreRequest request, StagingArea staging, EngineContext context) =>
        new GrafeoRestore(request, staging, context).Run();

    public CaptureResult Merge(RestorePlan plan, string folder, StagingArea staging, EngineContext context) =>
        new GrafeoMaintenance(staging, context).Merge(plan, folder);

    public CaptureResult CopyBundle(BundleHeader bundle, string folder, StagingArea staging, EngineContext context) =>
        new GrafeoMaintenance(staging, context).Copy(bundle, folder);

    public IReadOnlyList<PublishStep> RemovalOf(
        IReadOnlyList<BundleHeader> bundles,
        StagingArea staging,
        EngineContext context
    ) => new GrafeoMaintenance(staging, context).RemovalOf(bundles);
}
