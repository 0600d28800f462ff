using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace BackupTools.Benchmarks.Compare;

/// <summary>What a comparison has found.</summary>
internal sealed record Measured(Machine Machine, IReadOnlyList<MatchRow> Rows);

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

    private static readonly string[] GoalHeads = ["operation", "engine", "goal", "measured", "warm", "verdict"];

    public static void WriteJson(Measured measured, TextWriter target) =>
        target.WriteLine(JsonSerializer.Serialize(measured, Json));

    /// <summary>What <see cref="WriteJson"/> has written.</summary>
    public static Measured Read(string path) => JsonSerializer.Deserialize<Measured>(File.ReadAllText(path), Json)!;

    public static void WriteTable(Measured measured, TextWriter target)
    {
        target.WriteLine(measured.Machine);
        target.WriteLine();
        WriteTable(Heads, measured.Rows.Select(Cells), words: 3, target);
    }

    /// <summary>Each goal with what was measured: a program of its own, and called in a process that has done it before.</summary>
    public static void WriteGoals(Measured measured, TextWriter target)
    {
        target.WriteLine(measured.Machine);
        target.WriteLine();
        var lines =
            from goal in Goal.All
            from engine in goal.Engines
            let value = goal.Of(engine, Workshop.OurName, measured.Rows)
            let warm = goal.Of(engine, Workshop.WarmName, measured.Rows)
            select new[]
            {
                goal.Operation.Length == 0 ? "all of these" : goal.Operation,
                engine,
                goal.Text,
                value is { } v ? goal.Show(v) : "",
                warm is { } w ? goal.Show(w) : "",
                goal.Verdict(engine, measured.Rows),
            };
        WriteTable(GoalHeads, lines, words: 3, target);
    }

    private static void WriteTable(string[] heads, IEnumerable<string[]> rows, int words, TextWriter target)
    {
        var lines = rows.Prepend(heads).ToList();
        var widths = Enumerable.Range(0, heads.Length).Select(i => lines.Max(l => l[i].Length)).ToArray();
        for (var i = 0; i < lines.Count; i++)
        {
            target.WriteLine($"| {string.Join(" | ", lines[i].Select((cell, c) => Pad(cell, c, widths[c])))} |");
            if (i == 0)
            {
                target.WriteLine($"|{string.Join('|', widths.Select((w, c) => Rule(c, w)))}|");
            }
        }

        // Words to the left, numbers to the right.
        string Pad(string cell, int column, int width) => column < words ? cell.PadRight(width) : cell.PadLeft(width);

        string Rule(int column, int width) =>
            column < words ? new string('-', width + 2) : new string('-', width + 1) + ":";
    }

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
