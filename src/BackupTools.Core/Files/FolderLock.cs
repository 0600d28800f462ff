using System.Diagnostics;
using System.Globalization;
using System.Text;
using BackupTools.Errors;

namespace BackupTools.Files;

/// <summary>
/// The exclusive right to write into a folder, held by an operating-system lock that dies with the process. The lock
/// file names its holder for people; only the lock counts.
/// </summary>
internal sealed class FolderLock : IDisposable
{
    /// <summary>The lock file of a folder of bundles, or of a data folder that is restored into from within.</summary>
    public const string DefaultName = ".backuptools.lock";

    private const int MaxHolderText = 200;
    private const int Rounds = 10;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(250);

    private readonly IDisk _disk;
    private readonly CreatedFolders _folders;
    private readonly Action<string>? _tell;
    private IDiskFile? _file;

    private FolderLock(IDisk disk, CreatedFolders folders, IDiskFile file, Action<string>? tell)
    {
        _disk = disk;
        _folders = folders;
        _file = file;
        _tell = tell;
    }

    /// <summary>
    /// Takes the lock; if another run has it, waits at most that long. Each attempt creates the folder again, as the
    /// holder may take it back. <paramref name="tell"/> hears of the wait, and <paramref name="warn"/> what could not be
    /// removed.
    /// </summary>
    /// <exception cref="BackupException">BackupRunning: it was held all the time; and what the disk has to say.</exception>
    public static FolderLock AcquireWithin(
        TimeSpan timeout,
        IDisk disk,
        string folder,
        string name,
        Action<string>? tell,
        Action<string>? warn,
        CancellationToken stop
    )
    {
        var began = Stopwatch.GetTimestamp();
        for (var pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            try
            {
                return Acquire(disk, folder, name, warn);
            }
            catch (BackupException e) when (e.Code == ErrorCode.BackupRunning)
            {
                var left = timeout - Stopwatch.GetElapsedTime(began);
                if (left <= TimeSpan.Zero)
                    throw;
                if (pause == FirstPause)
                    tell?.Invoke($"waiting for up to {left.TotalSeconds:0} s: {e.Message}");
                stop.WaitHandle.WaitOne(pause < left ? pause : left);
                stop.ThrowIfCancellationRequested();
            }
        }
    }

    /// <summary>
    /// Takes the lock or fails at once with BackupRunning ("backup already running"). Makes the folder if it is
    /// missing, and takes it back on release if it is still empty; <paramref name="tell"/> hears what could not be removed.
    /// </summary>
    public static FolderLock Acquire(IDisk disk, string folder, string name = DefaultName, Action<string>? tell = null)
    {
        var path = Path.Combine(folder, name);
        for (var round = 0; ; round++)
        {
            var folders = CreatedFolders.Ensure(disk, folder, tell);
            try
            {
                var file = disk.TryLock(path) ?? throw Running(disk, path);
                var held = new FolderLock(disk, folders, file, tell);
                held.NameHolder(file);
                return held;
            }
            catch (BackupException e) when (e.Code == ErrorCode.PathNotFound && round < Rounds)
            {
                // The last holder has just taken the folder back.
            }
            catch
            {
                folders.RemoveIfEmpty();
                throw;
            }
        }
    }

    /// <summary>Deletes the lock file while it is held, so that nobody can lock a file that is about to go.</summary>
    public void Dispose()
    {
        if (_file is not { } file)
            return;
        _file = null;
        Removal.Try(() => _disk.DeleteFile(file.Path), _tell);
        file.Dispose();
        _folders.RemoveIfEmpty();
    }

    /// <summary>Who this process is, for people.</summary>
    public static string Holder()
    {
        using var process = Process.GetCurrentProcess();
        var start = process
            .StartTime.ToUniversalTime()
            .ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        return $"process {Environment.ProcessId} on {Environment.MachineName}, started {start}";
    }

    private void NameHolder(IDiskFile file)
    {
        try
        {
            file.SetLength(0);
            file.Write(Encoding.UTF8.GetBytes(Holder()), 0);
        }
        catch (BackupException e) when (e.Code == ErrorCode.DiskFull)
        {
            // Whoever wants to free space on a full disk needs the lock, not the text.
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    private static BackupException Running(IDisk disk, string path) =>
        new(ErrorCode.BackupRunning, "backup already running" + Holder(disk, path), path);

    private static string Holder(IDisk disk, string path)
    {
        try
        {
            Span<byte> buffer = stackalloc byte[MaxHolderText];
            using var file = disk.OpenRead(path);
            var text = Encoding.UTF8.GetString(buffer[..file.Read(buffer, 0)]);
            var shown = new string([.. text.Where(c => !char.IsControl(c))]);
            return shown.Length == 0 ? "" : $" ({shown})";
        }
        catch (BackupException)
        {
            return ""; // it was released meanwhile, or may not be read: the name is a courtesy
        }
    }
}
