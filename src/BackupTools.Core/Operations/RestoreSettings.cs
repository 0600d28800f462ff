namespace BackupTools.Operations;

/// <summary>What a restore is to do.</summary>
public sealed record RestoreSettings : TargetSettings
{
    /// <summary>
    /// The database file or data folder to create; absolute. A separator at its end means into that folder, under the
    /// database's name; so does, for a database that is one file, an existing folder.
    /// </summary>
    public required string DestinationPath { get; init; }

    /// <summary>SPG: where the log goes; null for the default beside the database.</summary>
    public string? WalPath { get; init; }

    /// <summary>
    /// Replace an existing database of the same engine; the old one is kept aside until the new one is in place.
    /// Never skips a check.
    /// </summary>
    public bool Force { get; init; }

    /// <summary>SQLite: the database whose rows a deep restore counts beside the restored ones; absolute, null for none.</summary>
    public string? SourcePath { get; init; }

    /// <summary>Check everything the format defines in the result before it is published.</summary>
    public bool Deep { get; init; }
}
