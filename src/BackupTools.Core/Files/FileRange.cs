namespace BackupTools.Files;

/// <summary>A half-open byte range [Start, End) of a file.</summary>
internal readonly record struct FileRange(long Start, long End)
{
    /// <summary>The number of bytes in the range.</summary>
    public long Length => End - Start;
}
