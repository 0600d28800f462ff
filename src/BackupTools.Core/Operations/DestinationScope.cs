using BackupTools.Files;

namespace BackupTools.Operations;

/// <summary>
/// The folder that an operation writes into: made if it is missing, locked, and swept of what dead runs left. When
/// nothing came of the run, the folders that were made for it are taken away again.
/// </summary>
internal sealed class DestinationScope : IDisposable
{
    private readonly IDisk _disk;
    private readonly List<string> _made;
    private readonly FolderLock _lock;
    private bool _keep;

    private DestinationScope(IDisk disk, List<string> made, FolderLock folderLock)
    {
        _disk = disk;
        _made = made;
        _lock = folderLock;
    }

    /// <summary>Makes, locks and sweeps the folder.</summary>
    /// <exception cref="Errors.BackupException">BackupRunning, AccessDenied, DiskFull, WriteFailed.</exception>
    public static DestinationScope Open(OperationHost host, string folder, string? lockName = null)
    {
        var disk = host.Disk;
        var made = MissingFolders(disk, folder);
        FolderLock? folderLock = null;
        try
        {
            disk.CreateDirectory(folder);
            folderLock = lockName is null
                ? FolderLock.Acquire(disk, folder)
                : FolderLock.Acquire(disk, folder, lockName);
            foreach (var leftover in StagingArea.Sweep(disk, folder))
            {
                host.Verbose?.Invoke($"removed what an interrupted run left behind: {leftover}");
            }
            return new DestinationScope(disk, made, folderLock);
        }
        catch
        {
            folderLock?.Dispose();
            RemoveEmpty(disk, made);
            throw;
        }
    }

    /// <summary>Something was published: the folders that were made stay.</summary>
    public void Keep() => _keep = true;

    public void Dispose()
    {
        _lock.Dispose();
        if (!_keep)
        {
            RemoveEmpty(_disk, _made);
        }
    }

    /// <summary>The folders on the way that do not exist yet, innermost first.</summary>
    private static List<string> MissingFolders(IDisk disk, string folder)
    {
        var missing = new List<string>();
        for (var path = folder; path is not null && disk.Stat(path) is null; path = Path.GetDirectoryName(path))
        {
            missing.Add(path);
        }
        return missing;
    }

    private static void RemoveEmpty(IDisk disk, List<string> folders)
    {
        foreach (var folder in folders)
        {
            if (disk.Stat(folder) is null)
            {
                continue;
            }
            if (disk.List(folder).Count > 0)
            {
                return;
            }
            disk.DeleteDirectory(folder);
        }
    }
}
