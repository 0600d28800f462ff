using System.Buffers.Binary;
using System.IO.Hashing;
using BackupTools.Errors;
using BackupTools.Formats.Primitives;

namespace BackupTools.Formats.PowDb;

/// <summary>A record of the write-ahead log, without its data (PowDB format, §5).</summary>
internal readonly record struct PowDbWalRecord(long Offset, uint Length, ulong TxId, byte Type, ulong Lsn);

/// <summary>
/// Reads a write-ahead log of either layout block by block and holds none of it. As the engine does, it stops
/// silently at the first record that is not whole and sound (PowDB format, §5).
/// </summary>
internal sealed class PowDbWalScan(Action<PowDbWalRecord>? onRecord = null)
{
    private const int FileHeaderSize = 8;
    private const int RecordHeaderSize = 25;
    private const uint MaxRecordLength = RecordHeaderSize + (256u * 1024 * 1024);
    private const int ChecksumEnd = 8;
    private const byte NewestLegacyType = 9;
    private const byte NewestType = 12;

    private readonly Crc32 _crc = new();
    private readonly byte[] _piece = new byte[RecordHeaderSize];
    private int _have;
    private bool _started;
    private PowDbWalRecord _record;
    private uint _checksum;
    private long _bodyLeft;
    private bool _inBody;

    /// <summary>The log begins with the "PWAL" header of newer engines.</summary>
    public bool HasHeader { get; private set; }

    public long Records { get; private set; }

    /// <summary>LSN of the first record; null without records.</summary>
    public ulong? FirstLsn { get; private set; }

    /// <summary>LSN of the last sound record; null without records.</summary>
    public ulong? LastLsn { get; private set; }

    /// <summary>Where the last sound record ends (or the header, where there is no record).</summary>
    public long ValidEnd { get; private set; }

    /// <summary>Bytes taken, those after <see cref="ValidEnd"/> included.</summary>
    public long Length { get; private set; }

    /// <summary>Why reading stopped before the end; null while every record was sound.</summary>
    public string? Stopped { get; private set; }

    /// <summary>Bytes after the last sound record; the engine discards them.</summary>
    public long TailLength => Length - ValidEnd;

    /// <summary>Takes the next bytes of the log, in any portions.</summary>
    /// <exception cref="BackupException">UnsupportedVersion: the header is of a newer layout.</exception>
    public void Feed(ReadOnlySpan<byte> bytes)
    {
        Length += bytes.Length;
        while (bytes.Length > 0 && Stopped is null)
        {
            var taken =
                !_started ? TakeFileHeader(bytes)
                : _inBody ? TakeBody(bytes)
                : TakeRecordHeader(bytes);
            bytes = bytes[taken..];
        }
    }

    private int TakeFileHeader(ReadOnlySpan<byte> bytes)
    {
        var taken = Fill(bytes, FileHeaderSize);
        var magic = "PWAL"u8;
        if (!_piece.AsSpan(0, Math.Min(_have, magic.Length)).SequenceEqual(magic[..Math.Min(_have, magic.Length)]))
        {
            // A log of 0.4.x: these bytes are the first of a record's header already.
            _started = true;
            return taken;
        }
        if (_have == FileHeaderSize)
        {
            var version = BinaryPrimitives.ReadUInt16LittleEndian(_piece.AsSpan(4));
            if (version != 1)
            {
                throw Fault.UnsupportedVersion($"unsupported WAL version {version} (this version understands 1)", 4);
            }
            HasHeader = true;
            ValidEnd = FileHeaderSize;
            _have = 0;
            _started = true;
        }
        return taken;
    }

    private int TakeRecordHeader(ReadOnlySpan<byte> bytes)
    {
        var taken = Fill(bytes, RecordHeaderSize);
        if (_have < RecordHeaderSize)
        {
            return taken;
        }
        _have = 0;
        var reader = new SpanReader(_piece, ValidEnd);
        var length = reader.U32();
        _checksum = reader.U32();
        _record = new PowDbWalRecord(ValidEnd, length, reader.U64(), reader.U8(), reader.U64());
        if (length is < RecordHeaderSize or > MaxRecordLength)
        {
            Stopped = $"a record of {length} bytes at offset {ValidEnd}";
        }
        else if (_record.Type is 0 || _record.Type > (HasHeader ? NewestType : NewestLegacyType))
        {
            Stopped = $"a record of unknown type {_record.Type} at offset {ValidEnd}";
        }
        _crc.Reset();
        _crc.Append(_piece.AsSpan(ChecksumEnd));
        _bodyLeft = length - RecordHeaderSize;
        _inBody = true;
        EndRecord();
        return taken;
    }

    private int TakeBody(ReadOnlySpan<byte> bytes)
    {
        var taken = (int)Math.Min(bytes.Length, _bodyLeft);
        _crc.Append(bytes[..taken]);
        _bodyLeft -= taken;
        EndRecord();
        return taken;
    }

    private void EndRecord()
    {
        if (_bodyLeft > 0 || Stopped is not null)
        {
            return;
        }
        if (_crc.GetCurrentHashAsUInt32() != _checksum)
        {
            Stopped = $"a record with a wrong CRC32 at offset {ValidEnd}";
            return;
        }
        _inBody = false;
        ValidEnd += _record.Length;
        Records++;
        FirstLsn ??= _record.Lsn;
        LastLsn = _record.Lsn;
        onRecord?.Invoke(_record);
    }

    private int Fill(ReadOnlySpan<byte> bytes, int wanted)
    {
        var taken = Math.Min(wanted - _have, bytes.Length);
        bytes[..taken].CopyTo(_piece.AsSpan(_have));
        _have += taken;
        return taken;
    }
}
