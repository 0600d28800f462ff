using BackupTools.Reports;

namespace BackupTools.Operations;

/// <summary>What a report would say, before it is written.</summary>
public sealed class ReportPreview : IPlan
{
    internal ReportPreview(ReportSettings settings, BackupReport report) => (Settings, Report) = (settings, report);

    internal ReportSettings Settings { get; }

    /// <summary>The report; it has no length yet.</summary>
    public BackupReport Report { get; }

    /// <inheritdoc/>
    public IReadOnlyList<string> Describe() => Report.Describe();
}
