using System.Diagnostics;

namespace BackupTools.Reports;

/// <summary>A report as the text of a file, in each format.</summary>
internal static class ReportFile
{
    /// <summary>The text of the file.</summary>
    public static string Render(BackupReport report, ReportFormat format) => Of(format).Render(report);

    /// <summary>What every file of the format begins with, ASCII; only a file that does is overwritten.</summary>
    public static string Mark(ReportFormat format) => Of(format).Mark;

    private static (string Mark, Func<BackupReport, string> Render) Of(ReportFormat format) =>
        format switch
        {
            ReportFormat.Html => (ReportPage.Mark, ReportPage.Render),
            ReportFormat.Json => (ReportFacts.Mark, ReportFacts.Render),
            ReportFormat.Prometheus => (ReportMetrics.Mark, ReportMetrics.Render),
            _ => throw new UnreachableException(),
        };
}
