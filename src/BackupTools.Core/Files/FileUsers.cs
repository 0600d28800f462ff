using System.Diagnostics;
using System.Globalization;
using BackupTools.Files.Native;

namespace BackupTools.Files;

/// <summary>
/// Which other programs use a file, so that an error can say which one to end: on Windows those that have it open, on Linux
/// those that have a lock on it. Nobody where the system does not tell: of other accounts' programs, and on macOS.
/// </summary>
internal static class FileUsers
{
    private const string LinuxLocks = "/proc/locks";
    private const int MostNamed = 3;

    /// <summary>The problem, and the programs that cause it, if known.</summary>
    public static string Name(string problem, string path)
    {
        var others = Of(path).Where(id => id != Environment.ProcessId).Distinct().Select(Describe).Take(MostNamed);
        return string.Join(", ", others) is { Length: > 0 } names ? $"{problem}: {names}" : problem;
    }

    /// <summary>A process by its name, where it still runs, and its number.</summary>
    public static string Describe(int id)
    {
        try
        {
            using var process = Process.GetProcessById(id);
            return $"{process.ProcessName} (process {id})";
        }
        catch (Exception e)
            when (e is ArgumentException or InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            return $"process {id}"; // it has ended, or is not ours to look at
        }
    }

    private static IEnumerable<int> Of(string path) =>
        OperatingSystem.IsWindows() ? RestartManager.UsersOf(path)
        : OperatingSystem.IsLinux() && Linux.Stat(path, out _) is { } file ? WithLock(file)
        : [];

    /// <summary>Lines such as "1: FLOCK  ADVISORY  WRITE 4711 fe:00:836838 0 EOF".</summary>
    private static IEnumerable<int> WithLock(DiskEntry file)
    {
        var place = string.Create(
            CultureInfo.InvariantCulture,
            $"{file.Device >> 32:x2}:{(uint)file.Device:x2}:{file.Inode}"
        );
        string[] lines;
        try
        {
            lines = File.ReadAllLines(LinuxLocks);
        }
        catch (Exception e) when (DiskErrors.IsDiskFailure(e))
        {
            yield break; // no /proc here
        }
        foreach (var line in lines)
        {
            // "->" stands before what only waits for a lock.
            if (
                line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, not "->", _, _, var id, var at, ..]
                && at == place
                && int.TryParse(id, CultureInfo.InvariantCulture, out var number)
                && number > 0 // else one that no single process has, or of another container
            )
            {
                yield return number;
            }
        }
    }
}
