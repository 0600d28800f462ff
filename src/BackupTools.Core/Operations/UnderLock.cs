using BackupTools.Errors;
using BackupTools.Files;

namespace BackupTools.Operations;

/// <summary>
/// How every verb that writes does its work: alone at the destination, with a plan made from what is there then. The
/// plan that was shown may be out of date.
/// </summary>
internal static class UnderLock
{
    /// <summary>
    /// Takes the destination (making the folder if it is missing; it goes again with the lock when nothing came of the
    /// run), sweeps it of what interrupted runs left, plans, and does the work. Waits for another run that has it.
    /// </summary>
    /// <exception cref="BackupException">
    /// BackupRunning, AccessDenied, DiskFull, WriteFailed, and what planning and the work throw.
    /// </exception>
    public static TReport Execute<TPlan, TReport>(
        OperationHost host,
        string folder,
        Func<TPlan> plan,
        Func<TPlan, IDestination, TReport> work,
        string? lockName = null
    )
    {
        try
        {
            host.Progress.Activity = "waiting for the lock of the folder";
            using IDestination destination = StoreAddress.Is(folder)
                ? new StoreDestination(folder, host)
                : new FolderDestination(folder, lockName ?? FolderLock.DefaultName, host);
            host.Progress.Activity = "";
            var report = work(plan(), destination);
            destination.Complete();
            return report;
        }
        catch (BackupException e) when (StoreAddress.Is(folder) && IsOfSpool(e, host))
        {
            throw e.As(
                e.Code,
                e.Message,
                $"Free space there, or name with {Spelling.Of("SpoolPath")} a folder with more, in which bundles are put together before they are sent."
            );
        }
    }

    /// <summary>The disk is full on which bundles wait until they are sent.</summary>
    private static bool IsOfSpool(BackupException error, OperationHost host) =>
        error is { Code: ErrorCode.DiskFull, FullName: { } full }
        && full.StartsWith(StoreDestination.SpoolOf(host), StringComparison.Ordinal);
}
