using System.Text.RegularExpressions;
using BackupTools.Tests.FrontEnds;

namespace BackupTools.Crash;

/// <summary>A system call to be hit: the so-manieth of its kind in the thread that makes it.</summary>
/// <param name="Call">Its name.</param>
/// <param name="Number">Which of its calls in a thread; 0 for all of them.</param>
internal readonly record struct CrashPoint(string Call, int Number);

/// <summary>How a console run under strace ended.</summary>
/// <param name="ExitCode">Of the console; 137 when it was killed.</param>
/// <param name="Error">Its standard error.</param>
/// <param name="Hit">The call that was meant, as strace printed it; null when no injected call touched the folder.</param>
internal sealed record StraceResult(int ExitCode, string Error, string? Hit);

/// <summary>Runs the console under strace, to count its system calls and to make one of them fail.</summary>
internal static partial class Strace
{
    /// <summary>The fault that ends the process before the call.</summary>
    public const string Kill = "SIGKILL";

    private static readonly string[] s_calls =
    [
        "write",
        "pwrite64",
        "writev",
        "pwritev",
        "openat",
        "open",
        "creat",
        "rename",
        "renameat",
        "renameat2",
        "mkdir",
        "mkdirat",
        "link",
        "linkat",
        "symlink",
        "symlinkat",
        "unlink",
        "unlinkat",
        "rmdir",
        "fsync",
        "fdatasync",
        "ftruncate",
        "fallocate",
        "copy_file_range",
        "sendfile",
        "ioctl",
        "fchmod",
        "chmod",
        "fchmodat",
        "utimensat",
        "msync",
        "sync_file_range",
    ];

    private static readonly Dictionary<string, string> s_environment = new(StringComparer.Ordinal)
    {
        ["DOTNET_EnableDiagnostics"] = "0",
        // One file at a time, or a call would have another number, in another thread, in every run.
        ["DOTNET_PROCESSOR_COUNT"] = "1",
        ["DOTNET_TieredPGO"] = "0",
        ["DOTNET_NOLOGO"] = "1",
    };

    /// <summary>Why it cannot be used here; null when it can.</summary>
    public static string? Missing { get; } = FindMissing();

    /// <summary>The calls with which a run changes what is below a folder.</summary>
    public static IReadOnlyList<CrashPoint> Count(string folder, IReadOnlyList<string> arguments)
    {
        var log = Path.GetTempFileName();
        try
        {
            var run = Run(
                log,
                ["--seccomp-bpf", "-e", $"trace={string.Join(',', s_calls.Select(c => $"?{c}"))}"],
                folder,
                arguments
            );
            Assert.True(run.ExitCode == 0, run.ToString());
            var seen = new Dictionary<(string, string), int>();
            var points = new List<CrashPoint>();
            foreach (var line in File.ReadLines(log))
            {
                if (Entry().Match(line) is not { Success: true } entry)
                {
                    continue; // the second half of a call, or a thread's end
                }
                var call = entry.Groups["call"].Value;
                var key = (entry.Groups["thread"].Value, call);
                seen[key] = seen.GetValueOrDefault(key) + 1;
                if (Changes(line, call, folder))
                {
                    points.Add(new CrashPoint(call, seen[key]));
                }
            }
            return [.. points.Distinct()];
        }
        finally
        {
            File.Delete(log);
        }
    }

    /// <summary>Runs with one fault: an errno's name, or <see cref="Kill"/>.</summary>
    public static StraceResult Inject(CrashPoint point, string fault, string folder, IReadOnlyList<string> arguments)
    {
        var log = Path.GetTempFileName();
        try
        {
            var what = fault == Kill ? $"signal={Kill}" : $"error={fault}";
            // Calls that are stopped by a filter in the kernel are faster, but then strace sends no signals.
            var run = Run(
                log,
                [
                    .. fault == Kill ? Array.Empty<string>() : ["--seccomp-bpf"],
                    "-e",
                    $"trace={point.Call}",
                    "-e",
                    $"inject={point.Call}:{what}:when={(point.Number == 0 ? "1+" : point.Number)}",
                ],
                folder,
                arguments
            );
            var lines = File.ReadAllLines(log);
            var hit =
                fault != Kill ? lines.FirstOrDefault(l => l.Contains("(INJECTED)") && Changes(l, point.Call, folder))
                : lines.Any(l => l.Contains("killed by SIGKILL"))
                    ? lines.LastOrDefault(l => Changes(l, point.Call, folder))
                : null;
            return new StraceResult(run.ExitCode, run.Error, hit);
        }
        finally
        {
            File.Delete(log);
        }
    }

    private static bool Changes(string line, string call, string folder) =>
        line.Contains(folder, StringComparison.Ordinal)
        && call switch
        {
            "openat" or "open" => Writing().IsMatch(line),
            "ioctl" => line.Contains("FICLONE", StringComparison.Ordinal),
            _ => true,
        };

    // -s 0: what is written must not be taken for a path. -y: descriptors with their paths.
    private static ChildResult Run(string log, string[] options, string folder, IReadOnlyList<string> arguments) =>
        ChildProcess.Run(
            "strace",
            [
                "-f",
                "-qq",
                "-y",
                "-s",
                "0",
                "-o",
                log,
                .. options,
                "--",
                "dotnet",
                "exec",
                ChildProcess.ConsoleDll,
                .. arguments,
            ],
            folder,
            s_environment
        );

    private static string? FindMissing()
    {
        if (!OperatingSystem.IsLinux())
        {
            return "strace is for Linux";
        }
        try
        {
            var run = ChildProcess.Run(
                "strace",
                ["-f", "--seccomp-bpf", "-o", "/dev/null", "true"],
                Path.GetTempPath()
            );
            return run.ExitCode == 0 ? null : $"strace may not trace here: {run.Error.Trim()}";
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return "strace is not installed";
        }
    }

    [GeneratedRegex(@"^(?<thread>\d+)\s+(?<call>\w+)\(", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Entry();

    [GeneratedRegex("O_CREAT|O_RDWR|O_WRONLY|O_TRUNC", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Writing();
}
