using BackupTools.Tests.Files;
using BackupTools.Tests.FrontEnds;

namespace BackupTools.Tests.InPowerShell;

/// <summary>
/// Everything of the Pester suite but the slow tests once more in Turkish, where i and I are not the same letter, with the
/// module in a folder whose name has a space and is a wildcard pattern. One engine is enough each time; a long run has two.
/// </summary>
public sealed class PesterCultureTests
{
    [Theory]
    [InlineData("tr-TR")]
    public void The_suite_passes_in_another_culture_and_from_another_folder(string culture)
    {
        using var temp = new TempFolder();
        var module = temp["a [1] b/BackupTools"];
        // As a package has them: the help lies beside the manifest.
        var files = new[] { "module", "en-US" }
            .SelectMany(folder =>
                Directory.EnumerateFiles(Path.Combine(ChildProcess.Root, folder), "*", SearchOption.AllDirectories)
            )
            .Select(file => Path.GetRelativePath(ChildProcess.Root, file));
        foreach (var file in files.Append("BackupTools.psd1"))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(module, file))!);
            File.Copy(Path.Combine(ChildProcess.Root, file), Path.Combine(module, file));
        }
        PesterRun.AssertPasses(
            "-Culture",
            culture,
            "-ExcludeTag",
            "Slow",
            "-Engine",
            SoakBudget.IsLong ? "SPG,Grafeo" : "Grafeo",
            "-Manifest",
            Path.Combine(module, "BackupTools.psd1")
        );
    }
}
