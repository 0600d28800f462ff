using System.Diagnostics;

namespace BackupTools.Tests.Engines.PowDb;

/// <summary>The independent reader, a Python script written from the format description alone.</summary>
internal static class PowDbChecker
{
    private static readonly bool IsAvailable = Try("--version") is not null;

    /// <summary>A test that needs the reader; skipped, by name, where there is no Python.</summary>
    [AttributeUsage(AttributeTargets.Method)]
    internal sealed class FactAttribute : Xunit.FactAttribute
    {
        public FactAttribute()
        {
            if (!IsAvailable)
            {
                Skip = "python3 is not installed";
            }
        }
    }

    /// <summary>What it says about a data directory; fails the test when it finds something wrong.</summary>
    public static string Run(string folder) =>
        Try(Path.Combine(AppContext.BaseDirectory, "checkers", "powdb_check.py"), folder)
        ?? throw new InvalidOperationException("the independent reader found something wrong");

    private static string? Try(params string[] arguments)
    {
        try
        {
            using var process = Process.Start(
                new ProcessStartInfo("python3", arguments) { RedirectStandardOutput = true, UseShellExecute = false }
            )!;
            var output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0 ? output : null;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }
}
