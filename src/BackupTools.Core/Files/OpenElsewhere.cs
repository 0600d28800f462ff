using BackupTools.Files.Native;

namespace BackupTools.Files;

/// <summary>
/// Windows renames, replaces and removes nothing that somebody has open, and scanners, indexers and other readers have each
/// file open for a moment. So what is refused for that is tried again for a second.
/// </summary>
internal static class OpenElsewhere
{
    private const int Attempts = 10;

    /// <summary>The error of the last attempt; 0 where one succeeded.</summary>
    public static int Outlast(Func<int> attempt)
    {
        var error = attempt();
        for (var failed = 0; IsRefusal(error) && Wait(failed); failed++)
        {
            error = attempt();
        }
        return error;
    }

    /// <summary>Waits, each time twice as long: 1 ms to half a second. False where it is not worth another attempt.</summary>
    public static bool Wait(int failed)
    {
        if (!OperatingSystem.IsWindows() || failed >= Attempts)
        {
            return false;
        }
        Thread.Sleep(1 << failed);
        return true;
    }

    /// <summary>
    /// Whether a call failed because a program has the file open, or a file of the folder, or stands in the folder: Windows says
    /// of that, too, that access is denied.
    /// </summary>
    public static bool Explains(int error, string path) =>
        IsRefusal(error)
        && (Directory.Exists(path) ? error == WindowsError.SharingViolation || HoldsBelow(path) : Holds(path));

    private static bool HoldsBelow(string folder)
    {
        try
        {
            return Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Any(Holds);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false; // it may not be looked at: that is why, then
        }
    }

    private static bool Holds(string path)
    {
        try
        {
            using var alone = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.None);
            return false;
        }
        catch (IOException e)
        {
            return (e.HResult & 0xFFFF) == WindowsError.SharingViolation;
        }
        catch (UnauthorizedAccessException)
        {
            return false; // a folder, or one that we may not open
        }
    }

    /// <summary>Windows says either, depending on what is asked for.</summary>
    public static bool IsRefusal(int error) => error is WindowsError.AccessDenied or WindowsError.SharingViolation;
}
