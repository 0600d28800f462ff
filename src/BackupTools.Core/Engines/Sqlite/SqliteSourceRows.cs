using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Files;

namespace BackupTools.Engines.Sqlite;

/// <summary>Counts the rows of the database that was backed up, where it still is and can be read.</summary>
internal static class SqliteSourceRows
{
    /// <summary>The rows of each table now; empty where it cannot be read, with the reason as a verbose line.</summary>
    /// <param name="bundle">The bundle that was restored, whose side file tells the path.</param>
    /// <param name="destination">Where it was restored to: that database is no source to compare with.</param>
    /// <param name="context">Disk, cancellation.</param>
    public static IReadOnlyDictionary<string, long> Count(
        BundleHeader bundle,
        string destination,
        EngineContext context
    )
    {
        if (
            bundle.Detail is not LtxBundle { Side.SourcePath: { Length: > 0 } path }
            || SqliteReplica.IsSamePath(path, RealPath.Follow(destination, context.Disk))
            || context.Disk.Stat(path) is not { Kind: DiskEntryKind.File }
        )
        {
            return new Dictionary<string, long>();
        }
        try
        {
            SqliteSource.RequireFilesBeside(path, context.Disk);
            return Count(path, context);
        }
        catch (BackupException e)
        {
            context.Verbose($"the rows are not compared with the source: {e.Describe()}");
            return new Dictionary<string, long>();
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
