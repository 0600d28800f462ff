using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Files;

namespace BackupTools.Engines.Sqlite;

/// <summary>
/// Counts the rows of the database that was backed up. Only the user names it: the path in a side file may come from
/// anywhere, and opening a database is no small thing.
/// </summary>
internal static class SqliteSourceRows
{
    /// <summary>The rows of each table now; empty where they are not counted, with the reason as a verbose line.</summary>
    /// <param name="bundle">The bundle that was restored.</param>
    /// <param name="request">The named source, and the restore's destination, which is not compared with
    /// itself.</param>
    /// <param name="context">Disk, cancellation.</param>
    public static IReadOnlyDictionary<string, long> Count(
        BundleHeader bundle,
        RestoreRequest request,
        EngineContext context
    )
    {
        if (request.SourcePath is not { } named)
        {
            return new Dictionary<string, long>();
        }
        try
        {
            var path = SqliteSource.FileOf(named, context.Disk);
            RequireSource(bundle, path, request, context.Disk);
            SqliteSource.RequireFilesBeside(path, context.Disk);
            SqliteSource.RequireOnlyLog(path, context.Disk);
            return Count(path, context);
        }
        catch (BackupException e)
        {
            context.Verbose($"the rows are not compared with the source: {e.Describe()}");
            return new Dictionary<string, long>();
        }
    }

    /// <summary>Of the databases of a folder only one is the one that was named.</summary>
    private static void RequireSource(BundleHeader bundle, string path, RestoreRequest request, IDisk disk)
    {
        if (
            (
                SqliteBundle.Of(bundle) is LtxBundle { Side.SourcePath: { Length: > 0 } told }
                && !SqliteReplica.IsSameFile(told, path, disk)
            )
            || SqliteReplica.IsSamePath(path, RealPath.Of(request.DestinationPath, disk))
            || disk.Stat(path) is not { Kind: DiskEntryKind.File }
        )
        {
            throw new BackupException(ErrorCode.ForeignEpoch, $"{bundle.Name} was not made of this database", path);
        }
    }

    private static Dictionary<string, long> Count(string path, EngineContext context)
    {
        // As for a capture: opened first and closed last.
        using var handle = SqliteHandle.Open(path, context.Disk, context.Cancellation);
        var hadLog = context.Disk.Stat(path + "-wal") is not null;
        try
        {
            using var session = SqliteSession.Begin(path, context.Cancellation);
            return SqliteDrill.RowsOf(session).ToDictionary(StringComparer.Ordinal);
        }
        finally
        {
            if (!hadLog)
            {
                SqliteSession.RemoveOwnLog(path, context);
            }
        }
    }
}
