using System.Buffers.Text;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace BackupTools.Benchmarks.Compare;

/// <summary>Runs a program to its end and measures it from outside.</summary>
internal static partial class ChildProcess
{
    private const int Children = -1;

    /// <summary>How often the resident set is read. Its high-water mark cannot fall, so only a last spurt is missed.</summary>
    private static readonly TimeSpan MemoryInterval = TimeSpan.FromMilliseconds(5);

    /// <summary>Runs and measures; the program must succeed.</summary>
    /// <exception cref="InvalidOperationException">The program failed; the message holds what it said.</exception>
    public static Measurement Run(ProgramCall call)
    {
        var info = new ProcessStartInfo(call.Program, call.Arguments)
        {
            UseShellExecute = false,
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        foreach (var (name, value) in call.Environment)
        {
            info.Environment[name] = value;
        }
        var before = Usage();
        var started = Stopwatch.GetTimestamp();
        using var process = Process.Start(info)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        var memory = OperatingSystem.IsLinux() ? WatchMemory(process) : null;
        process.WaitForExit();
        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        var after = Usage();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException(
                $"{call} ended with code {process.ExitCode}: {errors.Result} {output.Result}"
            );
        }
        return new Measurement(
            seconds,
            after is null ? null : after.Value.CpuSeconds - before!.Value.CpuSeconds,
            memory?.Result,
            after is null ? null : after.Value.BytesWritten - before!.Value.BytesWritten
        );
    }

    private static Task<long?> WatchMemory(Process process)
    {
        var path = $"/proc/{process.Id}/status";
        return Task.Run(async () =>
        {
            long? peak = null;
            var buffer = new byte[8192];
            while (!process.HasExited)
            {
                peak = ReadPeak(path, buffer) ?? peak;
                await Task.Delay(MemoryInterval).ConfigureAwait(false);
            }
            return peak;
        });
    }

    private static long? ReadPeak(string path, byte[] buffer)
    {
        try
        {
            using var file = File.OpenHandle(path);
            var text = buffer.AsSpan(0, RandomAccess.Read(file, buffer, 0));
            var at = text.IndexOf("VmHWM:"u8);
            return at >= 0 && Utf8Parser.TryParse(text[(at + 6)..].TrimStart(" \t"u8), out long kilobytes, out _)
                ? kilobytes * 1024
                : null;
        }
        catch (IOException)
        {
            return null; // it has ended meanwhile
        }
    }

    /// <summary>What all children that have ended so far have used together.</summary>
    private static (double CpuSeconds, long BytesWritten)? Usage()
    {
        if (!OperatingSystem.IsLinux() || !Environment.Is64BitProcess)
        {
            return null;
        }
        // struct rusage: two timevals, then fourteen longs of which the ninth counts blocks of 512 bytes written.
        Span<long> usage = stackalloc long[18];
        if (GetUsage(Children, usage) != 0)
        {
            return null;
        }
        return (usage[0] + usage[2] + ((usage[1] + usage[3]) / 1e6), usage[12] * 512);
    }

    [LibraryImport("libc", EntryPoint = "getrusage")]
    private static partial int GetUsage(int who, Span<long> usage);
}

/// <summary>A program with its arguments and what it needs in its environment.</summary>
internal sealed record ProgramCall(string Program, params string[] Arguments)
{
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    public override string ToString() => $"{Program} {string.Join(' ', Arguments)}";
}
