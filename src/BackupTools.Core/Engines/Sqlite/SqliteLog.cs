using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Sqlite;

namespace BackupTools.Engines.Sqlite;

/// <summary>The part of a live write-ahead log that belongs to the state of a read transaction.</summary>
/// <remarks>
/// The log is read once, front to back, keeping bytes, not places, which a writer may write over (SQLite format, §2). If
/// all frames of the snapshot are proved, they lie over the file. Otherwise the salts in the header tell why: the same
/// ones mean that a frame is damaged, which SQLite would not notice; other ones, that the log was restarted.
/// </remarks>
internal sealed class SqliteLog(SqliteSession session, StagingArea staging, EngineContext context)
{
    private const int FrameHead = 24;

    /// <summary>A log so long that writing it back must have been prevented for long.</summary>
    private const long HugeLog = 1L << 30;

    /// <summary>The pages to lay over the database file.</summary>
    /// <param name="pageSize">Bytes of a page.</param>
    /// <param name="pages">Pages of the state.</param>
    /// <exception cref="BackupException">SourceDamaged; the log cannot be read.</exception>
    public KeptPages Read(int pageSize, uint pages) =>
        new KeptPages(pageSize, staging, context.Disk).Into(kept =>
        {
            // No snapshot (a rollback journal, or no commit in the log when the transaction began), or one without frames:
            // the file alone is the state, whatever the log holds by now. A reader without frames holds the lock, READ(0),
            // that whoever writes back needs.
            if (session.IsWal && session.Snapshot() is { Frames: > 0 } snapshot)
            {
                using var log = context.Disk.OpenRead(session.WalPath);
                ReadFrames(log, snapshot, kept, pageSize, pages);
            }
            return kept;
        });

    private void ReadFrames(IDiskFile log, SqliteSnapshot snapshot, KeptPages kept, int pageSize, uint pages)
    {
        var length = SqliteWalHeader.Length + ((long)snapshot.Frames * (FrameHead + pageSize));
        if (length > HugeLog)
        {
            context.Warn(
                $"the write-ahead log holds {length >> 20} MiB that were never checkpointed: is there a reader that never ends?"
            );
        }
        using var progress = context.Progress.BeginFile(log.Path, length);
        var scanner = new SqliteWalScanner((number, _, page) => kept.Put(number, page));
        try
        {
            context.Read(log, new FileRange(0, length), scanner.Append);
            if (scanner.Header!.Salts == snapshot.Salts)
            {
                RequireEnd(scanner, pages, log.Path);
                return;
            }
        }
        catch (BackupException e) when (e.Kind == ErrorKind.Damaged)
        {
            if (SaltsNow(log) == snapshot.Salts)
            {
                throw e.At(log.Path).AsSourceDamaged($"the write-ahead log is damaged: {e.Message}");
            }
        }
        // A writer has restarted the log, which it may only do when all of it is in the database file and no reader uses
        // the log; and there it stays, as nothing is written back into a file that a transaction without a log reads.
        context.Verbose("the write-ahead log was restarted: the database file has everything");
        kept.Clear();
    }

    private static void RequireEnd(SqliteWalScanner scanner, uint pages, string path)
    {
        if (!scanner.IsAtCommit || scanner.DatabasePages != pages)
        {
            throw new BackupException(
                ErrorCode.SourceDamaged,
                "the write-ahead log does not end with the commit that SQLite sees",
                path,
                expected: $"{pages} pages",
                actual: $"{scanner.DatabasePages} pages"
            );
        }
    }

    /// <summary>The salts in the log's header; null when there is none (or no longer).</summary>
    private static ulong? SaltsNow(IDiskFile log)
    {
        try
        {
            return SqliteWalHeader.Parse(SqliteFile.Start(log, SqliteWalHeader.Length)).Salts;
        }
        catch (BackupException e) when (e.Kind is ErrorKind.Damaged or ErrorKind.Unsupported)
        {
            return null;
        }
    }
}
