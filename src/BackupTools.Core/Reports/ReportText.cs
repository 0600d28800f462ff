using System.Globalization;
using System.Text;

namespace BackupTools.Reports;

/// <summary>Sizes, times and chains as people read them; the same in every culture and in both front ends.</summary>
public static class ReportText
{
    private static readonly string[] Units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

    /// <summary>A number of bytes: "167 B", "1.5 MiB".</summary>
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

    /// <summary>What a test that went well says nothing of.</summary>
    internal static string ListedSince(int bundles) =>
        bundles == 1 ? "1 bundle since then was only listed" : $"{bundles} bundles since then were only listed";

    /// <summary>What a test found, in a word; null for what was not opened.</summary>
    public static string Verdict(bool? isValid) =>
        isValid switch
        {
            true => "valid",
            false => "NOT VALID",
            null => "NOT OPENED",
        };

    /// <summary>A moment in UTC: "2026-11-20 04:10:00Z"; empty for none.</summary>
    public static string Time(DateTime? utc) =>
        utc?.ToUniversalTime().ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture) ?? "";

    /// <summary>Seconds with three decimals; empty for none.</summary>
    public static string Seconds(double? seconds) =>
        seconds is { } s ? s.ToString("0.000", CultureInfo.InvariantCulture) + " s" : "";

    /// <summary>A duration with its two largest units: "3 d 4 h", "42 min", "15 s".</summary>
    public static string Span(double seconds)
    {
        var span = TimeSpan.FromSeconds(Math.Min(seconds, TimeSpan.MaxValue.TotalSeconds / 2));
        return span switch
        {
            { Days: > 0 } => span.Hours == 0 ? $"{span.Days} d" : $"{span.Days} d {span.Hours} h",
            { Hours: > 0 } => span.Minutes == 0 ? $"{span.Hours} h" : $"{span.Hours} h {span.Minutes} min",
            { Minutes: > 0 } => $"{span.Minutes} min",
            _ => $"{span.Seconds} s",
        };
    }

    /// <summary>
    /// A chain in one line: F a full, i an increment that builds on what precedes it, d one that builds on an earlier
    /// bundle (a differential), ✗i one after a gap. A long chain without gaps is shortened in the middle.
    /// </summary>
    public static string Timeline(IEnumerable<(bool IsFull, ulong Start, ulong End)> bundles)
    {
        const int longest = 12;
        const int kept = 4;
        var marks = new List<string>();
        ulong? end = null;
        foreach (var bundle in bundles)
        {
            marks.Add(
                bundle.IsFull ? "F"
                : end is null || bundle.Start > end ? "✗i"
                : bundle.Start < end ? "d"
                : "i"
            );
            end = Math.Max(end ?? 0, bundle.End);
        }
        if (marks.Count > longest && !marks.Contains("✗i"))
        {
            marks = [.. marks.Take(kept), $"({marks.Count - 2 * kept})", .. marks.TakeLast(kept)];
        }
        var line = new StringBuilder();
        foreach (var mark in marks)
        {
            line.Append(
                line.Length == 0 ? ""
                : mark[0] == '✗' ? " "
                : "─"
            );
            line.Append(mark);
        }
        return line.ToString();
    }
}
