using Blake3;

namespace BackupTools.Engines.PowDb;

/// <summary>Pages of a heap that went into a delta.</summary>
internal sealed record PowDbCapturedPages(PageSet Indices, long DeltaLength, Hash DeltaBlake3);

/// <summary>A file of the source as it was captured.</summary>
internal sealed record PowDbCaptured
{
    public required string Name { get; init; }

    public required long Length { get; init; }

    /// <summary>BLAKE3 of the whole file, whatever of it is in the bundle.</summary>
    public required Hash Blake3 { get; init; }

    /// <summary>The bundle holds the whole file.</summary>
    public bool IsWhole { get; init; }

    /// <summary>The pages that the bundle holds; null when it holds all or none.</summary>
    public PowDbCapturedPages? Pages { get; init; }

    /// <summary>The highest LSN of its pages; 0 for what has none.</summary>
    public ulong MaxLsn { get; init; }

    /// <summary>It has pages that nothing but an unchanged file proves.</summary>
    public bool HasUnprovenPages { get; init; }
}
