using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Sqlite;

namespace BackupTools.Engines.Sqlite;

/// <summary>
/// A handle on a database file during a capture. Everything here sees to it that no lock of this process on a database is
/// lost (<see cref="OpenHere"/>): a file is opened by one capture at a time, and not at all while code that is not ours
/// has it open.
/// </summary>
internal sealed class SqliteHandle(IDiskFile file, (ulong Device, ulong Inode) key) : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);
    private static readonly Lock Gate = new();
    private static readonly HashSet<(ulong Device, ulong Inode)> Ours = [];

    public IDiskFile File => file;

    /// <summary>
    /// Opens a database file for a capture, once no other capture of this process has it open. Whatever else the capture
    /// opens on it is closed before this handle.
    /// </summary>
    /// <exception cref="BackupException">SourceInUse; the file cannot be opened.</exception>
    public static SqliteHandle Open(string path, IDisk disk, CancellationToken cancellation)
    {
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            lock (Gate)
            {
                if (Look(path, disk) is not { } entry || !Ours.Contains(Key(entry)))
                {
                    RefuseOpenHere(path, disk);
                    var file = disk.OpenRead(path);
                    var key = Key(file.Stat());
                    Ours.Add(key);
                    return new SqliteHandle(file, key);
                }
            }
            cancellation.WaitHandle.WaitOne(Pause);
        }
    }

    /// <summary>The first bytes of a file, whoever has it open; fewer than asked for only where the file ends.</summary>
    /// <param name="path">The file.</param>
    /// <param name="length">Bytes to read.</param>
    /// <param name="disk">The disk.</param>
    /// <param name="isOpenHere">True when code of this process that is not ours has it open.</param>
    /// <exception cref="BackupException">The file cannot be read.</exception>
    public static byte[] Start(string path, int length, IDisk disk, out bool isOpenHere)
    {
        lock (Gate)
        {
            using var other = Other(path, disk);
            isOpenHere = other is not null && !Ours.Contains(Key(other.Stat()));
            if (other is not null)
            {
                return SqliteFile.Start(other, length);
            }
            using var file = disk.OpenRead(path);
            return SqliteFile.Start(file, length);
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

    /// <summary>
    /// True when another program holds a database for itself alone: it writes, or is in exclusive locking mode. False for
    /// one that is not there.
    /// </summary>
    /// <exception cref="BackupException">SourceInUse: this process has the file open; the file cannot be read.</exception>
    public static bool IsHeldElsewhere(string path, IDisk disk)
    {
        lock (Gate)
        {
            RefuseOpenHere(path, disk);
            return Look(path, disk) is { Kind: DiskEntryKind.File } file
                && RecordLocks.AreHeld(file.Path, new FileRange(SqlitePages.FirstLocked, SqlitePages.AfterLocked));
        }
    }

    public static BackupException InUseHere(string path) =>
        new(
            ErrorCode.SourceInUse,
            "this process has the database open itself, and would lose its locks on it by reading the file",
            path,
            recommendation: $"Close the connection, or back up from a separate process: {Spelling.Of("TakeBackup")}, or the program backuptools."
        );

    public void Dispose()
    {
        lock (Gate)
        {
            File.Dispose();
            Ours.Remove(key);
        }
    }

    private static (ulong Device, ulong Inode) Key(DiskEntry entry) => (entry.Device, entry.Inode);

    private static DiskEntry? Look(string path, IDisk disk) => disk.Stat(RealPath.Follow(path, disk));

    /// <summary>What in this process has the file open.</summary>
    private static IDiskFile? Other(string path, IDisk disk) =>
        Look(path, disk) is { Kind: DiskEntryKind.File } entry ? OpenHere.Find(entry) : null;
}
