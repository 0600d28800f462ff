using BackupTools.Tests.FrontEnds;

namespace BackupTools.Tests.InPowerShell;

/// <summary>Starts Invoke-Suite.ps1 with the PowerShell and the Pester of this project.</summary>
internal static class PesterRun
{
    /// <summary>
    /// Every second file of the Pester suite, from the first (0) or from the second (1); of those that BACKUPTOOLS_PESTER
    /// names, when it does.
    /// </summary>
    public static TheoryData<string> Files(int half) =>
        [
            .. Directory
                .EnumerateFiles(Path.Combine(ChildProcess.Root, "tests/pester"), "*.Tests.ps1")
                .Select(file => Path.GetFileName(file))
                .Where(file => Wanted is null || Wanted.Contains(file, StringComparer.OrdinalIgnoreCase))
                .Order(StringComparer.Ordinal)
                .Where((_, index) => index % 2 == half),
        ];

    private static string[]? Wanted { get; } =
        Environment.GetEnvironmentVariable("BACKUPTOOLS_PESTER") is { Length: > 0 } names ? names.Split(' ') : null;

    public static void AssertPasses(params string[] args)
    {
        var script = Path.Combine(ChildProcess.Root, "tests/pester/Invoke-Suite.ps1");
        var run = RealPowerShell.Run(ChildProcess.Root, ["-File", script, "-Pester", RealPowerShell.Pester, .. args]);
        Assert.Contains(RealPowerShell.Versions, run.Out, StringComparison.Ordinal);
        Assert.True(PesterTotals.Add(run.Out) && run.ExitCode == 0, run.ToString());
    }
}
