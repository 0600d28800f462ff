namespace BackupTools.Files;

/// <summary>The kind of an entry in the file system.</summary>
internal enum DiskEntryKind
{
    /// <summary>A regular file.</summary>
    File,

    /// <summary>A folder.</summary>
    Directory,

    /// <summary>A symbolic link or reparse point.</summary>
    Link,

    /// <summary>A device, pipe or socket.</summary>
    Special,
}

/// <summary>
/// What a path names at one moment. <paramref name="Device"/> and <paramref name="Inode"/> identify the file while it
/// exists (file index on Windows). Times have the file system's own resolution.
/// </summary>
internal sealed record DiskEntry(
    string Path,
    DiskEntryKind Kind,
    long Length,
    DateTimeOffset ModifiedUtc,
    DateTimeOffset ChangedUtc,
    ulong Device,
    ulong Inode,
    long LinkCount,
    long AllocatedBytes
)
{
    /// <summary>The archive class of an object that cannot be read because of it; null for all others.</summary>
    public string? ArchivedAs { get; init; }

    /// <summary>The last part of the path.</summary>
    public string Name => System.IO.Path.GetFileName(Path);

    /// <summary>True when both are the same file, whatever its content or name.</summary>
    public bool IsSameFileAs(DiskEntry other) => Device == other.Device && Inode == other.Inode;

    /// <summary>True when both are the same file and neither length nor times moved between the two looks.</summary>
    public bool IsUnchangedSince(DiskEntry earlier) =>
        IsSameFileAs(earlier)
        && Length == earlier.Length
        && ModifiedUtc == earlier.ModifiedUtc
        && ChangedUtc == earlier.ChangedUtc;
}
