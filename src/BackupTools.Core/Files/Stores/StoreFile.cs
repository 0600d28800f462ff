namespace BackupTools.Files.Stores;

/// <summary>An object that is read as a file. It is the one that was listed, or reading fails.</summary>
internal sealed class StoreFile(DiskEntry entry, ReadAhead bytes) : IDiskFile
{
    public string Path => entry.Path;

    public long Length => entry.Length;

    public DiskEntry Stat() => entry;

    public int Read(Span<byte> buffer, long offset) => bytes.Read(buffer, offset);

    public void Dispose() => bytes.Dispose();
}
