namespace BackupTools.Files.Stores;

/// <summary>An object that is read as a file. It is the one that was listed, or reading fails.</summary>
internal sealed class StoreFile(DiskEntry entry, ReadAhead bytes) : IDiskFile
{
    public string Path => entry.Path;

    public long Length => entry.Length;

    public DiskEntry Stat() => entry;

    public int Read(Span<byte> buffer, long offset) => bytes.Read(buffer, offset);

    public IReadOnlyList<FileRange> DataRanges() => [new FileRange(0, Length)];

    public void Write(ReadOnlySpan<byte> buffer, long offset) => throw RoutingDisk.ReadOnly(Path);

    public void SetLength(long length) => throw RoutingDisk.ReadOnly(Path);

    public void SetModified(DateTimeOffset time) => throw RoutingDisk.ReadOnly(Path);

    public void Flush() => throw RoutingDisk.ReadOnly(Path);

    public void Dispose() => bytes.Dispose();
}
