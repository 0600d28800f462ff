using System.Buffers.Binary;
using System.IO.Hashing;
using BackupTools.Errors;

namespace BackupTools.Formats.Grafeo;

/// <summary>
/// Reads the frames of a log segment of 0.6.0 (Grafeo format, §7.2) from blocks of any size: give bytes, get frames.
/// Payloads, which may be a gigabyte, are checked as they pass and never kept.
/// </summary>
/// <param name="lsn">Position of the first frame.</param>
/// <param name="offset">Where it lies in its file, for messages.</param>
/// <param name="checkCrc">False to follow the framing only.</param>
internal sealed class GrafeoFrameReader(ulong lsn, long offset = GrafeoWalHeader.Size, bool checkCrc = true)
{
    /// <summary>Bytes of a frame before its payload.</summary>
    public const int HeaderSize = 25;

    /// <summary>The longest payload.</summary>
    public const uint MaxPayload = 1u << 30;

    private const byte First = 1;
    private const byte Last = 2;
    private const int SyncedSize = 8;

    // synced LSN, record header, epoch, time: all that is looked at of a payload.
    private const int Looked = SyncedSize + RecordHeaderSize + 9 + 9;
    private const int RecordHeaderSize = 6;
    private const byte GroupBegin = 1;

    private readonly Crc32 _crc = new();
    private readonly byte[] _header = new byte[HeaderSize];
    private readonly byte[] _look = new byte[Looked];
    private int _headerFilled;
    private uint _length;
    private uint _payloadRead;
    private (ulong Lsn, ulong Transaction, ulong Synced, ulong? Epoch, ulong? Time)? _group;

    /// <summary>Position after the last whole frame.</summary>
    public ulong EndLsn { get; private set; } = lsn;

    /// <summary>Offset after the last whole frame.</summary>
    public long End { get; private set; } = offset;

    /// <summary>True when neither a frame nor a group is half read.</summary>
    public bool AtBoundary => _headerFilled == 0 && _group is null;

    /// <summary>
    /// Takes bytes until a frame is whole or none are left. Whatever was taken is cut off <paramref name="bytes"/>.
    /// </summary>
    /// <returns>True when <paramref name="frame"/> is a whole frame.</returns>
    /// <exception cref="BackupException">ChecksumMismatch or Malformed, with the offset of the frame.</exception>
    public bool Read(ref ReadOnlySpan<byte> bytes, out GrafeoFrame frame)
    {
        frame = default;
        if (_headerFilled < HeaderSize && !FillHeader(ref bytes))
        {
            return false;
        }
        var take = (int)Math.Min((uint)bytes.Length, _length - _payloadRead);
        var piece = bytes[..take];
        if (_payloadRead < Looked)
        {
            piece[..Math.Min(take, Looked - (int)_payloadRead)].CopyTo(_look.AsSpan((int)_payloadRead));
        }
        if (checkCrc)
        {
            _crc.Append(piece);
        }
        bytes = bytes[take..];
        _payloadRead += (uint)take;
        if (_payloadRead < _length)
        {
            return false;
        }
        frame = Finish();
        return true;
    }

    /// <summary>What is missing when the data ends here; null at a group's end.</summary>
    public BackupException? Torn() =>
        AtBoundary ? null
        : _headerFilled == 0 ? Bad(ErrorCode.Truncated, $"the group at LSN {_group!.Value.Lsn} has no last frame")
        : Bad(
            ErrorCode.Truncated,
            _headerFilled < HeaderSize
                ? $"damaged WAL frame at LSN {EndLsn}: its header runs past the end of the file"
                : $"damaged WAL frame at LSN {EndLsn}: a frame of {_length} bytes runs past the end of the file "
                    + $"({_payloadRead} bytes left)"
        );

    private bool FillHeader(ref ReadOnlySpan<byte> bytes)
    {
        var take = Math.Min(bytes.Length, HeaderSize - _headerFilled);
        bytes[..take].CopyTo(_header.AsSpan(_headerFilled));
        bytes = bytes[take..];
        _headerFilled += take;
        if (_headerFilled < HeaderSize)
        {
            return false;
        }
        _length = BinaryPrimitives.ReadUInt32LittleEndian(_header);
        if (_length > MaxPayload)
        {
            throw Bad(ErrorCode.Malformed, $"damaged WAL frame at LSN {EndLsn}: {_length} bytes are too long");
        }
        var own = BinaryPrimitives.ReadUInt64LittleEndian(_header.AsSpan(8));
        if (own != EndLsn)
        {
            throw Bad(ErrorCode.Malformed, $"damaged WAL frame at LSN {EndLsn}: it says it is at LSN {own}");
        }
        if (checkCrc)
        {
            _crc.Append(_header.AsSpan(0, 4));
            _crc.Append(_header.AsSpan(8));
        }
        return true;
    }

    private GrafeoFrame Finish()
    {
        var stored = BinaryPrimitives.ReadUInt32LittleEndian(_header.AsSpan(4));
        if (checkCrc && stored != _crc.GetCurrentHashAsUInt32())
        {
            throw Bad(ErrorCode.ChecksumMismatch, $"damaged WAL frame at LSN {EndLsn}: checksum mismatch");
        }
        var transaction = BinaryPrimitives.ReadUInt64LittleEndian(_header.AsSpan(16));
        var flags = _header[24];
        var group = Group(transaction, flags);
        var ends = (flags & Last) != 0;
        var next = EndLsn + HeaderSize + _length;
        var frame = new GrafeoFrame(EndLsn, next, ends, group.Lsn, group.Synced, group.Epoch, group.Time);
        _group = ends ? null : group;
        EndLsn = next;
        End += HeaderSize + _length;
        _crc.Reset();
        _headerFilled = 0;
        _payloadRead = 0;
        return frame;
    }

    private (ulong Lsn, ulong Transaction, ulong Synced, ulong? Epoch, ulong? Time) Group(ulong transaction, byte flags)
    {
        if ((flags & ~(First | Last)) != 0)
        {
            throw Bad(ErrorCode.Malformed, $"damaged WAL frame at LSN {EndLsn}: unknown flags 0x{flags:x2}");
        }
        if ((flags & First) == 0)
        {
            return _group is { } open && open.Transaction == transaction
                ? open
                : throw Bad(
                    ErrorCode.Malformed,
                    $"damaged WAL frame at LSN {EndLsn}: it continues a group that did not begin before it"
                );
        }
        if (_group is { } unfinished)
        {
            throw Bad(
                ErrorCode.Malformed,
                $"a group begins at LSN {EndLsn} before the one at LSN {unfinished.Lsn} has ended"
            );
        }
        var looked = _look.AsSpan(0, (int)Math.Min(_length, (uint)Looked));
        if (looked.Length < SyncedSize)
        {
            throw Bad(ErrorCode.Malformed, $"damaged WAL frame at LSN {EndLsn}: a group without its prologue");
        }
        var synced = BinaryPrimitives.ReadUInt64LittleEndian(looked);
        if (synced > EndLsn)
        {
            throw Bad(ErrorCode.Malformed, $"damaged WAL frame at LSN {EndLsn}: LSN {synced} cannot be synced yet");
        }
        var (epoch, time) = Begin(looked[SyncedSize..]);
        return (EndLsn, transaction, synced, epoch, time);
    }

    /// <summary>Epoch and time from the record that begins every group that has records at all.</summary>
    private (ulong? Epoch, ulong? Time) Begin(ReadOnlySpan<byte> records)
    {
        if (records.IsEmpty)
        {
            return (null, null);
        }
        if (records.Length < RecordHeaderSize || records[0] != GroupBegin)
        {
            throw Bad(
                ErrorCode.Malformed,
                $"damaged WAL frame at LSN {EndLsn}: the group does not begin with its epoch"
            );
        }
        var length = BinaryPrimitives.ReadUInt32LittleEndian(records[2..]);
        var body = records[RecordHeaderSize..];
        var reader = new BincodeReader(
            body[..(int)Math.Min((uint)body.Length, length)],
            End + HeaderSize + SyncedSize + RecordHeaderSize
        );
        return (reader.U64(), reader.U64());
    }

    private BackupException Bad(ErrorCode code, string message) => new(code, message, offset: End);
}
