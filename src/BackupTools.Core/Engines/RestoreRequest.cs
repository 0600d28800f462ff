using BackupTools.Chains;

namespace BackupTools.Engines;

/// <summary>A restore that was planned and now has a place to go.</summary>
internal sealed record RestoreRequest
{
    public required RestorePlan Plan { get; init; }

    /// <summary>Absolute path of the database file or data folder to make.</summary>
    public required string DestinationPath { get; init; }

    /// <summary>
    /// The destination is a folder that must stay, such as a mount point: staging is in it, and entries are put in one by
    /// one.
    /// </summary>
    public bool EntryByEntry { get; init; }

    /// <summary>SPG: where the log goes; null means the default beside the database.</summary>
    public string? WalPath { get; init; }

    /// <summary>SQLite: the database that the user named as the source; only then is it opened.</summary>
    public string? SourcePath { get; init; }

    /// <summary>Check everything the format defines before publishing, not only checksums and structure.</summary>
    public bool Deep { get; init; }
}
