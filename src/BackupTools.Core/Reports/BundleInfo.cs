namespace BackupTools.Reports;

/// <summary>What one bundle is: the object that New-FullBackup, New-IncrementalBackup and Get-BundleHeader emit.</summary>
public sealed class BundleInfo
{
    /// <summary>SQLite, SPG, Grafeo, Alopex or PowDB.</summary>
    public required string Engine { get; init; }

    /// <summary>Full or Incremental.</summary>
    public required string Kind { get; init; }

    /// <summary>The chain it belongs to; null if only the bundle itself was read.</summary>
    public string? ChainId { get; init; }

    /// <summary>
    /// Increment: the position it builds on. Full: the earliest position that it restores to.
    /// </summary>
    public required ulong StartPosition { get; init; }

    /// <summary>The position of the newest state in it.</summary>
    public required ulong EndPosition { get; init; }

    /// <summary>What positions count: WalBytes, Epoch, Lsn or Txid.</summary>
    public required string PositionUnit { get; init; }

    /// <summary>When it was taken, as the bundle says; UTC.</summary>
    public required DateTime CreatedUtc { get; init; }

    /// <summary>Bytes on disk, side files included.</summary>
    public required long Length { get; init; }

    /// <summary>Of <see cref="Length"/>, the bytes shared with other bundles through hard links.</summary>
    public long SharedLength { get; init; }

    /// <summary>The last part of <see cref="FullName"/>.</summary>
    public required string Name { get; init; }

    /// <summary>Absolute path of the file or folder.</summary>
    public required string FullName { get; init; }

    /// <summary>The format and version it is written in.</summary>
    public required string Format { get; init; }

    /// <summary>Hex digest that identifies the bundle wherever it is copied to.</summary>
    public required string Id { get; init; }

    /// <summary>The <see cref="Id"/> of its parent; null when the format does not tell.</summary>
    public string? ParentId { get; init; }

    /// <summary>Its database id, as far as name or header tell; otherwise null.</summary>
    public string? Series { get; init; }

    /// <summary>What people call the database: its name, or that of the folder where the bundle tells none.</summary>
    public string? Database { get; init; }

    /// <summary>What it is in words: "full backup", "increment", "snapshot that shares 1.5 MiB with others".</summary>
    public string Description =>
        SharedLength > 0 ? $"snapshot that shares {ReportText.Size(SharedLength)} with others"
        : string.Equals(Kind, "Full", StringComparison.Ordinal) ? "full backup"
        : "increment";

    /// <summary>The checksum stored for the whole bundle, lower-case hex; null when the format stores none.</summary>
    public string? Checksum { get; init; }

    /// <summary>
    /// What it says about an SQLite database; null for the other engines, and for files of Litestream 0.3.
    /// </summary>
    public SqliteInfo? Sqlite { get; init; }

    /// <summary>
    /// True or false when the checksums were compared with the bytes; null when only the header was read.
    /// </summary>
    public bool? IsValid { get; init; }

    /// <summary>Findings, errors first.</summary>
    public required IReadOnlyList<ProblemInfo> Problems
    {
        get;
        init => field = new FlatList<ProblemInfo>(value);
    }

    /// <summary>How many findings there are.</summary>
    public int ProblemCount => Problems.Count;

    /// <summary>How long taking it took, in seconds; null if it was not taken by this run.</summary>
    public double? DurationSeconds { get; init; }

    /// <summary>The full name.</summary>
    public override string ToString() => FullName;
}
