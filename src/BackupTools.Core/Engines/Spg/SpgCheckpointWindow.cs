namespace BackupTools.Engines.Spg;

/// <summary>
/// Between the two steps of a CHECKPOINT (new database file, then log cut to nothing) the new database stands beside
/// the old log, and both together would hold every row twice. The window shows in the times: the database file is not
/// older than the log's last write (SPG format, §4.6).
/// </summary>
/// <remarks>
/// The server takes no frame during a CHECKPOINT, so its database file is never older than the last frame before it. A
/// log that is empty or was written later has therefore been cut, and all that is read of it from then on is of the epoch
/// that this database file began. Coarse times make equal times more likely, which waits; a log that is not cut yet
/// never looks cut.
/// </remarks>
internal static class SpgCheckpointWindow
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);

    // A database file that is really newer: a checkpoint at work, or a server that died in it.
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(2);

    // Both in the same tick of the file system's clock: most likely two files made one after the other.
    private static readonly TimeSpan TickWait = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Opens the source once the window has passed. When it does not pass, a server died in it, or the files are copies: it
    /// is opened as it is, since the server itself would read both.
    /// </summary>
    public static SpgSource OpenOutside(SpgFiles files, EngineContext context)
    {
        var started = Environment.TickCount64;
        while (true)
        {
            var source = SpgSource.Open(files, context.Disk);
            try
            {
                var window = source.CheckpointWindow;
                if (window < 0)
                {
                    return source;
                }
                var waited = TimeSpan.FromMilliseconds(Environment.TickCount64 - started);
                if (waited >= (window > 0 ? LongestWait : TickWait))
                {
                    if (window > 0)
                    {
                        context.Warn(
                            "the database file is newer than the last write to its log: if the server died inside a "
                                + "CHECKPOINT, the log's rows are in the database already. Both were captured as they "
                                + $"are, as the server would read them ({files.Database})"
                        );
                    }
                    return source;
                }
            }
            catch
            {
                source.Dispose();
                throw;
            }
            source.Dispose();
            context.Cancellation.WaitHandle.WaitOne(Poll);
            context.Cancellation.ThrowIfCancellationRequested();
        }
    }
}
