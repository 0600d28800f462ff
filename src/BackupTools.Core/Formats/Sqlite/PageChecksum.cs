using System.Buffers.Binary;
using System.IO.Hashing;
using BackupTools.Formats.Primitives;

namespace BackupTools.Formats.Sqlite;

/// <summary>
/// The sums of pages, each read once: the CRC of a page's bytes goes into its own sum, after its number, and into the
/// file's (<see cref="LtxFileSum"/>). Not safe for several threads at once.
/// </summary>
/// <param name="pageSize">Bytes of a page.</param>
internal sealed class PageChecksum(int pageSize)
{
    private readonly Crc64 _crc = SqliteChecksum.Start();
    private readonly Crc64Shift _page = new(pageSize);

    /// <summary>The CRC of a page's bytes.</summary>
    public ulong OfBytes(ReadOnlySpan<byte> page) => SqliteChecksum.Of(_crc, page);

    /// <summary>The sum of a page with its number, as it is stored.</summary>
    /// <param name="number">The page's number, from 1.</param>
    /// <param name="bytesCrc">What <see cref="OfBytes"/> says of it.</param>
    public ulong Of(uint number, ulong bytesCrc)
    {
        Span<byte> head = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(head, number);
        return SqliteChecksum.Flag | _page.Combine(SqliteChecksum.Of(_crc, head), bytesCrc);
    }

    /// <summary>The same of a whole page.</summary>
    public ulong Of(uint number, ReadOnlySpan<byte> page) => Of(number, OfBytes(page));

    /// <summary>The CRC of what a file's checksum covers so far and a page after it.</summary>
    public ulong Behind(ulong before, ulong bytesCrc) => _page.Combine(before, bytesCrc);
}

/// <summary>The checksum of an LTX file: over its bytes, but for the pages as they are uncompressed.</summary>
internal sealed class LtxFileSum
{
    private readonly Crc64 _piece = SqliteChecksum.Start();
    private Crc64Shift _pieceShift = new(0);
    private long _shifts;
    private long _pieceLength;
    private ulong _sum;

    /// <summary>The sum so far, as it is stored.</summary>
    public ulong Stored
    {
        get
        {
            EndPiece();
            return SqliteChecksum.Flag | _sum;
        }
    }

    /// <summary>Takes the next bytes in, other than a page's.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        _piece.Append(bytes);
        _pieceLength += bytes.Length;
    }

    /// <summary>Takes a page in.</summary>
    /// <param name="pages">Of the file's size of pages.</param>
    /// <param name="bytesCrc">What <see cref="PageChecksum.OfBytes"/> says of it.</param>
    public void Append(PageChecksum pages, ulong bytesCrc)
    {
        EndPiece();
        _sum = pages.Behind(_sum, bytesCrc);
    }

    private void EndPiece()
    {
        // Nearly all are the ten bytes before a page.
        if (_pieceLength != _shifts)
        {
            _pieceShift = new Crc64Shift(_pieceLength);
            _shifts = _pieceLength;
        }
        _sum = _pieceShift.Combine(_sum, _piece.GetCurrentHashAsUInt64());
        _piece.Reset();
        _pieceLength = 0;
    }
}
