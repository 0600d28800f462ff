using System.Globalization;
using System.Text.RegularExpressions;

namespace BackupTools.Tests.InPowerShell;

/// <summary>
/// How many Pester tests ran, and in which versions: written to a file that the build shows when "dotnet test" ends, as
/// a whole Pester file is a single test there. A second file has a line for each that was skipped, for .ci/run.
/// </summary>
internal static partial class PesterTotals
{
    private static readonly Lock Gate = new();
    private static readonly List<(string Reason, string Test)> Skips = [];
    private static string? _versions;
    private static int _passed;
    private static int _failed;

    /// <summary>What Invoke-Suite.ps1 printed for one run. Returns whether there were tests and none failed.</summary>
    public static bool Add(string output)
    {
        lock (Gate)
        {
            Skips.AddRange(Skipped().Matches(output).Select(m => (m.Groups["reason"].Value, m.Groups["test"].Value)));
            var summary = Summary().Match(output);
            if (!summary.Success)
            {
                return false;
            }
            _versions = summary.Groups["versions"].Value;
            _passed += Number(summary, "passed");
            _failed += Number(summary, "failed");
            Write();
            return Number(summary, "passed") + Number(summary, "skipped") > 0 && Number(summary, "failed") == 0;
        }
    }

    private static void Write()
    {
        File.WriteAllLines(
            Path.Combine(AppContext.BaseDirectory, "pester-totals.txt"),
            [
                $"{_versions}: {_passed} passed, {_failed} failed, {Skips.Count} skipped",
                .. Skips.CountBy(s => s.Reason, StringComparer.Ordinal).Select(s => $"{s.Value} skipped: {s.Key}"),
            ]
        );
        File.WriteAllLines(
            Path.Combine(AppContext.BaseDirectory, "pester-skipped.txt"),
            Skips.Select(s => $"{s.Reason}: {s.Test}")
        );
    }

    private static int Number(Match match, string group) =>
        int.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(
        @"^(?<versions>Pester \S+ in PowerShell \S+), \S+: (?<passed>\d+) passed, (?<failed>\d+) failed, (?<skipped>\d+) skipped",
        RegexOptions.Multiline
    )]
    private static partial Regex Summary();

    [GeneratedRegex(@"^Pester skipped: (?<reason>[^\t\r\n]*)\t(?<test>[^\r\n]*)", RegexOptions.Multiline)]
    private static partial Regex Skipped();
}
