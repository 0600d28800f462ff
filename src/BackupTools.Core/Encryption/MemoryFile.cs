using BackupTools.Files;

namespace BackupTools.Encryption;

/// <summary>A small file that is held as a whole.</summary>
internal sealed class MemoryFile(string path, byte[] bytes) : IDiskFile
{
    /// <summary>What it holds now.</summary>
    public byte[] Bytes { get; private set; } = bytes;

    public string Path => path;

    public long Length => Bytes.Length;

    public DiskEntry Stat() => throw new InvalidOperationException($"{path} is held in memory");

    public int Read(Span<byte> buffer, long offset)
    {
        var part = Bytes.AsSpan((int)Math.Min(offset, Bytes.Length));
        part = part[..Math.Min(part.Length, buffer.Length)];
        part.CopyTo(buffer);
        return part.Length;
    }

    /// <summary>For what is written from its beginning on.</summary>
    public void Write(ReadOnlySpan<byte> buffer, long offset) => Bytes = [.. Bytes.AsSpan(0, (int)offset), .. buffer];

    public void Flush() { }

    public void Dispose() { }
}
