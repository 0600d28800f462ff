namespace BackupTools.Operations;

/// <summary>What a copy of chains is to do.</summary>
public sealed record CopySettings
{
    /// <summary>The folder of bundles; absolute.</summary>
    public required string Path { get; init; }

    /// <summary>The second folder; made when it does not exist. Absolute.</summary>
    public required string DestinationPath { get; init; }

    /// <summary>Only these bundles of the folder, full names; null for all.</summary>
    public IReadOnlyList<string>? Bundles { get; init; }

    /// <summary>Only this chain; null for all.</summary>
    public string? ChainId { get; init; }

    /// <summary>Only this engine's bundles; null for all.</summary>
    public string? Engine { get; init; }

    /// <summary>Read the whole copy again and compare every checksum.</summary>
    public bool Verify { get; init; }
}
