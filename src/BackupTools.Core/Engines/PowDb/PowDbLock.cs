using System.Diagnostics;
using System.Globalization;
using System.Text;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.PowDb;

namespace BackupTools.Engines.PowDb;

/// <summary>The LOCK file of a newer engine: the process id of the writer (PowDB format, §1).</summary>
internal sealed record PowDbLock(string Path, string Holder, bool IsLive)
{
    private const int MaxText = 32;

    /// <summary>Reads the lock of a data directory; null when there is none.</summary>
    public static PowDbLock? Read(string folder, EngineContext context)
    {
        var path = System.IO.Path.Combine(folder, PowDbNames.Lock);
        if (context.Disk.Stat(path) is null)
        {
            return null;
        }
        try
        {
            Span<byte> buffer = stackalloc byte[MaxText];
            using var file = context.Disk.OpenRead(path);
            var text = Encoding.Latin1.GetString(buffer[..file.Read(buffer, 0)]).Trim();
            // An unknown holder is treated as alive: that costs a deletion by hand, not a torn copy.
            return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var pid) && pid > 0
                ? new PowDbLock(path, FileUsers.Describe(pid), IsRunning(pid))
                : new PowDbLock(path, "an unknown process", true);
        }
        catch (BackupException e) when (e.Code == ErrorCode.PathNotFound)
        {
            return null; // its engine has just ended
        }
    }

    /// <summary>The error for an operation that the lock forbids.</summary>
    public BackupException InUse(string advice) =>
        new(ErrorCode.SourceInUse, $"the database is locked by {Holder}", Path, recommendation: advice);

    private static bool IsRunning(int pid)
    {
        try
        {
            using var process = Process.GetProcessById(pid);
            return !process.HasExited;
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            return false;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return true; // it is there, but not ours to look at
        }
    }
}
