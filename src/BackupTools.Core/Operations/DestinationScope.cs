using BackupTools.Files;

namespace BackupTools.Operations;

/// <summary>Makes a folder ready to be written into: locked against other runs, and swept of what dead ones left.</summary>
internal static class DestinationScope
{
    /// <summary>
    /// Locks (making the folder if it is missing; it goes again with the lock when nothing came of the run) and sweeps.
    /// </summary>
    /// <exception cref="Errors.BackupException">BackupRunning, AccessDenied, DiskFull, WriteFailed.</exception>
    public static FolderLock Open(OperationHost host, string folder, string? lockName = null)
    {
        var folderLock = FolderLock.Acquire(host.Disk, folder, lockName ?? FolderLock.DefaultName, host.Verbose);
        try
        {
            foreach (var leftover in StagingArea.Sweep(host.Disk, folder, host.Warning))
            {
                host.Verbose?.Invoke($"removed what an interrupted run left behind: {leftover}");
            }
            return folderLock;
        }
        catch
        {
            folderLock.Dispose();
            throw;
        }
    }
}
