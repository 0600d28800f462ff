using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Sqlite;

namespace BackupTools.Engines.Sqlite;

/// <summary>Where a bundle goes, and what it continues.</summary>
/// <param name="Replica">The folder of the database.</param>
/// <param name="MinTxid">First transaction of the bundle; 1 for a full.</param>
/// <param name="MaxTxid">Its last: the next after all that the replica holds.</param>
/// <param name="Since">The bundles whose states a page must be alike in to be left out; none for a full.</param>
/// <param name="PageKey">Secret of the fingerprints; null for a new one.</param>
internal sealed record SqliteDestination(
    SqliteReplica Replica,
    ulong MinTxid,
    ulong MaxTxid,
    IReadOnlyList<BundleHeader> Since,
    string? PageKey
);

/// <summary>Finds out what a capture would do, and refuses it early.</summary>
internal static class SqlitePlan
{
    public static CapturePlan Of(CaptureRequest request, EngineContext context)
    {
        var disk = context.Disk;
        var header = SqliteSource.RequireDatabase(request.SourcePath, disk);
        // SQLite keeps its other files beside the file itself, and not beside a link.
        var file = SqliteSource.FileOf(request.SourcePath, disk);
        SqliteSource.RequireFilesBeside(file, disk);
        SqliteSource.RequireOnlyLog(file, disk);
        var destination = Destination(request, file, header, context);
        RefuseLinks(request.DestinationFolder, destination.Replica, disk);
        var wal = file + "-wal";
        var name = LitestreamNames.LtxFile(destination.MinTxid, destination.MaxTxid);
        var level = request.Kind == BundleKind.Full ? LitestreamNames.SnapshotLevel : 0;
        return new CapturePlan<SqliteDestination>
        {
            Request = request,
            BundlePath = Path.Combine(destination.Replica.Ltx, $"{level}", name),
            ExpectedBytes = LengthOf(file, disk) + LengthOf(wal, disk),
            SourceFiles = disk.Stat(wal) is null ? [request.SourcePath] : [request.SourcePath, wal],
            Start = request.Kind == BundleKind.Full ? null : LtxBundles.Txid(destination.MinTxid - 1),
            Found = destination,
        };
    }

    /// <summary>Links inside a folder of backups are not followed by whoever reads it: nothing must be written behind one.</summary>
    private static void RefuseLinks(string folder, SqliteReplica replica, IDisk disk)
    {
        var levels = Enumerable.Range(0, 10).Select(l => Path.Combine(replica.Ltx, $"{l}"));
        var link = levels
            .Append(replica.Ltx)
            .Append(replica.Folder)
            .FirstOrDefault(f => !SqliteReplica.IsSamePath(f, folder) && disk.Stat(f) is { Kind: DiskEntryKind.Link });
        if (link is not null)
        {
            throw new BackupException(
                ErrorCode.PathIsAmbiguous,
                "this is a link, and links inside a folder of backups are not followed",
                link,
                recommendation: "Replace it with the folder it points to, or name that folder itself as the destination."
            );
        }
    }

    private static SqliteDestination Destination(
        CaptureRequest request,
        string file,
        SqliteHeader? header,
        EngineContext context
    )
    {
        var disk = context.Disk;
        var replica = SqliteReplica.ForSource(request.DestinationFolder, request.Name, file, disk);
        var bundles = LtxBundles
            .Read(replica, context)
            .Where(r => r.Header is not null)
            .Select(r => r.Header!)
            .ToList();
        SqliteMaintenance.RefuseForeign(replica, bundles, disk);
        var max = 1 + replica.HighestTxid(disk);
        if (request.Kind == BundleKind.Full)
        {
            var newest = bundles.Where(HasSide).MaxBy(b => b.End.Value);
            if (newest is not null)
            {
                RefuseOtherDatabase(newest, request.DestinationFolder, file, disk);
            }
            return new SqliteDestination(replica, 1, max, [], newest is null ? null : Side(newest).PageKey);
        }
        var parent =
            request.Parent
            ?? throw new BackupException(
                ErrorCode.NoFullBackup,
                "an increment needs a bundle that it continues",
                request.DestinationFolder
            );
        RefuseParent(parent, request.DestinationFolder, header, file, disk);
        // A page that was changed and changed back since the parent is stored too: Litestream lays the increment on the
        // bundles in between as well.
        var since = bundles.Where(b => b.End.Value > parent.End.Value && b.Id != parent.Id).Prepend(parent).ToList();
        RequireSides(since);
        max = Math.Max(max, parent.End.Value + 1);
        return new SqliteDestination(replica, parent.End.Value + 1, max, since, Side(parent).PageKey);
    }

    private static void RefuseParent(
        BundleHeader parent,
        string destination,
        SqliteHeader? header,
        string sourcePath,
        IDisk disk
    )
    {
        RequireSides([parent]);
        RefuseOtherDatabase(parent, destination, sourcePath, disk);
        var ltx = (LtxBundle)SqliteBundle.Of(parent);
        if (header is not null && ltx.Header.PageSize != header.PageSize)
        {
            throw new BackupException(
                ErrorCode.ForeignEpoch,
                $"the database has pages of {header.PageSize} bytes, and had pages of {ltx.Header.PageSize}",
                sourcePath,
                recommendation: "Take a new full backup: a new page size begins a new chain."
            );
        }
    }

    /// <summary>Without the side files nothing tells which pages have changed.</summary>
    private static void RequireSides(IEnumerable<BundleHeader> bundles)
    {
        if (bundles.FirstOrDefault(b => !HasSide(b)) is { } without)
        {
            throw NothingTells(without);
        }
    }

    /// <summary>What an increment is refused with where the side file of a bundle that it builds on cannot be used.</summary>
    public static BackupException NothingTells(BundleHeader bundle, BackupException? why = null) =>
        new(
            ErrorCode.LogIsGone,
            "the side file of the bundle is missing or damaged, so it is unknown which pages have changed since"
                + (why is null ? "" : $" ({why.Message})"),
            bundle.FullName,
            recommendation: $"Take a new full backup, or use {Spelling.Of("FullIfNeeded")}, which does (into another folder, if Litestream "
                + "writes to this one). Copy bundles with their side files, whose names begin with a dot.",
            inner: why
        );

    private static bool HasSide(BundleHeader bundle) => SqliteBundle.Of(bundle) is LtxBundle { Side: not null };

    /// <summary>Two databases in one folder would be one history for whoever restores it.</summary>
    private static void RefuseOtherDatabase(BundleHeader bundle, string destination, string sourcePath, IDisk disk)
    {
        var path = Side(bundle).SourcePath;
        if (path.Length > 0 && !SqliteReplica.IsSameFile(path, sourcePath, disk))
        {
            var folder = StoreAddress.Of(Path.GetDirectoryName(Path.GetDirectoryName(bundle.FullName))!);
            var isAbove =
                SqliteReplica.OfLevel(bundle.FullName) is { } replica
                && SqliteReplica.IsSamePath(Path.GetDirectoryName(replica) ?? "", destination);
            throw new BackupException(
                ErrorCode.ForeignEpoch,
                $"the backups in {folder} are of the database {path}, not of this one",
                sourcePath,
                recommendation: isAbove
                    ? "Take a new full backup: this folder gives each database a folder of its own."
                    : "Take a new full backup into the folder above, which gives each database a folder of its own."
            );
        }
    }

    private static SqliteSideFile Side(BundleHeader bundle) => ((LtxBundle)SqliteBundle.Of(bundle)).Side!;

    private static long LengthOf(string path, IDisk disk) => disk.Stat(path)?.Length ?? 0;
}
