using BackupTools.Tests.FrontEnds;

namespace BackupTools.Tests.InPowerShell;

/// <summary>The PowerShell on this machine, and why tests in it cannot run when they cannot.</summary>
internal static class RealPowerShell
{
    private static readonly Lazy<string?> Missing = new(FindOutWhatIsMissing);

    /// <summary>Null when pwsh 7.6 or later and Pester 5 are there; else what is not.</summary>
    public static string? WhyNot => Missing.Value;

    public static ChildResult Run(string workingFolder, params string[] args) =>
        ChildProcess.Run(
            "pwsh",
            ["-NoProfile", "-NonInteractive", .. args],
            workingFolder,
            [new("POWERSHELL_TELEMETRY_OPTOUT", "1"), new("NO_COLOR", "1")]
        );

    private static string? FindOutWhatIsMissing()
    {
        try
        {
            var run = Run(
                Path.GetTempPath(),
                "-Command",
                "$PSVersionTable.PSVersion -ge [version]'7.6'; "
                    + "[bool](Get-Module -ListAvailable Pester | Where-Object { $_.Version.Major -eq 5 })"
            );
            return run.Out.Split('\n', StringSplitOptions.TrimEntries) switch
            {
                ["True", "True", ..] => null,
                ["False", ..] => "PowerShell is older than 7.6",
                ["True", "False", ..] => "Pester 5 is not installed",
                _ => $"PowerShell does not answer: {run}",
            };
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return "PowerShell (pwsh) is not installed";
        }
    }
}
