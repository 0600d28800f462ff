using BackupTools.Chains;
using BackupTools.Files;
using BackupTools.Options;

namespace BackupTools.Engines.Alopex;

/// <summary>
/// Alopex: a data directory of immutable tables, a ring of log and a checkpoint. Every backup is a snapshot that is
/// complete in itself, a full and a chain of its own; what an incremental one saves is the space of the tables that it
/// shares with the one before. Removing that one takes away a name, not the table.
/// </summary>
/// <remarks>
/// Snapshots have no side file of ours: the reference's restore would carry it into the data directory, and nothing
/// needs one.
/// </remarks>
internal sealed class AlopexEngine : IBackupEngine
{
    public string Name => EngineNames.Alopex;

    public EngineCapabilities Capabilities { get; } =
        new()
        {
            Unit = PositionUnit.Lsn,
            CutsInsideBundle = false,
            CutsByTime = false,
            SiblingIncrements = false,
            OwnBundleFolder = AlopexNames.Lifecycle,
            Options = [nameof(EngineOptions.EngineLayout), nameof(EngineOptions.Checkpoint)],
        };

    public bool RecognisesSource(string path, EngineContext context) => AlopexSource.IsDataFolder(path, context);

    public IEnumerable<BundleReadResult> ReadBundles(string path, EngineContext context) =>
        AlopexBundles.Read(path, context);

    /// <summary>A snapshot does not say whose it is; the name of the directory is all there is to say.</summary>
    public string? SeriesOf(string sourcePath, string destination, EngineContext context) =>
        Path.GetFileName(Path.TrimEndingDirectorySeparator(sourcePath));

    public CapturePlan PlanCapture(CaptureRequest request, EngineContext context) => AlopexPlan.Of(request, context);

    public CaptureResult Capture(CapturePlan plan, StagingArea staging, EngineContext context) =>
        new AlopexCapture(plan, staging, context).Run();

    public BundleTraces TracesOf(BundleHeader bundle, BundleHeader? parent, EngineContext context) =>
        AlopexTraces.Of(bundle, parent, context);

    public IReadOnlyList<ChainProblem> Verify(
        IReadOnlyList<BundleHeader> path,
        int known,
        VerifyDepth depth,
        EngineContext context
    ) => [.. path.Skip(known).SelectMany(bundle => AlopexVerify.Run(bundle.FullName, depth, context))];

    public IReadOnlyList<string> OccupiedBy(RestoreRequest request, EngineContext context) =>
        AlopexRestore.OccupiedBy(request, context);

    public IReadOnlyList<string> KeptBy(RestoreRequest request, EngineContext context) =>
        AlopexRestore.KeptBy(request, context);

    public bool MayReplace(RestoreRequest request, EngineContext context) => AlopexRestore.MayReplace(request, context);

    public RestoreResult Restore(RestoreRequest request, StagingArea staging, EngineContext context) =>
        new AlopexRestore(request, staging, context).Run();

    public CaptureResult Merge(RestorePlan plan, string folder, StagingArea staging, EngineContext context) =>
        new AlopexMaintenance(staging, context).Merge(plan, folder);

    public CaptureResult CopyBundle(BundleHeader bundle, string folder, StagingArea staging, EngineContext context) =>
        new AlopexMaintenance(staging, context).Copy(bundle, folder);

    public IReadOnlyList<PublishStep> RemovalOf(
        IReadOnlyList<BundleHeader> bundles,
        StagingArea staging,
        EngineContext context
    ) => new AlopexMaintenance(staging, context).RemovalOf(bundles);
}
