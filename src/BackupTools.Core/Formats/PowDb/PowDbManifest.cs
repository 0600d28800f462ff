using Blake3;

namespace BackupTools.Formats.PowDb;

/// <summary>What a manifest says about one file.</summary>
internal abstract record PowDbEntry(string Name)
{
    /// <summary>The file in the bundle.</summary>
    public virtual string FileName => Name;

    /// <summary>How long that file has to be.</summary>
    public abstract long FileLength { get; }
}

/// <summary>A file that the bundle holds whole, under its own name.</summary>
internal sealed record PowDbWhole(string Name, ulong Length, Hash Blake3) : PowDbEntry(Name)
{
    public override long FileLength => (long)Length;
}

/// <summary>
/// Pages of a heap that the bundle holds in a delta file (PowDB format, §7). The page indices themselves are not
/// kept, there may be millions: the delta repeats them, and <see cref="IndexDigest"/> proves that both lists agree.
/// </summary>
/// <param name="Name">The heap.</param>
/// <param name="TotalPages">Its length in pages after the increment.</param>
/// <param name="PageCount">How many pages the delta holds.</param>
/// <param name="IndexDigest">BLAKE3 of the indices, each as u32 little-endian.</param>
/// <param name="DeltaFile">The delta's file name.</param>
/// <param name="DeltaLength">Its length in bytes.</param>
/// <param name="DeltaBlake3">BLAKE3 of all of it.</param>
internal sealed record PowDbPages(
    string Name,
    uint TotalPages,
    uint PageCount,
    Hash IndexDigest,
    string DeltaFile,
    ulong DeltaLength,
    Hash DeltaBlake3
) : PowDbEntry(Name)
{
    public override string FileName => DeltaFile;

    public override long FileLength => (long)PageCount * PowDbDelta.RecordSize;
}

/// <summary>manifest.json of a full or increment.json of an increment (PowDB format, §6, §7).</summary>
internal sealed record PowDbManifest
{
    public const uint KnownFormatVersion = 1;

    public required bool IsIncrement { get; init; }

    public required ulong CreatedUnixSecs { get; init; }

    /// <summary>The source_lsn of the bundle it builds on; that of the bundle itself for a full.</summary>
    public required ulong BaseSourceLsn { get; init; }

    public required ulong SourceLsn { get; init; }

    /// <summary>Null where the manifest does not say, which stands for <see cref="PowDbCatalog.DefaultVersion"/>.</summary>
    public required ushort? CatalogVersion { get; init; }

    /// <summary>It carries the identity of a replicated database.</summary>
    public required bool HasSync { get; init; }

    /// <summary>In the manifest's order; a full has <see cref="PowDbWhole"/> only.</summary>
    public required IReadOnlyList<PowDbEntry> Entries { get; init; }
}
