using BackupTools.Operations;
using BackupTools.Tests;

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

    public static void Restore(string bundles, string target)
    {
        var host = new OperationHost();
        var settings = new RestoreSettings { Path = bundles, DestinationPath = target };
        _ = Verbs.Restore(settings, host);
    }

    private static BackupSettings Settings(string source, string bundles) =>
        new() { SourcePath = source, DestinationPath = bundles };
}
