using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using BackupTools.Chains;

namespace BackupTools.Reports;

/// <summary>
/// A report as JSON for programs, documented in docs/monitoring.md: no value lies deeper than one list, times are ISO 8601
/// in UTC, sizes bytes, durations seconds.
/// </summary>
internal static class ReportFacts
{
    /// <summary>What every file begins with; only a file that does is overwritten.</summary>
    public const string Mark = "{\n  \"Report\": \"BackupTools\",";

    private static readonly JsonWriterOptions Options = new()
    {
        Indented = true,
        NewLine = "\n",
        // It goes to a file, never into a page: file names stay readable.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static string Render(BackupReport report)
    {
        using var text = new MemoryStream();
        using (var json = new Utf8JsonWriter(text, Options))
        {
            json.WriteStartObject();
            json.WriteString("Report", "BackupTools");
            json.WriteString("Title", report.Title);
            json.WriteString("CreatedUtc", report.CreatedUtc);
            Write(json, "RecoveryPointObjectiveSeconds", report.RecoveryPointObjectiveSeconds);
            json.WriteBoolean("IsHealthy", report.IsHealthy);
            json.WriteNumber("DatabaseCount", report.Databases.Count);
            json.WriteNumber("LateCount", report.LateCount);
            json.WriteNumber("InvalidCount", report.InvalidCount);
            json.WriteNumber("ProblemCount", report.ProblemCount);
            json.WriteNumber("NoteCount", report.Notes.Count);
            json.WriteNumber("Length", report.Length);
            json.WriteStartArray("Databases");
            foreach (var database in report.Databases)
            {
                Database(json, new DatabaseFacts(database));
            }
            json.WriteEndArray();
            json.WriteStartArray("Problems");
            foreach (var problem in report.Problems)
            {
                json.WriteStartObject();
                json.WriteString("Severity", problem.Severity);
                json.WriteString("Code", problem.Code);
                json.WriteString("Message", problem.Message);
                json.WriteString("FullName", problem.FullName);
                json.WriteString("Recommendation", problem.Recommendation);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteStartArray("Notes");
            foreach (var note in report.Notes)
            {
                json.WriteStringValue(note);
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(text.GetBuffer(), 0, (int)text.Length) + "\n";
    }

    private static void Database(Utf8JsonWriter json, DatabaseFacts facts)
    {
        var status = facts.Status;
        json.WriteStartObject();
        json.WriteString("Engine", status.Engine);
        json.WriteString("Database", facts.Name);
        json.WriteString("Series", status.Series);
        json.WriteString("FullName", status.FullName);
        json.WriteBoolean("IsValid", status.IsValid);
        json.WriteBoolean("IsTested", status.IsTested);
        Write(json, "IsLate", status.IsLate);
        Write(json, "RestorableUtc", status.RestorableUtc);
        Write(json, "CurrentUntilUtc", status.CurrentUntilUtc);
        Write(json, "AgeSeconds", status.AgeSeconds);
        Write(json, "LastTestUtc", facts.LastTestUtc);
        Write(json, "LastTestIsValid", facts.LastTestIsValid);
        Write(json, "LastDrillUtc", facts.LastDrillUtc);
        Write(json, "LastDrillIsValid", status.LastDrill?.IsValid);
        Write(json, "LastDrillSeconds", status.LastDrill?.DrillSeconds);
        Write(json, "LastDrillTableCount", facts.LastDrillTables);
        Write(json, "LastDrillRowCount", facts.LastDrillRows);
        json.WriteNumber("ChainCount", status.Chains.Count);
        json.WriteNumber("BundleCount", facts.BundleCount);
        json.WriteNumber("Length", status.Length);
        json.WriteNumber("ErrorCount", facts.Count(nameof(ProblemSeverity.Error)));
        json.WriteNumber("WarningCount", facts.Count(nameof(ProblemSeverity.Warning)));
        json.WriteNumber("InfoCount", facts.Count(nameof(ProblemSeverity.Info)));
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string name, double? value)
    {
        json.WritePropertyName(name);
        if (value is { } number)
        {
            json.WriteNumberValue(number);
            return;
        }
        json.WriteNullValue();
    }

    private static void Write(Utf8JsonWriter json, string name, bool? value)
    {
        json.WritePropertyName(name);
        if (value is { } answer)
        {
            json.WriteBooleanValue(answer);
            return;
        }
        json.WriteNullValue();
    }

    private static void Write(Utf8JsonWriter json, string name, DateTime? value)
    {
        json.WritePropertyName(name);
        if (value is { } time)
        {
            json.WriteStringValue(time);
            return;
        }
        json.WriteNullValue();
    }
}
