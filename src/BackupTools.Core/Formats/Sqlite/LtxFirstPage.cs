using System.Buffers.Binary;
using BackupTools.Errors;
using K4os.Compression.LZ4;

namespace BackupTools.Formats.Sqlite;

/// <summary>The database header in an LTX file, of which no more than the first page is read (SQLite format, §4).</summary>
internal static class LtxFirstPage
{
    private const int Head = 10;
    private const uint NumberOfFirst = 1;
    private const ushort BlockFlag = 1;

    /// <summary>Bytes after the file's header that hold all of a first page.</summary>
    public static int LongestOf(int pageSize) => Head + LZ4Codec.MaximumOutputSize(pageSize);

    /// <summary>
    /// The database header; null where the first page is not in the file, or cannot be read. What is damaged is for those
    /// to tell who read the file to its end.
    /// </summary>
    /// <param name="bytes">What is after the file's header.</param>
    /// <param name="pageSize">As the file's header says.</param>
    public static SqliteHeader? Find(ReadOnlySpan<byte> bytes, int pageSize)
    {
        if (
            bytes.Length < Head
            || BinaryPrimitives.ReadUInt32BigEndian(bytes) != NumberOfFirst
            || BinaryPrimitives.ReadUInt16BigEndian(bytes[4..]) != BlockFlag
        )
        {
            return null;
        }
        var size = BinaryPrimitives.ReadUInt32BigEndian(bytes[6..]);
        var page = new byte[pageSize];
        try
        {
            return size <= bytes.Length - Head && LZ4Codec.Decode(bytes.Slice(Head, (int)size), page) == pageSize
                ? SqliteHeader.Parse(page)
                : null;
        }
        catch (BackupException)
        {
            return null;
        }
    }
}
