using BackupTools.Chains;
using BackupTools.Files;
using BackupTools.Formats.Sqlite;
using BackupTools.Options;

namespace BackupTools.Engines.Sqlite;

/// <summary>
/// SQLite: one database file with a rollback journal or a write-ahead log. Bundles are LTX files in Litestream's folders;
/// what Litestream 0.5 and 0.3 wrote is read as well.
/// </summary>
internal sealed class SqliteEngine : IBackupEngine
{
    public string Name => EngineNames.Sqlite;

    public EngineCapabilities Capabilities { get; } =
        new()
        {
            Unit = PositionUnit.Txid,
            CutsInsideBundle = false,
            CutsByTime = false,
            // Litestream keeps the same transactions in several levels.
            SiblingIncrements = true,
            Options = [],
            IsOneFile = true,
            EmptyFileIsDatabase = true,
            Beside = static path => [path + "-wal", path + "-journal"],
        };

    public bool RecognisesSource(string path, EngineContext context) => SqliteSource.IsDatabase(path, context.Disk);

    public IEnumerable<BundleReadResult> ReadBundles(string path, EngineContext context) =>
        SqliteBundles.Read(path, context);

    public string? SeriesOf(string sourcePath, string destination, EngineContext context) =>
        SqliteReplica
            .ForSource(
                destination,
                Path.GetFileName(sourcePath),
                SqliteSource.FileOf(sourcePath, context.Disk),
                context.Disk
            )
            .Name;

    public string NameOf(BundleHeader full) => full.Series ?? full.Name;

    public string? HomeOf(string path) => SqliteBundles.HomeOf(path);

    public CapturePlan PlanCapture(CaptureRequest request, EngineContext context) => SqlitePlan.Of(request, context);

    public CaptureResult Capture(CapturePlan plan, StagingArea staging, EngineContext context) =>
        new SqliteCapture(plan, staging, context).Run();

    /// <summary>What tells the pages that changed is in the side file; of the LTX file, the ends say which it is.</summary>
    public BundleTraces TracesOf(BundleHeader bundle, BundleHeader? parent, EngineContext context)
    {
        var length = context.Disk.Stat(bundle.FullName)!.Length;
        return new BundleTraces([
            new(bundle.FullName, [new(0, LtxHeader.Length), new(length - LtxTrailer.Length, length)]),
            KeptFile.Whole(SideFiles.PathOf(bundle.FullName), context.Disk),
        ]);
    }

    public IReadOnlyList<ChainProblem> Verify(
        IReadOnlyList<BundleHeader> path,
        int known,
        VerifyDepth depth,
        EngineContext context
    ) => SqliteVerify.Run(path, known, depth, context);

    public IReadOnlyList<string> OccupiedBy(RestoreRequest request, EngineContext context) =>
        SqliteRestore.OccupiedBy(request.DestinationPath, context.Disk);

    public bool MayReplace(RestoreRequest request, EngineContext context) =>
        SqliteRestore.MayReplace(request.DestinationPath, context.Disk);

    public RestoreResult Restore(RestoreRequest request, StagingArea staging, EngineContext context) =>
        new SqliteRestore(request, staging, context).Run();

    public CaptureResult Merge(RestorePlan plan, string folder, StagingArea staging, EngineContext context) =>
        new SqliteMaintenance(staging, context).Merge(plan, folder);

    public CaptureResult CopyBundle(BundleHeader bundle, string folder, StagingArea staging, EngineContext context) =>
        new SqliteMaintenance(staging, context).Copy(bundle, folder);

    public IReadOnlyList<PublishStep> RemovalOf(
        IReadOnlyList<BundleHeader> bundles,
        StagingArea staging,
        EngineContext context
    ) => new SqliteMaintenance(staging, context).RemovalOf(bundles);
}
