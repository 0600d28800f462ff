namespace BackupTools.Files;

/// <summary>
/// The exclusive right to write into a folder, held by an operating-system lock that dies with the process.
/// </summary>
internal sealed class FolderLock : IDisposable
{
    /// <summary>Takes the lock or fails at once with BackupRunning ("backup already running").</summary>
    public static FolderLock Acquire(IDisk disk, string folder, string name = ".backuptools.lock") =>
        throw new NotSupportedException();

    public void Dispose() { }
}
