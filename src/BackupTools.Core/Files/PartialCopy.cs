namespace BackupTools.Files;

/// <summary>Distinguishes what an interrupted copy left from what someone else put there.</summary>
internal static class PartialCopy
{
    private const int BlockSize = 1 << 20;

    /// <summary>
    /// True when all that is at one path is also at the beginning of what is at the other: each byte of a file, each
    /// entry of a folder. Links and devices are the beginning of nothing.
    /// </summary>
    public static bool IsBeginningOf(IReadingDisk disk, string partial, string whole, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        return (disk.Stat(partial), disk.Stat(whole)) switch
        {
            ({ Kind: DiskEntryKind.File } p, { Kind: DiskEntryKind.File } w) => p.Length <= w.Length
                && IsPrefix(disk, p, whole, cancellation),
            ({ Kind: DiskEntryKind.Directory }, { Kind: DiskEntryKind.Directory }) => disk.List(partial)
                .All(e => IsBeginningOf(disk, e.Path, Path.Combine(whole, e.Name), cancellation)),
            _ => false,
        };
    }

    /// <summary>True when something of the whole is not there, or a file is shorter; looks at names and lengths only.</summary>
    public static bool LacksSomething(IReadingDisk disk, string partial, string whole) =>
        (disk.Stat(partial), disk.Stat(whole)) switch
        {
            ({ Kind: DiskEntryKind.Directory }, { Kind: DiskEntryKind.Directory }) => disk.List(whole)
                .Any(e => LacksSomething(disk, Path.Combine(partial, e.Name), e.Path)),
            (null, not null) => true,
            ({ Kind: DiskEntryKind.File } p, { Kind: DiskEntryKind.File } w) => p.Length < w.Length,
            _ => false,
        };

    private static bool IsPrefix(IReadingDisk disk, DiskEntry partial, string whole, CancellationToken cancellation)
    {
        using var a = disk.OpenRead(partial.Path);
        using var b = disk.OpenRead(whole);
        var (mine, theirs) = (new byte[BlockSize], new byte[BlockSize]);
        for (long at = 0; at < partial.Length; at += BlockSize)
        {
            cancellation.ThrowIfCancellationRequested();
            var length = (int)Math.Min(BlockSize, partial.Length - at);
            HashingCopy.ReadExactly(a, mine.AsSpan(0, length), at);
            HashingCopy.ReadExactly(b, theirs.AsSpan(0, length), at);
            if (!mine.AsSpan(0, length).SequenceEqual(theirs.AsSpan(0, length)))
                return false;
        }
        return true;
    }
}
