using BackupTools.Chains;
using BackupTools.Files;
using BackupTools.Options;

namespace BackupTools.Engines.Spg;

/// <summary>
/// SPG: a database file written by CHECKPOINT, and a write-ahead log of SQL text. Bundles are SPGBKUP files that the
/// server's own tools read (SPG format, §1).
/// </summary>
internal sealed class SpgEngine : IBackupEngine
{
    public string Name => EngineNames.Spg;

    public EngineCapabilities Capabilities { get; } =
        new()
        {
            Unit = PositionUnit.WalBytes,
            CutsInsideBundle = true,
            // Frames carry no time (SPG format, §4.1).
            CutsByTime = false,
            SiblingIncrements = false,
            IsOneFile = true,
            Beside = SpgFiles.Beside,
            Options = [nameof(EngineOptions.WalPath), nameof(EngineOptions.Checkpoint)],
        };

    public bool RecognisesSource(string path, EngineContext context) =>
        SpgRecognition.IsDatabase(SpgFiles.OfSource(path, null, context.Disk), context.Disk);

    public IEnumerable<BundleReadResult> ReadBundles(string path, EngineContext context) =>
        SpgBundles.Read(path, context);

    public string? SeriesOf(string sourcePath, string destination, EngineContext context) =>
        SpgFiles.StemOf(sourcePath);

    public string NameOf(BundleHeader full) => (full.Series ?? Path.GetFileNameWithoutExtension(full.Name)) + ".db";

    public CapturePlan PlanCapture(CaptureRequest request, EngineContext context) => SpgPlan.Of(request, context);

    public CaptureResult Capture(CapturePlan plan, StagingArea staging, EngineContext context) =>
        new SpgCapture(plan, staging, context).Run();

    public BundleTraces TracesOf(BundleHeader bundle, BundleHeader? parent, EngineContext context) =>
        SpgTraces.Of(bundle.FullName, SpgBundle.Of(bundle), context);

    public IReadOnlyList<ChainProblem> Verify(
        IReadOnlyList<BundleHeader> path,
        int known,
        VerifyDepth depth,
        EngineContext context
    ) => SpgVerify.Run(path, depth, context);

    public IReadOnlyList<string> OccupiedBy(RestoreRequest request, EngineContext context) =>
        SpgRestore.OccupiedBy(request, context.Disk);

    public bool MayReplace(RestoreRequest request, EngineContext context) =>
        SpgRestore.MayReplace(request, context.Disk);

    public RestoreResult Restore(RestoreRequest request, StagingArea staging, EngineContext context) =>
        new SpgRestore(request, staging, context).Run();

    public CaptureResult Merge(RestorePlan plan, string folder, StagingArea staging, EngineContext context) =>
        new SpgMaintenance(staging, context).Merge(plan, folder);

    public CaptureResult CopyBundle(BundleHeader bundle, string folder, StagingArea staging, EngineContext context) =>
        new SpgMaintenance(staging, context).Copy(bundle, folder);
}
