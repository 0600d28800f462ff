using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace BackupTools.Benchmarks.Compare;

/// <summary>What an operation of some engines may take; the goals are in goals.json.</summary>
/// <param name="Operation">As the rows call it; empty for the worst of all but those of many bundles.</param>
/// <param name="Engines">As the rows call them.</param>
/// <param name="Measure">What of a row is meant.</param>
/// <param name="Against">Of a ratio, the contestant that is 1.</param>
/// <param name="Most">As much meets the goal: a ratio, seconds, or MiB.</param>
/// <param name="Warm">The same in a process that has done it before; null for no goal of its own.</param>
/// <param name="Or">Of a ratio, a contestant whose time is enough where it is longer.</param>
internal sealed record Goal(
    string Operation,
    IReadOnlyList<string> Engines,
    GoalMeasure Measure,
    string? Against,
    double Most,
    double? Warm = null,
    string? Or = null
)
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Converters = { new JsonStringEnumConverter() },
    };

    /// <summary>All goals.</summary>
    public static IReadOnlyList<Goal> All
    {
        get
        {
            using var file = typeof(Goal).Assembly.GetManifestResourceStream("goals.json")!;
            return JsonSerializer.Deserialize<Goal[]>(file, Json)!;
        }
    }

    /// <summary>The goal as people read it.</summary>
    public string Text =>
        Measure switch
        {
            GoalMeasure.Ratio when Warm is { } warm =>
                $"{Number(Most, "0.0#")} × {Against}; warm {Number(warm, "0.0#")}",
            GoalMeasure.Ratio => $"{Number(Most, "0.0#")} × {Against}{(Or is null ? "" : $", or {Or}")}",
            GoalMeasure.Seconds => $"{Number(Most, "0.0#")} s",
            GoalMeasure.Memory => $"{Number(Most, "0")} MiB",
            _ => $"{Number(Most, "0")} MiB above the idle process",
        };

    /// <summary>What a contestant took; null where the rows do not tell.</summary>
    public double? Of(string engine, string contestant, IReadOnlyList<MatchRow> rows)
    {
        var mine = rows.Where(r => r.Engine == engine && r.Contestant == contestant)
            .Where(r =>
                Operation.Length == 0
                    ? !r.Operation.EndsWith(" bundles", StringComparison.Ordinal)
                    : r.Operation == Operation
            );
        return mine.Max(r =>
            Measure switch
            {
                GoalMeasure.Ratio => RatioOf(r, rows),
                GoalMeasure.Seconds => r.MedianSeconds,
                GoalMeasure.Memory => r.PeakMemory / 1048576.0,
                _ => r.MemoryAboveIdle / 1048576.0,
            }
        );
    }

    /// <summary>What is to be said of a program of its own, and of a process that has done it before.</summary>
    public string Verdict(string engine, IReadOnlyList<MatchRow> rows)
    {
        var value = Of(engine, Workshop.OurName, rows);
        if (value is null)
        {
            return "not measured";
        }
        var isMet = value <= Most || Seconds(engine, Workshop.OurName, rows) <= Seconds(engine, Or, rows);
        return Warm is null || Of(engine, Workshop.WarmName, rows) is not { } warm ? Word(isMet)
            : isMet == warm <= Warm ? Word(isMet)
            : $"{Word(isMet)}, warm {Word(warm <= Warm)}";
    }

    /// <summary>A value in the unit of the goal.</summary>
    public string Show(double value) =>
        Number(value, Measure is GoalMeasure.Ratio or GoalMeasure.Seconds ? "0.00" : "0");

    /// <summary>Within the rounds to the baseline, else of the medians.</summary>
    private double? RatioOf(MatchRow row, IReadOnlyList<MatchRow> rows) =>
        row.Baseline == Against ? row.Ratio : row.MedianSeconds / Seconds(row.Engine, Against, rows);

    private double? Seconds(string engine, string? contestant, IReadOnlyList<MatchRow> rows) =>
        rows.FirstOrDefault(r =>
            r.Engine == engine && r.Operation == Operation && r.Contestant == contestant
        )?.MedianSeconds;

    private static string Word(bool isMet) => isMet ? "met" : "missed";

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}

/// <summary>What of a row a goal is about.</summary>
internal enum GoalMeasure
{
    /// <summary>Time, against that of another contestant.</summary>
    Ratio,

    /// <summary>Time.</summary>
    Seconds,

    /// <summary>Peak memory of the process.</summary>
    Memory,

    /// <summary>Peak memory above that of the process that prints its version.</summary>
    [JsonStringEnumMemberName("memory above idle")]
    MemoryAboveIdle,
}
