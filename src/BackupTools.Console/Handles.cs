using System.Runtime.InteropServices;
using BackupTools.Errors;

namespace BackupTools.Console;

/// <summary>
/// With very few handles the runtime cannot load the libraries, and ends with whatever it missed. Nothing of them is used
/// here, not even the console.
/// </summary>
internal static partial class Handles
{
    // The runtime and the libraries of all engines take about 70, and the work itself some more.
    private const ulong Fewest = 96;

    private const int LimitOfLinux = 7;
    private const int LimitOfMac = 8;
    private const int StandardError = 2;

    /// <summary>
    /// The exit code if the process may not have enough handles, after reporting that; otherwise null.
    /// </summary>
    public static unsafe int? Missing()
    {
        var limits = stackalloc ulong[2]; // soft, hard
        if (
            OperatingSystem.IsWindows()
            || GetLimit(OperatingSystem.IsMacOS() ? LimitOfMac : LimitOfLinux, limits) != 0
            || limits[0] >= Fewest
        )
        {
            return null;
        }
        Tell("error ReadFailed: too many files are open: this process may have ");
        Tell(limits[0].ToString());
        Tell(" handles, and needs at least 96. Raise the limit (ulimit -n, LimitNOFILE= of a service).\n");
        return (int)ErrorKind.Disk;
    }

    private static unsafe void Tell(string ascii)
    {
        var bytes = stackalloc byte[ascii.Length];
        for (var i = 0; i < ascii.Length; i++)
        {
            bytes[i] = (byte)ascii[i];
        }
        _ = Write(StandardError, bytes, ascii.Length);
    }

    [DllImport("libc", EntryPoint = "getrlimit", ExactSpelling = true)]
    private static extern unsafe int GetLimit(int resource, ulong* limits);

    [DllImport("libc", EntryPoint = "write", ExactSpelling = true)]
    private static extern unsafe nint Write(int handle, byte* bytes, nint count);
}
