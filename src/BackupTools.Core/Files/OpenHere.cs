using System.Globalization;
using BackupTools.Errors;
using Microsoft.Win32.SafeHandles;

namespace BackupTools.Files;

/// <summary>
/// Finds out whether this process already has a file open. On Unix the end of any handle on a file drops every record
/// lock that the process has on it, also those of code that we know nothing of, such as a database library that another
/// module brought.
/// </summary>
internal static class OpenHere
{
    private const string Descriptors = "/dev/fd";

    /// <summary>
    /// A handle of somebody else in this process on that file, for reading only: disposing it leaves the handle alone.
    /// Null when there is none, and always on Windows, where locks belong to their handle.
    /// </summary>
    public static IDiskFile? Find(DiskEntry file)
    {
        if (OperatingSystem.IsWindows())
        {
            return null;
        }
        foreach (var name in Directory.EnumerateFileSystemEntries(Descriptors).Select(Path.GetFileName))
        {
            if (!int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            {
                continue;
            }
            var borrowed = new LocalFile(file.Path, new SafeFileHandle(number, ownsHandle: false), writable: false);
            try
            {
                if (borrowed.Stat().IsSameFileAs(file))
                {
                    return borrowed;
                }
            }
            catch (BackupException) { } // closed meanwhile, as the handle of this very listing is
            borrowed.Dispose();
        }
        return null;
    }
}
