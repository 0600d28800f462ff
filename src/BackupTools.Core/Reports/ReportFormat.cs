namespace BackupTools.Reports;

/// <summary>What a report is written as.</summary>
public enum ReportFormat
{
    /// <summary>One self-contained page for people.</summary>
    Html,

    /// <summary>The facts for programs: one object, with one flat object for each database.</summary>
    Json,

    /// <summary>Metrics in Prometheus' text format, for the textfile collector of node_exporter.</summary>
    Prometheus,
}
