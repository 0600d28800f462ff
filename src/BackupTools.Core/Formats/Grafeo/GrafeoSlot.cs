namespace BackupTools.Formats.Grafeo;

/// <summary>
/// One of the two database headers of an image (Grafeo format, §4 and §7.1); the one with the higher iteration
/// describes the database.
/// </summary>
internal sealed record GrafeoSlot
{
    /// <summary>Counts checkpoints; 0 in 0.5.x means that there has been none.</summary>
    public required ulong Iteration { get; init; }

    /// <summary>The last commit that the image holds.</summary>
    public required ulong Epoch { get; init; }

    public required ulong TransactionId { get; init; }

    public required ulong Nodes { get; init; }

    public required ulong Edges { get; init; }

    /// <summary>When the image was written, in milliseconds since 1970.</summary>
    public required ulong TimestampMs { get; init; }

    /// <summary>0.6.0: where the log continues after the image.</summary>
    public ulong CheckpointLsn { get; init; }

    /// <summary>0.5.x: bytes of the snapshot at the third page; 0 when the image is made of sections.</summary>
    public ulong SnapshotLength { get; init; }

    /// <summary>
    /// What the header's checksums cover directly: the snapshot, the section directory, or the first directory block.
    /// Null when there is nothing, as in an empty database.
    /// </summary>
    public GrafeoExtent? Root { get; init; }
}
