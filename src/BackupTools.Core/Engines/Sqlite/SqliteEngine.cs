using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Files;

namespace BackupTools.Engines.Sqlite;

/// <summary>
/// SQLite: one database file with a rollback journal or a write-ahead log. Bundles are LTX files in Litestream's folders;
/// what Litestream 0.5 and 0.3 wrote is read as well.
/// </summary>
internal sealed class SqliteEngine : IBackupEngine, IChainKeeper
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
        };

    public bool RecognisesSource(string path, EngineContext context) => SqliteSource.IsDatabase(path, context.Disk);

    public IEnumerable<BundleReadResult> ReadBundles(string path, EngineContext context) =>
        SqliteBundles.Read(path, context);

    public string? SeriesOf(string sourcePath, EngineContext context) => Path.GetFileName(sourcePath);

    public CapturePlan PlanCapture(CaptureRequest request, EngineContext context) =>
        throw new BackupException(
            ErrorCode.UnsupportedFormat,
            "SQLite databases cannot be backed up yet; their backups can be read, verified and restored",
            request.SourcePath,
            recommendation: "Use litestream replicate, or sqlite3 .backup."
        );

    public CaptureResult Capture(CapturePlan plan, StagingArea staging, EngineContext context) =>
        throw new InvalidOperationException("no plan for a capture is ever made");

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

    public CaptureResult Merge(
        RestorePlan plan,
        string destinationFolder,
        StagingArea staging,
        EngineContext context
    ) => new SqliteKeeper(staging, context).Merge(plan, destinationFolder);

    public CaptureResult CopyBundle(
        BundleHeader bundle,
        string destinationFolder,
        StagingArea staging,
        EngineContext context
    ) => new SqliteKeeper(staging, context).Copy(bundle, destinationFolder);

    public IReadOnlyList<PublishStep> RemovalOf(
        IReadOnlyList<BundleHeader> bundles,
        StagingArea staging,
        EngineContext context
    ) => new SqliteKeeper(staging, context).RemovalOf(bundles);
}
