namespace BackupTools.Files;

/// <summary>
/// A part of a staged file that is written as if it were a file of its own. It begins at <paramref name="start"/>; the
/// whole file stays open and belongs to the caller.
/// </summary>
internal sealed class OffsetFile(IDiskFile whole, long start) : IDiskFile
{
    public string Path => whole.Path;

    public long Length => Math.Max(0, whole.Length - start);

    public DiskEntry Stat() => whole.Stat();

    public int Read(Span<byte> buffer, long offset) => whole.Read(buffer, start + offset);

    public void Write(ReadOnlySpan<byte> buffer, long offset) => whole.Write(buffer, start + offset);

    public void SetLength(long length) => whole.SetLength(start + length);

    public void SetModified(DateTimeOffset time) => whole.SetModified(time);

    public void Flush() => whole.Flush();

    public void Dispose() { }
}
