using System.Globalization;
using System.Text.RegularExpressions;
using BackupTools.Tests.Files;
using BackupTools.Tests.FrontEnds;

namespace BackupTools.Tests.InPowerShell;

/// <summary>The Pester suite, each file in a PowerShell of its own.</summary>
public sealed partial class PesterSuiteTests
{
    /// <summary>In German, where 1.5 is written 1,5 and a date begins with its day.</summary>
    [Theory]
    [PesterData]
    public void A_Pester_file_passes(string file) => AssertPasses("-Name", file, "-Culture", "de-DE");

    /// <summary>
    /// Everything but the slow tests once more in Turkish, where i and I are not the same letter, with the module in a
    /// folder whose name is a wildcard pattern. Two engines are enough for that.
    /// </summary>
    [Theory]
    [PesterData("tr-TR")]
    public void The_suite_passes_in_another_culture_and_from_a_folder_with_brackets(string culture)
    {
        using var temp = new TempFolder();
        var module = temp["a [1]/BackupTools"];
        foreach (
            var file in new[]
            {
                "BackupTools.psd1",
                "module/BackupTools.format.ps1xml",
                "module/bin/BackupTools.Core.dll",
                "module/bin/BackupTools.PowerShell.dll",
            }
        )
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

    private static void AssertPasses(params string[] args)
    {
        var script = Path.Combine(ChildProcess.Root, "tests/pester/Invoke-Suite.ps1");
        var run = RealPowerShell.Run(ChildProcess.Root, ["-File", script, .. args]);
        Assert.True(run.ExitCode == 0, run.ToString());
        var passed = Passed().Match(run.Out);
        Assert.True(passed.Success, run.ToString());
        Assert.True(int.Parse(passed.Groups["count"].Value, CultureInfo.InvariantCulture) > 0, run.ToString());
    }

    [GeneratedRegex(@"^Pester \S+: (?<count>\d+) passed, 0 failed", RegexOptions.Multiline)]
    private static partial Regex Passed();
}
