namespace BackupTools.Files;

/// <summary>
/// What tells a file or folder from another (<see cref="IsSameItemAs"/>) and an untouched file from a changed one
/// (equality), across a restart of the machine: device numbers may change then, so they are left out. A folder is
/// itself whatever is in it.
/// </summary>
internal sealed record ItemIdentity(ulong Inode, bool IsFolder, long Length, long ModifiedUtcTicks)
{
    public static ItemIdentity? Of(DiskEntry? entry) =>
        entry is null ? null
        : entry.Kind == DiskEntryKind.Directory ? new(entry.Inode, true, 0, 0)
        : new(entry.Inode, false, entry.Length, entry.ModifiedUtc.UtcTicks);

    /// <summary>True when both are the same file or folder, whatever has happened to its content.</summary>
    public bool IsSameItemAs(ItemIdentity? other) =>
        other is not null && Inode == other.Inode && IsFolder == other.IsFolder;
}
