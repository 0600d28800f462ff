using BackupTools.Errors;
using BackupTools.Files;

namespace BackupTools.Engines.Sqlite;

/// <summary>
/// Opening database files so that no lock of this process on them is lost (<see cref="OpenHere"/>): one at a time, and
/// not at all while anything else in the process has the file open.
/// </summary>
internal static class SqliteHandle
{
    private static readonly Lock Gate = new();

    /// <summary>
    /// Opens a database file for a capture. Whatever else the capture opens on it is closed before this handle.
    /// </summary>
    /// <exception cref="BackupException">SourceInUse; the file cannot be opened.</exception>
    public static IDiskFile Open(string path, IDisk disk)
    {
        lock (Gate)
        {
            using var other = Other(path, disk);
            return other is null ? disk.OpenRead(path) : throw InUseHere(path);
        }
    }

    /// <summary>The first bytes of a file, whoever has it open; fewer than asked for only where the file ends.</summary>
    /// <exception cref="BackupException">The file cannot be read.</exception>
    public static byte[] Start(string path, int length, IDisk disk, out bool isOpenHere)
    {
        lock (Gate)
        {
            using var other = Other(path, disk);
            isOpenHere = other is not null;
            if (other is not null)
            {
                return SqliteFile.Start(other, length);
            }
            using var file = disk.OpenRead(path);
            return SqliteFile.Start(file, length);
        }
    }

    /// <summary>Where the file itself lies: SQLite keeps its other files there, and not beside a link.</summary>
    public static string RealPath(string path, IDisk disk)
    {
        if (disk.Stat(path) is not { Kind: DiskEntryKind.Link })
        {
            return path;
        }
        try
        {
            return File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;
        }
        catch (Exception e) when (DiskErrors.IsDiskFailure(e))
        {
            throw DiskErrors.From(e, path, writing: false);
        }
    }

    /// <summary>Refuses a file that something else in this process has open; one that is not there is fine.</summary>
    /// <exception cref="BackupException">SourceInUse.</exception>
    public static void RefuseOpenHere(string path, IDisk disk)
    {
        using var other = Other(path, disk);
        if (other is not null)
        {
            throw InUseHere(path);
        }
    }

    public static BackupException InUseHere(string path) =>
        new(
            ErrorCode.SourceInUse,
            "this process has the database open itself, and would lose its locks on it by reading the file",
            path,
            recommendation: "Close the connection, or run the command in another process (pwsh -Command, or backuptools)."
        );

    /// <summary>What else in this process has the file open.</summary>
    private static IDiskFile? Other(string path, IDisk disk) =>
        disk.Stat(RealPath(path, disk)) is { Kind: DiskEntryKind.File } entry ? OpenHere.Find(entry) : null;
}
