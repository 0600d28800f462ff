using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace BackupTools.Benchmarks.Compare;

/// <summary>Where rows were measured; without it they say nothing.</summary>
internal sealed record Machine
{
    /// <summary>The day, UTC.</summary>
    public required string Date { get; init; }

    public required string Processor { get; init; }

    public required int Cores { get; init; }

    /// <summary>Bits that one instruction works on; checksums depend on it.</summary>
    public required int VectorBits { get; init; }

    public required double MemoryGibibytes { get; init; }

    /// <summary>File system and device of the folder that was worked in.</summary>
    public required string Disk { get; init; }

    /// <summary>MiB that are written and flushed in a second.</summary>
    public required double DiskSpeed { get; init; }

    /// <summary>Processes that wanted to run when it began; above 0 the machine was busy with other work.</summary>
    public required double Load { get; init; }

    public required string System { get; init; }

    public override string ToString() =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{Date}: {Processor}, {Cores} cores, vectors of {VectorBits} bits, {MemoryGibibytes:0} GiB; {Disk}, {DiskSpeed:0} MiB/s "
                + $"flushed; load {Load:0.0} at the beginning; {System}"
        );

    /// <summary>Looks at this machine and at the disk of a folder.</summary>
    public static Machine Here(string folder) =>
        new()
        {
            Date = DateTime.UtcNow.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
            Processor = ProcessorName(),
            Cores = Environment.ProcessorCount,
            VectorBits =
                Vector512.IsHardwareAccelerated ? 512
                : Vector256.IsHardwareAccelerated ? 256
                : 128,
            MemoryGibibytes = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (double)(1 << 30),
            Disk = DiskOf(folder),
            DiskSpeed = SpeedOf(folder),
            Load = LoadNow(),
            System = $"{RuntimeInformation.OSDescription}, {RuntimeInformation.FrameworkDescription}",
        };

    private static string ProcessorName() =>
        File.Exists("/proc/cpuinfo")
            ? File.ReadLines("/proc/cpuinfo")
                .FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))
                ?.Split(':')[1]
                .Trim()
                ?? $"{RuntimeInformation.ProcessArchitecture}"
            : $"{RuntimeInformation.ProcessArchitecture}";

    private static string DiskOf(string folder)
    {
        var drive = DriveInfo
            .GetDrives()
            .Where(d => folder.StartsWith(d.Name, StringComparison.Ordinal))
            .MaxBy(d => d.Name.Length);
        var device = File.Exists("/proc/mounts")
            ? File.ReadLines("/proc/mounts").Select(l => l.Split(' ')).LastOrDefault(p => p[1] == drive?.Name)?[0]
            : null;
        return $"{drive?.DriveFormat ?? "?"}{(device is null ? "" : $" on {device}")}";
    }

    private static double SpeedOf(string folder)
    {
        const int Megabytes = 256;
        var path = Path.Combine(folder, "speed");
        var block = new byte[1 << 20];
        new Random(1).NextBytes(block);
        var started = Stopwatch.GetTimestamp();
        using (var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0))
        {
            for (var i = 0; i < Megabytes; i++)
            {
                file.Write(block);
            }
            file.Flush(flushToDisk: true);
        }
        var speed = Megabytes / Stopwatch.GetElapsedTime(started).TotalSeconds;
        File.Delete(path);
        return Math.Round(speed);
    }

    private static double LoadNow() =>
        File.Exists("/proc/loadavg")
            ? double.Parse(File.ReadAllText("/proc/loadavg").Split(' ')[0], CultureInfo.InvariantCulture)
            : 0;
}
