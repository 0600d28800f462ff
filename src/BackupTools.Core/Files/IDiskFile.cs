namespace BackupTools.Files;

/// <summary>
/// An open file. Positions are explicit, so that several threads may read and write different ranges at once. What is only
/// read has nothing to say of writing.
/// </summary>
internal interface IDiskFile : IDisposable
{
    /// <summary>The absolute path it was opened by.</summary>
    string Path { get; }

    /// <summary>The length in bytes now (not the one at opening).</summary>
    long Length { get; }

    /// <summary>What the open handle refers to now, even if the path has meanwhile been given to another file.</summary>
    DiskEntry Stat();

    /// <summary>Reads up to the buffer's length from <paramref name="offset"/>; 0 at the end of the file.</summary>
    int Read(Span<byte> buffer, long offset);

    /// <summary>
    /// Reads like <see cref="Read"/> what was just written in one piece: from the disk itself, if it was written there past the
    /// system's cache.
    /// </summary>
    int ReadWritten(Span<byte> buffer, long offset) => Read(buffer, offset);

    /// <summary>Writes the whole buffer at <paramref name="offset"/>, growing the file as needed.</summary>
    void Write(ReadOnlySpan<byte> buffer, long offset) => throw OnlyRead();

    /// <summary>Sets the length; growing leaves a hole where the file system can.</summary>
    void SetLength(long length) => throw OnlyRead();

    /// <summary>Sets the time of the last change, for formats that tell a bundle's time by it.</summary>
    void SetModified(DateTimeOffset time) => throw OnlyRead();

    /// <summary>Makes content and length durable (fsync).</summary>
    void Flush() => throw OnlyRead();

    /// <summary>
    /// The ranges that hold data, ascending, within [0, Length); one range for everything where the system cannot
    /// tell holes.
    /// </summary>
    IReadOnlyList<FileRange> DataRanges() => [new FileRange(0, Length)];

    private InvalidOperationException OnlyRead() => new($"{Path} is only read");
}
