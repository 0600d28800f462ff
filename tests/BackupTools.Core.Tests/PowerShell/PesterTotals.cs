using System.Globalization;
using System.Text.RegularExpressions;

namespace BackupTools.Tests.InPowerShell;

/// <summary>
/// How many Pester tests ran, and in which versions: written to a file that the build shows when "dotnet test" ends, as
/// a whole Pester file is a single test there.
/// </summary>
public sealed class PesterTotals : IDisposable
{
    private static readonly string[] Outcomes = ["passed", "failed", "skipped"];

    private readonly Dictionary<string, int> _counts = Outcomes.ToDictionary(o => o, _ => 0, StringComparer.Ordinal);
    private string? _versions;

    /// <summary>One line of Invoke-Suite.ps1, by its groups.</summary>
    public void Add(Match summary)
    {
        _versions = summary.Groups["versions"].Value;
        foreach (var outcome in Outcomes)
        {
            _counts[outcome] += Count(summary, outcome);
        }
    }

    public static int Count(Match summary, string outcome) =>
        int.Parse(summary.Groups[outcome].Value, CultureInfo.InvariantCulture);

    public void Dispose()
    {
        if (_versions is not null)
        {
            var counts = string.Join(", ", Outcomes.Select(o => $"{_counts[o]} {o}"));
            File.WriteAllText(Path.Combine(AppContext.BaseDirectory, "pester-totals.txt"), $"{_versions}: {counts}");
        }
    }
}
