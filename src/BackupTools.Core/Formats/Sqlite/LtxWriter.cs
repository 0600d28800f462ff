using System.Buffers;
using System.Buffers.Binary;

namespace BackupTools.Formats.Sqlite;

/// <summary>
/// Writes an LTX file to a buffer that the caller empties as it likes. Compatible with Litestream 0.5 where the header
/// says so (SQLite format, §4). Keeps about 8 bytes a page for the index.
/// </summary>
internal sealed class LtxWriter
{
    private const int PageHead = 10;
    private readonly IBufferWriter<byte> _target;
    private readonly LtxHeader _header;
    private readonly LtxFileSum _sum = new();
    private readonly PageChecksum _pageSums;
    private readonly ArrayBufferWriter<byte> _index = new();
    private long _position;
    private uint _last;

    /// <summary>Writes the header.</summary>
    public LtxWriter(IBufferWriter<byte> target, LtxHeader header)
    {
        _target = target;
        _header = header;
        _pageSums = new PageChecksum(header.PageSize);
        Span<byte> head = stackalloc byte[LtxHeader.Length];
        header.Write(head);
        Take(head);
    }

    /// <summary>Bytes written so far.</summary>
    public long Length => _position;

    /// <summary>Writes a page that is compressed already. Numbers ascend; the lock page is passed over.</summary>
    /// <param name="number">The page's number.</param>
    /// <param name="bytesCrc">What <see cref="PageChecksum.OfBytes"/> says of the page.</param>
    /// <param name="compressed">An LZ4 block of the page.</param>
    public void Page(uint number, ulong bytesCrc, ReadOnlySpan<byte> compressed)
    {
        if (number == SqlitePages.LockPage(_header.PageSize))
        {
            return;
        }
        if (number <= _last || number > _header.Commit)
        {
            throw new ArgumentException($"page {number} cannot follow page {_last}", nameof(number));
        }
        _last = number;
        var at = _position;
        Span<byte> head = stackalloc byte[PageHead];
        BinaryPrimitives.WriteUInt32BigEndian(head, number);
        BinaryPrimitives.WriteUInt16BigEndian(head[4..], 1);
        BinaryPrimitives.WriteUInt32BigEndian(head[6..], (uint)compressed.Length);
        Take(head);
        Write(compressed);
        _sum.Append(_pageSums, bytesCrc);
        var entry = _index.GetSpan(LtxIndex.LargestEntry);
        _index.Advance(LtxIndex.WriteEntry(entry, number, at, PageHead + compressed.Length));
    }

    /// <summary>Writes the end of the pages, the index and the trailer; returns the trailer.</summary>
    /// <param name="postApply">Checksum of the state afterwards; 0 without state checksums.</param>
    public LtxTrailer Finish(ulong postApply = 0)
    {
        Take([0, 0, 0, 0, 0, 0]); // a page of number and flags 0
        Take(_index.WrittenSpan);
        Span<byte> end = stackalloc byte[LtxIndex.EndLength];
        LtxIndex.WriteEnd(end, _index.WrittenCount);
        Take(end);
        Span<byte> last = stackalloc byte[LtxTrailer.Length];
        BinaryPrimitives.WriteUInt64BigEndian(last, postApply);
        _sum.Append(last[..8]);
        var trailer = new LtxTrailer(postApply, _sum.Stored);
        trailer.Write(last);
        Write(last);
        return trailer;
    }

    /// <summary>Writes bytes, and takes them into the file's checksum.</summary>
    private void Take(ReadOnlySpan<byte> bytes)
    {
        _sum.Append(bytes);
        Write(bytes);
    }

    private void Write(ReadOnlySpan<byte> bytes)
    {
        _target.Write(bytes);
        _position += bytes.Length;
    }
}
