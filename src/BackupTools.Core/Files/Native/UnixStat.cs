namespace BackupTools.Files.Native;

/// <summary>From the fields of a Unix stat call to a <see cref="DiskEntry"/>.</summary>
internal static class UnixStat
{
    private const int TypeMask = 0xF000;
    private const int RegularFile = 0x8000;
    private const int Directory = 0x4000;
    private const int SymbolicLink = 0xA000;

    /// <summary>st_blocks counts these, whatever the block size of the file system.</summary>
    private const long BlockBytes = 512;

    public static DiskEntry Entry(
        string path,
        int mode,
        long length,
        (long Seconds, long Nanoseconds) modified,
        (long Seconds, long Nanoseconds) changed,
        ulong device,
        ulong inode,
        long links,
        long blocks
    ) =>
        new(
            path,
            (mode & TypeMask) switch
            {
                RegularFile => DiskEntryKind.File,
                Directory => DiskEntryKind.Directory,
                SymbolicLink => DiskEntryKind.Link,
                _ => DiskEntryKind.Special,
            },
            length,
            Time(modified),
            Time(changed),
            device,
            inode,
            links,
            blocks * BlockBytes
        );

    /// <summary>A file system may hold any number as a time; what no calendar knows becomes the nearest it knows.</summary>
    private static DateTimeOffset Time((long Seconds, long Nanoseconds) t)
    {
        var seconds = Math.Clamp(
            t.Seconds,
            DateTimeOffset.MinValue.ToUnixTimeSeconds(),
            DateTimeOffset.MaxValue.ToUnixTimeSeconds()
        );
        var ticks = Math.Clamp(t.Nanoseconds, 0, 999_999_999) / 100;
        return DateTimeOffset.FromUnixTimeSeconds(seconds).AddTicks(ticks);
    }
}
