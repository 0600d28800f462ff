using System.Buffers.Binary;
using BackupTools.Errors;
using BackupTools.Formats.Primitives;

namespace BackupTools.Formats.Sqlite;

/// <summary>One page of a write-ahead log.</summary>
/// <param name="number">The page's number, from 1.</param>
/// <param name="databasePages">Pages of the database after the commit that this frame ends; 0 inside a transaction.</param>
/// <param name="page">The page; valid during the call only.</param>
internal delegate void SqliteFrameSink(uint number, uint databasePages, ReadOnlySpan<byte> page);

/// <summary>
/// Reads a write-ahead log in portions of any size, from its header on, and proves each frame. Here every frame must be
/// valid: it is for logs that were copied up to a commit, not for the tail of a live one (SQLite format, §3 and §5).
/// </summary>
internal sealed class SqliteWalScanner(SqliteFrameSink? sink)
{
    private const int FrameHead = 24;

    private byte[] _pending = new byte[SqliteWalHeader.Length];
    private int _have;
    private SqliteWalSum _sum;

    /// <summary>Null until it was read.</summary>
    public SqliteWalHeader? Header { get; private set; }

    /// <summary>Bytes taken so far, which is the offset in the log.</summary>
    public long Position { get; private set; }

    /// <summary>Pages of the database after the last commit; null before the first.</summary>
    public uint? DatabasePages { get; private set; }

    /// <summary>True when the last frame was a commit and nothing was begun after it.</summary>
    public bool IsAtCommit { get; private set; } = true;

    /// <summary>Takes the next bytes of the log.</summary>
    /// <exception cref="BackupException">A frame is not valid; the offset is that in the log.</exception>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var part = bytes[..Math.Min(bytes.Length, _pending.Length - _have)];
            part.CopyTo(_pending.AsSpan(_have));
            _have += part.Length;
            bytes = bytes[part.Length..];
            IsAtCommit &= Header is null && _have < _pending.Length;
            if (_have == _pending.Length)
            {
                Take();
            }
        }
    }

    /// <summary>Requires that the bytes taken so far end with a commit (or with the log's header).</summary>
    /// <exception cref="BackupException">Truncated.</exception>
    public void RequireCommit()
    {
        if (!IsAtCommit || (Header is null && _have > 0))
        {
            throw Fault.Truncated("the write-ahead log ends inside a transaction", Position + _have);
        }
    }

    private void Take()
    {
        if (Header is null)
        {
            Header = SqliteWalHeader.Parse(_pending);
            _sum = Header.Sum;
            Position = SqliteWalHeader.Length;
            _pending = new byte[FrameHead + Header.PageSize];
            IsAtCommit = true;
        }
        else
        {
            TakeFrame(Header, _pending);
            Position += _pending.Length;
        }
        _have = 0;
    }

    private void TakeFrame(SqliteWalHeader header, ReadOnlySpan<byte> frame)
    {
        if (BinaryPrimitives.ReadUInt64BigEndian(frame[8..]) != header.Salts)
        {
            throw Fault.Malformed("a frame belongs to another write-ahead log than its header", Position + 8);
        }
        _sum.Append(frame[..8], header.IsBigEndian);
        _sum.Append(frame[FrameHead..], header.IsBigEndian);
        if (
            _sum
            != new SqliteWalSum(
                BinaryPrimitives.ReadUInt32BigEndian(frame[16..]),
                BinaryPrimitives.ReadUInt32BigEndian(frame[20..])
            )
        )
        {
            throw new BackupException(
                ErrorCode.ChecksumMismatch,
                "a frame of the write-ahead log does not match its checksum",
                offset: Position + 16
            );
        }
        var number = BinaryPrimitives.ReadUInt32BigEndian(frame);
        var pages = BinaryPrimitives.ReadUInt32BigEndian(frame[4..]);
        if (number == 0)
        {
            throw Fault.Malformed("a frame has page number 0", Position);
        }
        sink?.Invoke(number, pages, frame[FrameHead..]);
        IsAtCommit = pages > 0;
        DatabasePages = pages > 0 ? pages : DatabasePages;
    }
}
