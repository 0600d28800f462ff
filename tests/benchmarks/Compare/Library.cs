using BackupTools.Operations;
using BackupTools.Tests;
using Blake3;

namespace BackupTools.Benchmarks.Compare;

/// <summary>The operations that the console program calls, called directly. Paths are absolute.</summary>
internal static class Library
{
    public static void Full(string source, string bundles)
    {
        var host = new OperationHost();
        _ = Verbs.Full(Settings(source, bundles), host);
    }

    public static void Increment(string source, string bundles)
    {
        var host = new OperationHost();
        _ = Verbs.Increment(Settings(source, bundles), host);
    }

    public static void Test(string bundles)
    {
        foreach (var report in VerifyChain.Run(new VerifySettings { Path = bundles }, new OperationHost()))
        {
            if (report.IsValid != true)
            {
                throw new InvalidOperationException($"{report.FullName}: {string.Join("; ", report.Problems)}");
            }
        }
    }

    /// <summary>One pass of the package over the largest file, which cannot be shared between processors.</summary>
    public static void HashLargest(string folder)
    {
        var largest = new DirectoryInfo(folder).GetFiles("*", SearchOption.AllDirectories).MaxBy(f => f.Length)!;
        using var file = largest.OpenRead();
        var hasher = Hasher.New();
        var block = new byte[1 << 20];
        for (int read; (read = file.Read(block)) > 0; )
        {
            hasher.Update(block.AsSpan(0, read));
        }
        _ = hasher.Finalize();
    }

    public static void Restore(string bundles, string target)
    {
        var host = new OperationHost();
        var settings = new RestoreSettings { Path = bundles, DestinationPath = target };
        _ = Verbs.Restore(settings, host);
    }

    private static BackupSettings Settings(string source, string bundles) =>
        new() { SourcePath = source, DestinationPath = bundles };
}
