using BackupTools.Errors;
using BackupTools.Files;

namespace BackupTools.Operations;

/// <summary>A folder: bundles are put together in it, and renamed.</summary>
internal sealed class FolderDestination : IDestination
{
    private readonly string _folder;
    private readonly OperationHost _host;
    private readonly FolderLock _lock;

    /// <summary>Locks the folder; waits for another run that has it.</summary>
    /// <exception cref="BackupException">BackupRunning, AccessDenied, DiskFull, WriteFailed.</exception>
    public FolderDestination(string folder, string lockName, OperationHost host)
    {
        (_folder, _host) = (folder, host);
        _lock = FolderLock.AcquireWithin(
            host.LockTimeout,
            host.Disk,
            folder,
            lockName,
            host.Verbose,
            host.Warning,
            host.Cancellation
        );
        try
        {
            foreach (var leftover in StagingArea.Sweep(host.Disk, folder, host.Warning))
            {
                host.Verbose?.Invoke($"removed what an interrupted run left behind: {leftover}");
            }
        }
        catch
        {
            _lock.Dispose();
            throw;
        }
    }

    public int Passes => 1;

    public StagingArea Stage(bool goesOn = false, bool isCounted = false) =>
        StagingArea.Create(_host.Disk, _folder, _host.Clock, _host.Warning);

    public void Publish(StagingArea staging, IReadOnlyList<PublishStep> steps, string bundle, long length = 0) =>
        staging.Publish(steps, _host.Cancellation);

    public IReadOnlyDictionary<string, BackupException> Retained(IReadOnlyList<string> bundles) =>
        new Dictionary<string, BackupException>();

    public void Complete() { }

    public void Dispose() => _lock.Dispose();
}
