namespace BackupTools.Operations;

/// <summary>What a merge is to do.</summary>
public sealed record MergeSettings : TargetSettings
{
    /// <summary>The folder for the merged full; may be the folder of the chain. Absolute; or s3://bucket/prefix, az://container/prefix.</summary>
    public required string DestinationPath { get; init; }

    /// <summary>The merged full is signed with this key; a file, absolute. Null for none.</summary>
    public string? SigningKeyPath { get; init; }

    /// <summary>
    /// Encrypt the merged full for these public keys of age (age1…). With none here or in <see cref="RecipientsFiles"/> it
    /// is plain, or in a folder of encrypted bundles for those that they are for.
    /// </summary>
    public IReadOnlyList<string> Recipients { get; init; } = [];

    /// <summary>Files of public keys, one per line; absolute.</summary>
    public IReadOnlyList<string> RecipientsFiles { get; init; } = [];

    internal bool IsEncrypted => Recipients.Count + RecipientsFiles.Count > 0;
}
