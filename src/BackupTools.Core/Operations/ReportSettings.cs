using BackupTools.Reports;

namespace BackupTools.Operations;

/// <summary>What a report is to be about.</summary>
public sealed record ReportSettings
{
    /// <summary>The folders of bundles; absolute.</summary>
    public required IReadOnlyList<string> Folders { get; init; }

    /// <summary>The file to write; absolute.</summary>
    public required string DestinationPath { get; init; }

    /// <summary>What the file is to be.</summary>
    public ReportFormat Format { get; init; }

    /// <summary>Include subfolders.</summary>
    public bool Recurse { get; init; }

    /// <summary>Only this engine's bundles; null for all.</summary>
    public string? Engine { get; init; }

    /// <summary>How old the newest restorable state of a database may be; null for no judgement.</summary>
    public TimeSpan? RecoveryPointObjective { get; init; }

    /// <summary>What tests found. They tell of damage inside bundles, which headers do not show, and of restore drills.</summary>
    public IReadOnlyList<ChainReport> Tests { get; init; } = [];

    /// <summary>The heading; null for "Backups".</summary>
    public string? Title { get; init; }

    /// <summary>Lines for the top of the page, such as the errors of the night. A report with notes is not healthy.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}
