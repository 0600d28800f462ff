using System.Globalization;
using System.Text;
using BackupTools.Chains;

namespace BackupTools.Reports;

/// <summary>
/// A report as metrics in Prometheus' text format 0.0.4, for the textfile collector of node_exporter. An unknown value
/// has no sample; no sample has a time of its own, which the collector refuses.
/// </summary>
internal static class ReportMetrics
{
    /// <summary>What every file begins with, a comment of the format; only a file that does is overwritten.</summary>
    public const string Mark = "# BackupTools report\n";

    private static readonly string[] Severities =
    [
        nameof(ProblemSeverity.Error),
        nameof(ProblemSeverity.Warning),
        nameof(ProblemSeverity.Info),
    ];

    public static string Render(BackupReport report)
    {
        var text = new StringBuilder(Mark);
        AddDatabases(text, report.Databases.Select(d => new DatabaseFacts(d)).ToList());
        AddReport(text, report);
        return text.ToString();
    }

    private static void AddDatabases(StringBuilder text, IReadOnlyList<DatabaseFacts> all)
    {
        Add(
            "newest_state_timestamp_seconds",
            "When the newest restorable state was taken.",
            d => Unix(d.RestorableUtc)
        );
        Add(
            "current_until_timestamp_seconds",
            "Until when the newest restorable state is known to be current: taken, or found unchanged.",
            d => Unix(d.CurrentUntilUtc > d.RestorableUtc ? d.CurrentUntilUtc : d.RestorableUtc)
        );
        Add(
            "valid",
            "1 when no chain has an error in its listing or in the tests given, else 0.",
            d => Flag(d.IsValid)
        );
        Add("tested", "1 when every chain was tested and found valid, else 0.", d => Flag(d.IsTested));
        Add(
            "late",
            "1 when the newest restorable state misses the recovery point objective, else 0.",
            d => Flag(d.IsLate)
        );
        AddFact(
            "last_test_timestamp_seconds",
            "When the last test given to the report began.",
            f => Unix(f.LastTestUtc)
        );
        AddFact(
            "last_test_valid",
            "1 when the last test of every tested chain found it valid, else 0.",
            f => Flag(f.LastTestIsValid)
        );
        AddFact(
            "last_drill_timestamp_seconds",
            "When the last restore drill given to the report began.",
            f => Unix(f.LastDrillUtc)
        );
        Add("last_drill_valid", "1 when the last restore drill succeeded, else 0.", d => Flag(d.LastDrill?.IsValid));
        Add(
            "last_drill_duration_seconds",
            "How long the restore of the last drill took.",
            d => d.LastDrill?.DrillSeconds
        );
        AddFact("last_drill_tables", "Tables that the last drill restored.", f => f.LastDrillTables);
        AddFact("last_drill_rows", "Rows that the last drill restored, of all tables.", f => f.LastDrillRows);
        Add("chains", "Number of chains.", d => d.Chains.Count);
        AddFact("bundles", "Number of bundles.", f => f.BundleCount);
        Add("size_bytes", "Bytes of all bundles on disk.", d => d.Length);
        AddProblems(text, all);

        void Add(string name, string help, Func<DatabaseStatus, double?> value) =>
            AddFact(name, help, f => value(f.Status));

        void AddFact(string name, string help, Func<DatabaseFacts, double?> value) =>
            ReportMetrics.AddFact(text, all, name, help, value);
    }

    private static void AddFact(
        StringBuilder text,
        IReadOnlyList<DatabaseFacts> all,
        string name,
        string help,
        Func<DatabaseFacts, double?> value
    )
    {
        Head(text, name, help);
        foreach (var facts in all)
        {
            Sample(text, name, Labels(facts), value(facts));
        }
    }

    private static void AddProblems(StringBuilder text, IReadOnlyList<DatabaseFacts> all)
    {
        Head(text, "problems", "Number of findings by severity.");
        foreach (var facts in all)
        {
            foreach (var severity in Severities)
            {
                var labels = Labels(facts).Append(("severity", severity.ToLowerInvariant()));
                Sample(text, "problems", labels, facts.Count(severity));
            }
        }
    }

    private static void AddReport(StringBuilder text, BackupReport report)
    {
        // Two files in one folder of the collector must not hold the same sample, and their names differ.
        (string, string)[] labels = [("file", Path.GetFileName(report.FullName))];
        Add("timestamp_seconds", "When the report was made.", Unix(report.CreatedUtc));
        Add("healthy", "1 when nothing needs attention, else 0.", Flag(report.IsHealthy));
        Add("databases", "Number of databases that were found.", report.Databases.Count);
        Add("notes", "Number of notes the report was given.", report.Notes.Count);
        Add("objective_seconds", "How old the newest restorable state may be.", report.RecoveryPointObjectiveSeconds);
        Head(text, "report_problems", "Number of findings about folders, not about a database, by severity.");
        foreach (var severity in Severities)
        {
            var count = DatabaseFacts.Count(report.Problems, severity);
            Sample(text, "report_problems", labels.Append(("severity", severity.ToLowerInvariant())), count);
        }

        void Add(string name, string help, double? value)
        {
            Head(text, $"report_{name}", help);
            Sample(text, $"report_{name}", labels, value);
        }
    }

    /// <summary>A folder may hold several databases of one name; their series differ. An empty label counts as none.</summary>
    private static IEnumerable<(string Name, string Value)> Labels(DatabaseFacts facts) =>
        [
            ("engine", facts.Status.Engine),
            ("database", facts.Name),
            ("series", facts.Status.Series ?? ""),
            ("folder", facts.Status.FullName),
        ];

    private static void Head(StringBuilder text, string name, string help) =>
        text.Append(
            CultureInfo.InvariantCulture,
            $"# HELP backuptools_{name} {help}\n# TYPE backuptools_{name} gauge\n"
        );

    private static void Sample(
        StringBuilder text,
        string name,
        IEnumerable<(string Name, string Value)> labels,
        double? value
    )
    {
        if (value is { } number)
        {
            var list = string.Join(',', labels.Select(l => $"{l.Name}=\"{Escape(l.Value)}\""));
            text.Append(CultureInfo.InvariantCulture, $"backuptools_{name}{{{list}}} {number}\n");
        }
    }

    /// <summary>The three characters that the format escapes in the value of a label; all others stand as they are.</summary>
    private static string Escape(string value) => value.Replace(@"\", @"\\").Replace("\n", @"\n").Replace("\"", "\\\"");

    /// <summary>Seconds since 1970, to the millisecond.</summary>
    private static double? Unix(DateTime? time) =>
        time is { } t ? new DateTimeOffset(DatabaseFacts.Utc(t)).ToUnixTimeMilliseconds() / 1000.0 : null;

    private static double? Flag(bool? value) =>
        value switch
        {
            true => 1,
            false => 0,
            null => null,
        };
}
