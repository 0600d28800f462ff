using System.Diagnostics;
using System.Runtime.InteropServices;

namespace BackupTools.Tests.Files;

/// <summary>System calls that tests need to set the scene.</summary>
internal static partial class Posix
{
    private const uint Nobody = 65534;

    public static bool IsUnix => !OperatingSystem.IsWindows();

    public static bool IsRoot => !OperatingSystem.IsWindows() && EffectiveUser() == 0;

    public static void MakePipe(string path) => Assert.Equal(0, MkFifo(path, 0x180));

    /// <summary>Runs an action with a umask of its own; the umask is that of the process, so keep it short.</summary>
    public static void WithUmask(int mask, Action action)
    {
        var before = Umask(mask);
        try
        {
            action();
        }
        finally
        {
            _ = Umask(before);
        }
    }

    /// <summary>
    /// Runs an action without root's right to everything: on a thread of its own whose file-system user is nobody.
    /// For any other user it just runs.
    /// </summary>
    public static Exception? AsNobody(Action action)
    {
        Exception? thrown = null;
        var thread = new Thread(() =>
        {
            if (IsRoot)
                _ = SetFsUid(Nobody);
            thrown = Record.Exception(action);
        });
        thread.Start();
        thread.Join();
        return thrown;
    }

    /// <summary>Mounts a memory disk of so many bytes; false where that is not allowed.</summary>
    public static bool TryMountMemory(string folder, int bytes) =>
        Mount("none", folder, "tmpfs", 0, $"size={bytes}") == 0;

    public static void Unmount(string folder) => Assert.Equal(0, Umount(folder, 2));

    /// <summary>How many handles this process has on a file, also after it was deleted. Linux only.</summary>
    /// <summary>True where a program is found by its name.</summary>
    public static bool IsInstalled(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator)
            .Any(folder => File.Exists(Path.Combine(folder, program)));

    public static int OpenHandles(string path) =>
        Directory
            .EnumerateFileSystemEntries("/proc/self/fd")
            .Select(handle => new FileInfo(handle).LinkTarget)
            .Count(target => target == path || target == path + " (deleted)");

    /// <summary>Runs a program to its end and returns its exit code and output.</summary>
    public static (int Code, string Output) Run(string program, params string[] arguments)
    {
        using var process = Start(program, arguments);
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output);
    }

    public static Process Start(string program, params string[] arguments) =>
        Process.Start(
            new ProcessStartInfo(program, arguments)
            {
                RedirectStandardOutput = true,
                RedirectStandardInput = true,
                UseShellExecute = false,
            }
        )!;

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint EffectiveUser();

    [LibraryImport("libc", EntryPoint = "setfsuid")]
    private static partial int SetFsUid(uint user);

    [LibraryImport("libc", EntryPoint = "umask")]
    private static partial int Umask(int mask);

    [LibraryImport("libc", EntryPoint = "mkfifo", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MkFifo(string path, uint mode);

    [LibraryImport("libc", EntryPoint = "mount", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Mount(string source, string target, string type, ulong flags, string data);

    [LibraryImport("libc", EntryPoint = "umount2", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Umount(string target, int flags);
}

/// <summary>A test for Linux and macOS.</summary>
internal sealed class UnixFactAttribute : FactAttribute
{
    public UnixFactAttribute() => Skip = OperatingSystem.IsWindows() ? "needs Unix" : null;
}

/// <summary>A test that runs a program, or is skipped by the program's name.</summary>
internal sealed class ProgramFactAttribute : FactAttribute
{
    public ProgramFactAttribute(string program)
    {
        if (!Posix.IsInstalled(program))
            Skip = $"needs {program}";
    }
}

/// <summary>A test that needs Linux and root, for mounting.</summary>
internal sealed class LinuxRootFactAttribute : FactAttribute
{
    public LinuxRootFactAttribute() => Skip = OperatingSystem.IsLinux() && Posix.IsRoot ? null : "needs root on Linux";
}
