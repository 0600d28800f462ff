using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Sqlite;

namespace BackupTools.Engines.Sqlite;

/// <summary>Finds bundles and reads their headers.</summary>
internal static class SqliteBundles
{
    /// <summary>The bundles that the path is, or that the replicas hold which it names (see <see cref="SqliteReplica.In"/>).</summary>
    public static IEnumerable<BundleReadResult> Read(string path, EngineContext context)
    {
        var disk = context.Disk;
        var entry =
            disk.Stat(path) ?? throw new BackupException(ErrorCode.PathNotFound, "the path does not exist", path);
        if (entry.Kind != DiskEntryKind.Directory)
        {
            return ReadFile(path, context);
        }
        var loose = LitestreamNames.TryLevel(Path.GetFileName(path), out _) ? ReadLevel(path, disk) : [];
        return loose
            .Concat(SqliteReplica.In(path, disk).SelectMany(r => ReadReplica(r, context)))
            .Concat(
                disk.List(path).Where(e => e.Kind == DiskEntryKind.Link && LeadsToBundles(e.Path, disk)).Select(Passed)
            );
    }

    private static bool LeadsToBundles(string link, IDisk disk)
    {
        try
        {
            var folder = RealPath.Of(link, disk);
            return SqliteReplica.Folders(folder, disk).Any() && SqliteReplica.In(folder, disk).Any();
        }
        catch (BackupException)
        {
            return false; // a link that leads nowhere has no bundles behind it
        }
    }

    private static BundleReadResult Passed(DiskEntry link) =>
        BundleReadResult.Passed(
            link.Path,
            ChainProblem.Warning(
                ErrorCode.PathIsAmbiguous,
                $"{link.Name} is a link to bundles, and is not followed",
                link.Path,
                advice: "Name the folder it points to."
            )
        );

    /// <summary>The folder of a bundle's database, as its path says; null if it is not the path of a bundle.</summary>
    public static string? HomeOf(string path) =>
        GenerationBundles.IsBundle(path) ? GenerationBundles.ReplicaOf(path)
        : LitestreamNames.TryLtx(Path.GetFileName(path), out _, out _) ? SqliteReplica.OfLevel(path)
        : null;

    private static IEnumerable<BundleReadResult> ReadReplica(SqliteReplica replica, EngineContext context)
    {
        var any = false;
        foreach (var result in LtxBundles.Read(replica, context))
        {
            any = true;
            yield return result;
        }
        // Positions of the two layouts cannot be compared: a replica that was upgraded holds two databases, as it were.
        foreach (var result in GenerationBundles.Read(replica, any ? replica.Name + " (0.3)" : replica.Name, context))
        {
            yield return result;
        }
    }

    private static IEnumerable<BundleReadResult> ReadFile(string path, EngineContext context)
    {
        if (GenerationBundles.IsBundle(path))
        {
            return GenerationBundles.ReadOne(path, context);
        }
        return LitestreamNames.TryLtx(Path.GetFileName(path), out _, out _) || BeginsLikeLtx(path, context.Disk)
            ? [LtxBundles.ReadOne(path, SeriesOf(path), context.Disk)]
            : [];
    }

    private static IEnumerable<BundleReadResult> ReadLevel(string folder, IDisk disk) =>
        SqliteReplica.LtxFilesOf(folder, disk).Select(f => LtxBundles.ReadOne(f.Path, SeriesOf(f.Path), disk));

    /// <summary>The name of the replica that a file of a level is in; of a loose file, that of its folder.</summary>
    private static string SeriesOf(string path) =>
        Path.GetFileName(SqliteReplica.OfLevel(path) ?? Path.GetDirectoryName(path)!);

    private static bool BeginsLikeLtx(string path, IDisk disk) =>
        disk.Beginning(path, 4) is { } start && LtxHeader.ClaimsToBeLtx(start);
}
