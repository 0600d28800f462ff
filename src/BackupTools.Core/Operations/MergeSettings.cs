namespace BackupTools.Operations;

/// <summary>What a merge is to do.</summary>
public sealed record MergeSettings : TargetSettings
{
    /// <summary>The folder for the merged full; may be the folder of the chain. Absolute; or s3://bucket/prefix, az://container/prefix.</summary>
    public required string DestinationPath { get; init; }

    /// <summary>The merged full is signed with this key; a file, absolute. Null for none.</summary>
    public string? SigningKeyPath { get; init; }
}
