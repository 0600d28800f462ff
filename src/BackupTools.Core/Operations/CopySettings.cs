namespace BackupTools.Operations;

/// <summary>What a copy of chains is to do.</summary>
public sealed record CopySettings
{
    /// <summary>The folder of bundles; absolute.</summary>
    public required string Path { get; init; }

    /// <summary>The second folder; created if missing. Absolute.</summary>
    public required string DestinationPath { get; init; }

    /// <summary>Only these bundles of the folder, full names; null for all.</summary>
    public IReadOnlyList<string>? Bundles { get; init; }

    /// <summary>Only this chain; null for all.</summary>
    public string? ChainId { get; init; }

    /// <summary>Only this engine's bundles; null for all.</summary>
    public string? Engine { get; init; }

    /// <summary>
    /// Encrypt for these public keys of age (age1…), each of whose owners can read the copy; with none here or in
    /// <see cref="RecipientsFiles"/> it is plain.
    /// </summary>
    public IReadOnlyList<string> Recipients { get; init; } = [];

    /// <summary>Files of public keys, one per line; absolute.</summary>
    public IReadOnlyList<string> RecipientsFiles { get; init; } = [];

    internal bool IsEncrypted => Recipients.Count + RecipientsFiles.Count > 0;

    /// <summary>Read the whole copy again and compare every checksum.</summary>
    public bool Verify { get; init; }

    /// <summary>What is copied is signed with this key; a file, absolute. Null for none.</summary>
    public string? SigningKeyPath { get; init; }
}
