using System.Collections;
using System.Globalization;
using System.Management.Automation;
using System.Text;

namespace BackupTools.PowerShell.Views;

/// <summary>Texts for the views in BackupTools.format.ps1xml; invariant, whatever the session's culture.</summary>
public static class ViewText
{
    private static readonly string[] Units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

    /// <summary>A size for people: "167 B", "1.5 MiB".</summary>
    public static string Size(long bytes)
    {
        var value = (double)bytes;
        var unit = 0;
        while (Math.Abs(value) >= 1024 && unit < Units.Length - 1)
        {
            value /= 1024;
            unit++;
        }
        return value.ToString(unit == 0 ? "0" : "0.0", CultureInfo.InvariantCulture) + " " + Units[unit];
    }

    /// <summary>A moment in UTC: "2026-11-20 04:10:00Z"; empty for none.</summary>
    public static string Time(DateTime? utc) =>
        utc?.ToUniversalTime().ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture) ?? "";

    /// <summary>Seconds with three decimals; empty for none.</summary>
    public static string Seconds(double? seconds) =>
        seconds is { } s ? s.ToString("0.000", CultureInfo.InvariantCulture) + " s" : "";

    /// <summary>
    /// A chain in one line: F a full, i an increment that builds on what precedes it, d one that builds on an earlier
    /// bundle (a differential), ✗ a gap. Takes live bundles and deserialized copies. A long chain is shortened in
    /// the middle.
    /// </summary>
    public static string Timeline(IEnumerable bundles)
    {
        const int longest = 12;
        var marks = new List<string>();
        decimal? end = null;
        foreach (var bundle in bundles)
        {
            var properties = PSObject.AsPSObject(bundle).Properties;
            var start = Convert.ToDecimal(properties["StartPosition"].Value, CultureInfo.InvariantCulture);
            var isFull = properties["Kind"].Value is "Full";
            marks.Add(
                isFull ? "F"
                : end is null || start > end ? "✗i"
                : start < end ? "d"
                : "i"
            );
            end = Math.Max(end ?? 0, Convert.ToDecimal(properties["EndPosition"].Value, CultureInfo.InvariantCulture));
        }
        if (marks.Count > longest && marks.TrueForAll(m => m.Length == 1))
        {
            marks = [.. marks.Take(4), $"({marks.Count - 8})", .. marks.TakeLast(4)];
        }
        var line = new StringBuilder();
        foreach (var mark in marks)
        {
            if (line.Length > 0)
            {
                line.Append(mark.StartsWith('✗') ? ' ' : '─');
            }
            line.Append(mark);
        }
        return line.ToString();
    }

    /// <summary>Findings in one line each, with what to do: what a list shows.</summary>
    public static string Problems(IEnumerable problems)
    {
        var lines = new List<string>();
        foreach (var problem in problems)
        {
            var properties = PSObject.AsPSObject(problem).Properties;
            var where = properties["FullName"].Value is string path ? $", in '{Path.GetFileName(path)}'" : "";
            lines.Add(
                $"{properties["Severity"].Value} {properties["Code"].Value}: {properties["Message"].Value}{where}. "
                    + properties["Recommendation"].Value
            );
        }
        return string.Join(Environment.NewLine, lines);
    }
}
