using BackupTools.Tests.Files;
using BackupTools.Tests.FrontEnds;

namespace BackupTools.Tests.InPowerShell;

/// <summary>The Pester suite, each file in a PowerShell of its own.</summary>
public sealed class PesterSuiteTests(PesterTotals totals) : IClassFixture<PesterTotals>
{
    public static TheoryData<string> Files =>
        [
            .. Directory
                .EnumerateFiles(Path.Combine(ChildProcess.Root, "tests/pester"), "*.Tests.ps1")
                .Select(file => Path.GetFileName(file))
                .Order(StringComparer.Ordinal),
        ];

    /// <summary>In German, where 1.5 is written 1,5 and a date begins with its day.</summary>
    [Theory]
    [MemberData(nameof(Files))]
    public void A_Pester_file_passes(string file) => AssertPasses("-Name", file, "-Culture", "de-DE");

    /// <summary>
    /// Everything but the slow tests once more in Turkish, where i and I are not the same letter, with the module in a
    /// folder with a space. (PowerShell refuses nested modules below a folder whose name is a wildcard pattern.) Two engines are enough.
    /// </summary>
    [Theory]
    [InlineData("tr-TR")]
    public void The_suite_passes_in_another_culture_and_from_another_folder(string culture)
    {
        using var temp = new TempFolder();
        var module = temp["a b/BackupTools"];
        var bin = Directory
            .EnumerateFiles(Path.Combine(ChildProcess.Root, "module/bin"), "*", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(ChildProcess.Root, file));
        foreach (var file in bin.Concat(["BackupTools.psd1", "module/BackupTools.format.ps1xml"]))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(module, file))!);
            File.Copy(Path.Combine(ChildProcess.Root, file), Path.Combine(module, file));
        }
        AssertPasses(
            "-Culture",
            culture,
            "-ExcludeTag",
            "Slow",
            "-Engine",
            "SPG,Grafeo",
            "-Manifest",
            Path.Combine(module, "BackupTools.psd1")
        );
    }

    private void AssertPasses(params string[] args)
    {
        var script = Path.Combine(ChildProcess.Root, "tests/pester/Invoke-Suite.ps1");
        var run = RealPowerShell.Run(ChildProcess.Root, ["-File", script, "-Pester", RealPowerShell.Pester, .. args]);
        Assert.True(totals.Add(run.Out) && run.ExitCode == 0, run.ToString());
    }
}
