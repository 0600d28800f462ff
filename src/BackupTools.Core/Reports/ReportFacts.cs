using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
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

    private static readonly JsonSerializerOptions Options = new()
    {
        WriteIndented = true,
        NewLine = "\n",
        // It goes to a file, never into a page: file names stay readable.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static string Render(BackupReport report)
    {
        var facts = new JsonObject
        {
            ["Report"] = "BackupTools",
            ["Title"] = report.Title,
            ["CreatedUtc"] = report.CreatedUtc,
            ["RecoveryPointObjectiveSeconds"] = report.RecoveryPointObjectiveSeconds,
            ["IsHealthy"] = report.IsHealthy,
            ["DatabaseCount"] = report.Databases.Count,
            ["LateCount"] = report.LateCount,
            ["InvalidCount"] = report.InvalidCount,
            ["ProblemCount"] = report.ProblemCount,
            ["NoteCount"] = report.Notes.Count,
            ["Length"] = report.Length,
            ["Databases"] = new JsonArray([.. report.Databases.Select(d => Of(new DatabaseFacts(d)))]),
            ["Problems"] = new JsonArray([.. report.Problems.Select(Of)]),
            ["Notes"] = new JsonArray([.. report.Notes.Select(n => (JsonNode)n)]),
        };
        return facts.ToJsonString(Options) + "\n";
    }

    private static JsonObject Of(ProblemInfo problem) =>
        new()
        {
            ["Severity"] = problem.Severity,
            ["Code"] = problem.Code,
            ["Message"] = problem.Message,
            ["FullName"] = problem.FullName,
            ["Recommendation"] = problem.Recommendation,
        };

    private static JsonObject Of(DatabaseFacts facts)
    {
        var status = facts.Status;
        return new JsonObject
        {
            ["Engine"] = status.Engine,
            ["Database"] = facts.Name,
            ["Series"] = status.Series,
            ["FullName"] = status.FullName,
            ["IsValid"] = status.IsValid,
            ["IsTested"] = status.IsTested,
            ["IsLate"] = status.IsLate,
            ["RestorableUtc"] = status.RestorableUtc,
            ["CurrentUntilUtc"] = status.CurrentUntilUtc,
            ["AgeSeconds"] = status.AgeSeconds,
            ["LastTestUtc"] = facts.LastTestUtc,
            ["LastTestIsValid"] = facts.LastTestIsValid,
            ["LastDrillUtc"] = facts.LastDrillUtc,
            ["LastDrillIsValid"] = status.LastDrill?.IsValid,
            ["LastDrillSeconds"] = status.LastDrill?.DrillSeconds,
            ["LastDrillTableCount"] = facts.LastDrillTables,
            ["LastDrillRowCount"] = facts.LastDrillRows,
            ["ChainCount"] = status.Chains.Count,
            ["BundleCount"] = facts.BundleCount,
            ["Length"] = status.Length,
            ["ErrorCount"] = facts.Count(nameof(ProblemSeverity.Error)),
            ["WarningCount"] = facts.Count(nameof(ProblemSeverity.Warning)),
            ["InfoCount"] = facts.Count(nameof(ProblemSeverity.Info)),
        };
    }
}
