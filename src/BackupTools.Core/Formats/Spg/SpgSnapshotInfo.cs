namespace BackupTools.Formats.Spg;

/// <summary>Which checksums a snapshot carries.</summary>
[Flags]
internal enum SpgSnapshotChecksums
{
    /// <summary>None: only the bundle around it protects it.</summary>
    None = 0,

    /// <summary>The envelope's CRC-32.</summary>
    Crc32 = 1,

    /// <summary>The catalogue's CRC-32C.</summary>
    Crc32C = 2,
}

/// <summary>What a sound snapshot says about itself (SPG format, §3).</summary>
internal sealed record SpgSnapshotInfo
{
    /// <summary>The newest FILE_VERSION whose layout is known.</summary>
    public const byte NewestKnown = 68;

    /// <summary>The first FILE_VERSION whose catalogue ends with a checksum.</summary>
    public const byte FirstChecksummed = 54;

    /// <summary>0 for a bare catalogue, else 1…5.</summary>
    public required byte EnvelopeVersion { get; init; }

    /// <summary>The catalogue's FILE_VERSION, 8 or more.</summary>
    public required byte FileVersion { get; init; }

    public required uint TableCount { get; init; }

    public required SpgSnapshotChecksums Checksums { get; init; }

    /// <summary>True when every table, row and index was walked to the exact end (tier T2, §3.3).</summary>
    public required bool IsWalked { get; init; }

    /// <summary>Ids of cold segments that rows live in, the first few, ascending; known only when walked.</summary>
    public IReadOnlyCollection<uint> ColdSegments { get; init; } = [];

    /// <summary>True when a newer server may have added what we do not know.</summary>
    public bool IsNewerThanKnown => FileVersion > NewestKnown;
}
