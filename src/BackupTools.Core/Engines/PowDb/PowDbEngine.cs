using BackupTools.Chains;
using BackupTools.Files;
using BackupTools.Options;

namespace BackupTools.Engines.PowDb;

/// <summary>PowDB: data directories of heaps, indexes and a log; bundles are folders beside each other.</summary>
internal sealed class PowDbEngine : IBackupEngine
{
    public string Name => EngineNames.PowDb;

    public EngineCapabilities Capabilities { get; } =
        new()
        {
            Unit = PositionUnit.Lsn,
            CutsInsideBundle = false,
            CutsByTime = false,
            SiblingIncrements = true,
            Options =
            [
                nameof(EngineOptions.IncludeWal),
                nameof(EngineOptions.Differential),
                nameof(EngineOptions.Checkpoint),
            ],
        };

    public bool RecognisesSource(string path, EngineContext context) => PowDbSource.IsDataDirectory(path, context.Disk);

    public IEnumerable<BundleReadResult> ReadBundles(string path, EngineContext context) =>
        PowDbBundles.Read(path, context);

    public string SeriesOf(string sourcePath, string destination, EngineContext context) =>
        PowDbBundles.SeriesOfSource(sourcePath);

    public string NameOf(BundleHeader full) => full.Series ?? full.Name;

    public CapturePlan PlanCapture(CaptureRequest request, EngineContext context) => PowDbPlan.Of(request, context);

    public CaptureResult Capture(CapturePlan plan, StagingArea staging, EngineContext context) =>
        PowDbCapture.Run(plan, staging, context);

    public BundleTraces? TracesOf(BundleHeader bundle, BundleHeader? parent, EngineContext context) =>
        PowDbTraces.Of(bundle, parent, context);

    public IReadOnlyList<ChainProblem> Verify(
        IReadOnlyList<BundleHeader> path,
        int known,
        VerifyDepth depth,
        EngineContext context
    ) => new PowDbVerify(path, known, depth, context).Run();

    /// <summary>A deep check looks at every bundle alone, and then at the state that they lead to.</summary>
    public long BytesToVerify(IReadOnlyList<BundleHeader> path, int known, VerifyDepth depth) =>
        path.Skip(known).Sum(b => b.Length)
        + (depth == VerifyDepth.Deep && path[0].Kind == BundleKind.Full ? path.Sum(b => b.Length) : 0);

    public IReadOnlyList<string> OccupiedBy(RestoreRequest request, EngineContext context) =>
        PowDbRestore.OccupiedBy(request, context);

    public IReadOnlyList<string> KeptBy(RestoreRequest request, EngineContext context) =>
        PowDbRestore.KeptBy(request, context);

    public bool MayReplace(RestoreRequest request, EngineContext context) => PowDbRestore.MayReplace(request, context);

    public RestoreResult Restore(RestoreRequest request, StagingArea staging, EngineContext context) =>
        new PowDbRestore(request, staging, context).Run();

    public CaptureResult Merge(RestorePlan plan, string folder, StagingArea staging, EngineContext context) =>
        new PowDbMaintenance(staging, context).Merge(plan, folder);

    public CaptureResult CopyBundle(BundleHeader bundle, string folder, StagingArea staging, EngineContext context) =>
        new PowDbMaintenance(staging, context).Copy(bundle, folder);
}
