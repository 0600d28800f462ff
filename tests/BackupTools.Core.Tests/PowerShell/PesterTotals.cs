using System.Globalization;
using System.Text.RegularExpressions;

namespace BackupTools.Tests.InPowerShell;

/// <summary>
/// How many Pester tests ran, and in which versions: written to a file that the build shows when "dotnet test" ends, as
/// a whole Pester file is a single test there. Names also why any were skipped.
/// </summary>
public sealed partial class PesterTotals : IDisposable
{
    private readonly SortedDictionary<string, int> _skipped = new(StringComparer.Ordinal);
    private string? _versions;
    private int _passed;
    private int _failed;

    /// <summary>What Invoke-Suite.ps1 printed for one file. Returns whether tests passed and none failed.</summary>
    public bool Add(string output)
    {
        foreach (Match skipped in Skipped().Matches(output))
        {
            var reason = skipped.Groups["reason"].Value;
            _skipped[reason] = _skipped.GetValueOrDefault(reason) + Number(skipped, "count");
        }
        var summary = Summary().Match(output);
        if (!summary.Success)
        {
            return false;
        }
        _versions = summary.Groups["versions"].Value;
        _passed += Number(summary, "passed");
        _failed += Number(summary, "failed");
        return Number(summary, "passed") > 0 && Number(summary, "failed") == 0;
    }

    public void Dispose()
    {
        if (_versions is not null)
        {
            File.WriteAllLines(
                Path.Combine(AppContext.BaseDirectory, "pester-totals.txt"),
                [
                    $"{_versions}: {_passed} passed, {_failed} failed, {_skipped.Values.Sum()} skipped",
                    .. _skipped.Select(s => $"{s.Value} skipped: {s.Key}"),
                ]
            );
        }
    }

    private static int Number(Match match, string group) =>
        int.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(
        @"^(?<versions>Pester \S+ in PowerShell \S+), \S+: (?<passed>\d+) passed, (?<failed>\d+) failed",
        RegexOptions.Multiline
    )]
    private static partial Regex Summary();

    [GeneratedRegex(@"^Pester skipped (?<count>\d+): (?<reason>[^\r\n]*)", RegexOptions.Multiline)]
    private static partial Regex Skipped();
}
