using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace BackupTools.Benchmarks.Compare;

/// <summary>The rows of a comparison as a Markdown table or as JSON.</summary>
internal static class Report
{
    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    private static readonly string[] Heads =
    [
        "engine",
        "operation",
        "who",
        "median s",
        "min–max s",
        "ratio",
        "after start s",
        "cpu s",
        "peak MiB",
        "above idle",
        "written MiB",
    ];

    public static void WriteJson(IEnumerable<MatchRow> rows, TextWriter target) =>
        target.WriteLine(JsonSerializer.Serialize(rows, Json));

    public static void WriteTable(IReadOnlyList<MatchRow> rows, TextWriter target)
    {
        var lines = rows.Select(Cells).Prepend(Heads).ToList();
        var widths = Enumerable.Range(0, Heads.Length).Select(i => lines.Max(l => l[i].Length)).ToArray();
        for (var i = 0; i < lines.Count; i++)
        {
            target.WriteLine($"| {string.Join(" | ", lines[i].Select((cell, c) => Pad(cell, c, widths[c])))} |");
            if (i == 0)
            {
                target.WriteLine($"|{string.Join('|', widths.Select((w, c) => Rule(c, w)))}|");
            }
        }
    }

    /// <summary>Words to the left, numbers to the right.</summary>
    private static string Pad(string cell, int column, int width) =>
        column < 3 ? cell.PadRight(width) : cell.PadLeft(width);

    private static string Rule(int column, int width) =>
        column < 3 ? new string('-', width + 2) : new string('-', width + 1) + ":";

    private static string[] Cells(MatchRow row) =>
        [
            row.Engine,
            row.Operation,
            row.Contestant,
            Seconds(row.MedianSeconds),
            $"{Seconds(row.MinSeconds)}–{Seconds(row.MaxSeconds)}",
            row.Ratio.ToString("0.00", CultureInfo.InvariantCulture),
            Seconds(row.AfterStartSeconds),
            Seconds(row.CpuSeconds),
            Mebibytes(row.PeakMemory),
            Mebibytes(row.MemoryAboveIdle),
            Mebibytes(row.BytesWritten),
        ];

    private static string Seconds(double? value) => value?.ToString("0.000", CultureInfo.InvariantCulture) ?? "";

    private static string Mebibytes(long? value) =>
        value is { } bytes ? (bytes / 1048576.0).ToString("0", CultureInfo.InvariantCulture) : "";
}
