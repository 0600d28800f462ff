using System.Buffers.Binary;
using BackupTools.Errors;
using BackupTools.Formats.Primitives;
using K4os.Compression.LZ4;

namespace BackupTools.Formats.Sqlite;

/// <summary>One page of an LTX file; the bytes are valid during the call only.</summary>
internal delegate void LtxPageSink(uint number, ReadOnlySpan<byte> page);

/// <summary>
/// Reads an LTX file in portions of any size and proves it: order and number of the pages, the index, the checksum.
/// Memory does not depend on the number of pages (SQLite format, §4).
/// </summary>
internal sealed class LtxScanner(LtxPageSink? sink)
{
    private const int PageHead = 6;
    private const int SizeField = 4;
    private const ushort BlockFlag = 1;

    private readonly LtxFileSum _sum = new();
    private readonly LtxIndexCheck _index = new();
    private byte[] _pending = new byte[LtxHeader.Length];
    private byte[] _page = [];
    private PageChecksum? _pageSums;
    private ulong _bytesCrc;
    private int _have;
    private int _need = LtxHeader.Length;
    private Part _part = Part.Header;
    private uint _number;
    private long _pageAt;
    private long _position;

    private enum Part
    {
        Header,
        PageHead,
        Size,
        Data,
        Index,
        Trailer,
        End,
    }

    /// <summary>Null until it was read.</summary>
    public LtxHeader? Header { get; private set; }

    /// <summary>Null until it was read and the file's checksum was found right.</summary>
    public LtxTrailer? Trailer { get; private set; }

    /// <summary>Pages read so far.</summary>
    public long Pages { get; private set; }

    /// <summary>The sum of the page that the sink is shown.</summary>
    public ulong PageSum => _pageSums!.Of(_number, _bytesCrc);

    /// <summary>Takes the next bytes of the file.</summary>
    /// <exception cref="BackupException">Of the damaged kind, with the offset in the file.</exception>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            if (_part == Part.End)
            {
                throw Fault.Malformed("there are bytes after the end of the LTX file", _position);
            }
            if (_part == Part.Index)
            {
                bytes = bytes[TakeIndex(bytes)..];
                continue;
            }
            if (_have == 0 && bytes.Length >= _need)
            {
                var whole = bytes[.._need];
                bytes = bytes[_need..];
                Take(whole);
                continue;
            }
            var part = bytes[..Math.Min(bytes.Length, _need - _have)];
            part.CopyTo(_pending.AsSpan(_have));
            _have += part.Length;
            bytes = bytes[part.Length..];
            if (_have == _need)
            {
                _have = 0;
                Take(_pending.AsSpan(0, _need));
            }
        }
    }

    /// <summary>Says that the file has ended.</summary>
    /// <exception cref="BackupException">Truncated.</exception>
    public void Finish()
    {
        if (_part != Part.End)
        {
            throw Fault.Truncated("the LTX file is truncated", _position + _have);
        }
    }

    private void Take(ReadOnlySpan<byte> bytes)
    {
        var at = _position;
        _position += bytes.Length;
        switch (_part)
        {
            case Part.Header:
                TakeHeader(bytes);
                break;
            case Part.PageHead:
                TakePageHead(bytes, at);
                break;
            case Part.Size:
                TakeSize(bytes, at);
                break;
            case Part.Data:
                TakePage(bytes, at);
                break;
            default:
                TakeTrailer(bytes, at);
                break;
        }
    }

    private void TakeHeader(ReadOnlySpan<byte> bytes)
    {
        Header = LtxHeader.Parse(bytes);
        _sum.Append(bytes);
        _page = new byte[Header.PageSize];
        _pageSums = new PageChecksum(Header.PageSize);
        _pending = new byte[Math.Max(LtxHeader.Length, LargestBlock(Header.PageSize))];
        Expect(Part.PageHead, PageHead);
    }

    private void TakePageHead(ReadOnlySpan<byte> bytes, long at)
    {
        _sum.Append(bytes);
        var number = BinaryPrimitives.ReadUInt32BigEndian(bytes);
        var flags = BinaryPrimitives.ReadUInt16BigEndian(bytes[4..]);
        if (number == 0 && flags == 0)
        {
            RequireAllPages(at);
            _index.EndOfPages();
            _part = Part.Index;
            return;
        }
        if (flags != BlockFlag)
        {
            throw new BackupException(
                ErrorCode.UnsupportedVersion,
                $"page {number} has flags {flags}: this layout of LTX files is not read",
                offset: at + 4,
                recommendation: "Restore this file with the version of Litestream that wrote it."
            );
        }
        RequireOrder(number, at);
        _number = number;
        _pageAt = at;
        Expect(Part.Size, SizeField);
    }

    private void TakeSize(ReadOnlySpan<byte> bytes, long at)
    {
        _sum.Append(bytes);
        var size = BinaryPrimitives.ReadUInt32BigEndian(bytes);
        if (size == 0 || size > LargestBlock(Header!.PageSize))
        {
            throw Fault.Malformed($"page {_number} cannot take {size} bytes", at);
        }
        _index.Add(_number, _pageAt, PageHead + SizeField + (int)size);
        Expect(Part.Data, (int)size);
    }

    private void TakePage(ReadOnlySpan<byte> bytes, long at)
    {
        if (LZ4Codec.Decode(bytes, _page) != _page.Length)
        {
            throw Fault.Malformed($"page {_number} does not decompress to a page", at);
        }
        _bytesCrc = _pageSums!.OfBytes(_page);
        _sum.Append(_pageSums, _bytesCrc);
        sink?.Invoke(_number, _page);
        Pages++;
        Expect(Part.PageHead, PageHead);
    }

    private int TakeIndex(ReadOnlySpan<byte> bytes)
    {
        var part = bytes[..(int)Math.Min(bytes.Length, _index.BytesLeft)];
        _sum.Append(part);
        _index.Compare(part);
        _position += part.Length;
        if (_index.BytesLeft == 0)
        {
            if (!_index.IsRight)
            {
                throw Fault.Malformed("the page index does not match the pages", _position - _index.Length);
            }
            Expect(Part.Trailer, LtxTrailer.Length);
        }
        return part.Length;
    }

    private void TakeTrailer(ReadOnlySpan<byte> bytes, long at)
    {
        var trailer = LtxTrailer.Parse(bytes, Header!, at);
        _sum.Append(bytes[..8]);
        var actual = _sum.Stored;
        if (actual != trailer.File)
        {
            throw new BackupException(
                ErrorCode.ChecksumMismatch,
                "the LTX file does not match its checksum",
                offset: at + 8,
                expected: $"{trailer.File:x16}",
                actual: $"{actual:x16}"
            );
        }
        Trailer = trailer;
        _part = Part.End;
    }

    private void RequireOrder(uint number, long at)
    {
        var header = Header!;
        var lockPage = SqlitePages.LockPage(header.PageSize);
        if (number == lockPage)
        {
            throw Fault.Malformed($"page {number} is the lock page, which is never stored", at);
        }
        if (number <= _number || number > header.Commit)
        {
            throw Fault.Malformed($"page {number} follows page {_number} in a database of {header.Commit} pages", at);
        }
        var next = _number + 1 == lockPage ? lockPage + 1 : _number + 1;
        if (header.IsSnapshot && number != next)
        {
            throw Fault.Malformed($"page {next} is missing in the snapshot", at);
        }
    }

    private void RequireAllPages(long at)
    {
        var header = Header!;
        var last = header.Commit == SqlitePages.LockPage(header.PageSize) ? header.Commit - 1 : header.Commit;
        if (header.IsSnapshot && _number != last)
        {
            throw Fault.Malformed($"the snapshot ends at page {_number} of {header.Commit}", at);
        }
    }

    private void Expect(Part part, int bytes)
    {
        _part = part;
        _need = bytes;
    }

    /// <summary>More than any writer needs, whatever its compression; anything larger is not a page.</summary>
    private static int LargestBlock(int pageSize) => 2 * LZ4Codec.MaximumOutputSize(pageSize);
}
