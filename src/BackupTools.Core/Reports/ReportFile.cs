using System.Diagnostics;

namespace BackupTools.Reports;

/// <summary>A report as the text of a file, in each format.</summary>
internal static class ReportFile
{
    /// <summary>The text of the file.</summary>
    public static string Render(BackupReport report, ReportFormat format) =>
        format switch
        {
            ReportFormat.Html => ReportPage.Render(report),
            ReportFormat.Json => ReportFacts.Render(report),
            ReportFormat.Prometheus => ReportMetrics.Render(report),
            _ => throw new UnreachableException(),
        };

    /// <summary>What every file of the format begins with, ASCII; only a file that does is overwritten.</summary>
    public static string Mark(ReportFormat format) =>
        format switch
        {
            ReportFormat.Html => ReportPage.Mark,
            ReportFormat.Json => ReportFacts.Mark,
            ReportFormat.Prometheus => ReportMetrics.Mark,
            _ => throw new UnreachableException(),
        };
}
