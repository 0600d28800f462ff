namespace BackupTools.Operations;

/// <summary>What a test of chains is to do.</summary>
public sealed record VerifySettings : TargetSettings
{
    /// <summary>Check everything the format defines, not only checksums and structure.</summary>
    public bool Deep { get; init; }

    /// <summary>Restore each chain into a temporary folder and check the result; implies a deep check of it.</summary>
    public bool RestoreDrill { get; init; }

    /// <summary>
    /// SQLite: the database that was backed up; a drill counts its rows beside the restored ones. Absolute. Null for
    /// none: the path in a bundle is not opened.
    /// </summary>
    public string? SourcePath { get; init; }

    /// <summary>Where the drill restores to; null for the system's temporary folder. Absolute.</summary>
    public string? DrillFolder { get; init; }
}
