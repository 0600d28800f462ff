using BackupTools.Errors;

namespace BackupTools.Files;

/// <summary>
/// A new file of which all that is written is read back at once, while others write on, and compared: from the disk where
/// blocks go past the system's cache (<see cref="UncachedAccess"/>), else from that cache.
/// </summary>
/// <remarks>
/// What is proved is that the disk has the bytes that were written. That these are the right ones, the caller proves of the
/// same bytes on their way. To read all of a file again after it was written took as long as writing it.
/// </remarks>
/// <param name="inner">The file; disposed with this one.</param>
internal sealed class ReadBackFile(IDiskFile inner) : IDiskFile
{
    public string Path => inner.Path;

    public long Length => inner.Length;

    public DiskEntry Stat() => inner.Stat();

    public int Read(Span<byte> buffer, long offset) => inner.Read(buffer, offset);

    /// <summary>Writes, and reads back.</summary>
    /// <exception cref="BackupException">VerificationFailed: it reads back differently; what writing and reading throw.</exception>
    public void Write(ReadOnlySpan<byte> buffer, long offset)
    {
        inner.Write(buffer, offset);
        var block = BlockPool.Rent();
        try
        {
            for (var done = 0; done < buffer.Length; )
            {
                var part = block.Span[..Math.Min(block.Length, buffer.Length - done)];
                var read = inner.ReadWritten(part, offset + done);
                var same = part[..read].CommonPrefixLength(buffer[done..]);
                if (read == 0 || same < read)
                {
                    throw new BackupException(
                        ErrorCode.VerificationFailed,
                        "what was written reads back differently",
                        Path,
                        offset + done + same,
                        recommendation: "Check the disk that holds the destination."
                    );
                }
                done += read;
            }
        }
        finally
        {
            BlockPool.Return(block);
        }
    }

    public void SetLength(long length) => inner.SetLength(length);

    public void SetModified(DateTimeOffset time) => inner.SetModified(time);

    public void Flush() => inner.Flush();

    public IReadOnlyList<FileRange> DataRanges() => inner.DataRanges();

    public void Dispose() => inner.Dispose();
}
