using System.Collections.Concurrent;
using BackupTools.Files;

namespace BackupTools.Tests.Files;

/// <summary>A file whose length nobody may set; it notes where writes begin.</summary>
internal sealed class FixedLengthFile(IDiskFile inner) : IDiskFile
{
    public ConcurrentBag<long> Offsets { get; } = [];

    public string Path => inner.Path;

    public long Length => 0;

    public DiskEntry Stat() => inner.Stat();

    public int Read(Span<byte> buffer, long offset) => inner.Read(buffer, offset);

    public void Write(ReadOnlySpan<byte> buffer, long offset)
    {
        Offsets.Add(offset);
        inner.Write(buffer, offset);
    }

    public void SetLength(long length) => throw new InvalidOperationException($"set to {length}");

    public void SetModified(DateTimeOffset time) => inner.SetModified(time);

    public void Flush() => inner.Flush();

    public IReadOnlyList<FileRange> DataRanges() => inner.DataRanges();

    public void Dispose() => inner.Dispose();
}
