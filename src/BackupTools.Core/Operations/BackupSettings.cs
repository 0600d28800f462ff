using BackupTools.Options;

namespace BackupTools.Operations;

/// <summary>What a backup is to do. Paths are absolute and native; front ends resolve them.</summary>
public sealed record BackupSettings : EngineOptions
{
    /// <summary>The database: a file or a data folder, depending on the engine.</summary>
    public required string SourcePath { get; init; }

    /// <summary>The folder for the bundles, created if missing; or s3://bucket/prefix, az://container/prefix.</summary>
    public required string DestinationPath { get; init; }

    /// <summary>Take what changed since a bundle of the chain at the destination, instead of a full.</summary>
    public bool Incremental { get; init; }

    /// <summary>SQLite, SPG, Grafeo, Alopex or PowDB, in any case; null to detect it.</summary>
    public string? Engine { get; init; }

    /// <summary>Increments: the position to continue from; null for the newest bundle at the destination.</summary>
    public ulong? Since { get; init; }

    /// <summary>Increments: the bundle to continue from, a path; null for the newest one at the destination.</summary>
    public string? SinceBundle { get; init; }

    /// <summary>Increments: the chain to continue; null for the newest one of this database.</summary>
    public string? ChainId { get; init; }

    /// <summary>
    /// Increments: take a full where an increment is impossible, and warn why. Not with <see cref="Since"/>,
    /// <see cref="SinceBundle"/> or <see cref="ChainId"/>.
    /// </summary>
    public bool FullIfNeeded { get; init; }

    /// <summary>Increments: write the bundle even if nothing has changed, where the format has empty ones.</summary>
    public bool AllowEmpty { get; init; }

    /// <summary>The bundle is signed with this key, and an increment builds on what it has signed; a file, absolute. Null for none.</summary>
    public string? SigningKeyPath { get; init; }

    /// <summary>
    /// Encrypt the bundle for these public keys of age (age1…), each of whose owners can read it; with none here or in
    /// <see cref="RecipientsFiles"/> it is plain.
    /// </summary>
    public IReadOnlyList<string> Recipients { get; init; } = [];

    /// <summary>Files of public keys, one per line; absolute.</summary>
    public IReadOnlyList<string> RecipientsFiles { get; init; } = [];

    internal bool IsEncrypted => Recipients.Count + RecipientsFiles.Count > 0;

    /// <summary>
    /// A folder of this machine, for what the next increment into an encrypted folder must know of the bundle (positions,
    /// digests, page sums; no content), so that it needs no identity. Absolute; null for none.
    /// </summary>
    public string? StatePath { get; init; }
}
