using System.Buffers;
using System.Buffers.Binary;
using System.IO.Hashing;
using K4os.Compression.LZ4;

namespace BackupTools.Formats.Sqlite;

/// <summary>
/// Writes an LTX file to a buffer that the caller empties as it likes. Compatible with Litestream 0.5 where the header
/// says so (SQLite format, §4). Keeps about 8 bytes a page for the index.
/// </summary>
internal sealed class LtxWriter
{
    private const int EndOfPages = 6;
    private const int IndexPortion = 1 << 16;

    private readonly IBufferWriter<byte> _target;
    private readonly LtxHeader _header;
    private readonly Crc64 _sum = SqliteChecksum.Start();
    private readonly ArrayBufferWriter<byte> _index = new();
    private long _position;
    private uint _last;

    /// <summary>Writes the header.</summary>
    public LtxWriter(IBufferWriter<byte> target, LtxHeader header)
    {
        _target = target;
        _header = header;
        var span = target.GetSpan(LtxHeader.Length)[..LtxHeader.Length];
        header.Write(span);
        Take(span);
    }

    /// <summary>Bytes written so far.</summary>
    public long Length => _position;

    /// <summary>The most bytes that a page may take when it is compressed.</summary>
    public static int LargestCompressed(int pageSize) => LZ4Codec.MaximumOutputSize(pageSize);

    /// <summary>Compresses a page as it is stored; the bytes that it takes. May be called by several threads at once.</summary>
    public static int Compress(ReadOnlySpan<byte> page, Span<byte> target) =>
        LZ4Codec.Encode(page, target, LZ4Level.L00_FAST);

    /// <summary>Writes a page. Numbers ascend; the lock page is passed over.</summary>
    public void Page(uint number, ReadOnlySpan<byte> page)
    {
        var compressed = new byte[LargestCompressed(page.Length)];
        Page(number, page, compressed.AsSpan(0, Compress(page, compressed)));
    }

    /// <summary>Writes a page that was compressed by <see cref="Compress"/>.</summary>
    public void Page(uint number, ReadOnlySpan<byte> page, ReadOnlySpan<byte> compressed)
    {
        if (number == SqlitePages.LockPage(_header.PageSize))
        {
            return;
        }
        if (number <= _last || number > _header.Commit || page.Length != _header.PageSize)
        {
            throw new ArgumentException(
                $"page {number} of {page.Length} bytes cannot follow page {_last}",
                nameof(page)
            );
        }
        _last = number;
        var at = _position;
        var size = compressed.Length;
        var room = _target.GetSpan(10 + size);
        compressed.CopyTo(room[10..]);
        BinaryPrimitives.WriteUInt32BigEndian(room, number);
        BinaryPrimitives.WriteUInt16BigEndian(room[4..], 1);
        BinaryPrimitives.WriteUInt32BigEndian(room[6..], (uint)size);
        _sum.Append(room[..10]);
        _sum.Append(page);
        Advance(10 + size);
        var entry = _index.GetSpan(LtxIndex.LargestEntry);
        _index.Advance(LtxIndex.WriteEntry(entry, number, at, 10 + size));
    }

    /// <summary>Writes the end of the pages, the index and the trailer; returns the trailer.</summary>
    /// <param name="postApply">Checksum of the state afterwards; 0 without state checksums.</param>
    public LtxTrailer Finish(ulong postApply = 0)
    {
        var span = _target.GetSpan(EndOfPages)[..EndOfPages];
        span.Clear();
        Take(span);
        for (var left = _index.WrittenSpan; !left.IsEmpty; left = left[span.Length..])
        {
            span = _target.GetSpan(IndexPortion)[..Math.Min(left.Length, IndexPortion)];
            left[..span.Length].CopyTo(span);
            Take(span);
        }
        span = _target.GetSpan(LtxIndex.EndLength)[..LtxIndex.EndLength];
        LtxIndex.WriteEnd(span, _index.WrittenCount);
        Take(span);
        span = _target.GetSpan(LtxTrailer.Length)[..LtxTrailer.Length];
        BinaryPrimitives.WriteUInt64BigEndian(span, postApply);
        _sum.Append(span[..8]);
        var trailer = new LtxTrailer(postApply, SqliteChecksum.Stored(_sum));
        BinaryPrimitives.WriteUInt64BigEndian(span[8..], trailer.File);
        Advance(LtxTrailer.Length);
        return trailer;
    }

    /// <summary>Keeps what was just put at the target's next bytes, and takes it into the file's checksum.</summary>
    private void Take(ReadOnlySpan<byte> span)
    {
        _sum.Append(span);
        Advance(span.Length);
    }

    private void Advance(int length)
    {
        _target.Advance(length);
        _position += length;
    }
}
