using BackupTools.Files;

namespace BackupTools.Operations;

/// <summary>
/// How every verb that writes does its work: alone in the folder, and by a plan of what is there then. The plan that was
/// shown may be out of date.
/// </summary>
internal static class UnderLock
{
    /// <summary>
    /// Locks the folder (making it if it is missing; it goes again with the lock when nothing came of the run), sweeps it
    /// of what dead runs left, plans, and does the work.
    /// </summary>
    /// <exception cref="Errors.BackupException">
    /// BackupRunning, AccessDenied, DiskFull, WriteFailed, and what planning and the work throw.
    /// </exception>
    public static TReport Execute<TPlan, TReport>(
        OperationHost host,
        string folder,
        Func<TPlan> plan,
        Func<TPlan, TReport> work,
        string? lockName = null
    )
    {
        using var folderLock = FolderLock.Acquire(host.Disk, folder, lockName ?? FolderLock.DefaultName, host.Verbose);
        foreach (var leftover in StagingArea.Sweep(host.Disk, folder, host.Warning))
        {
            host.Verbose?.Invoke($"removed what an interrupted run left behind: {leftover}");
        }
        return work(plan());
    }
}
