using System.Buffers.Binary;
using System.IO.Hashing;
using BackupTools.Errors;

namespace BackupTools.Formats.Grafeo;

/// <summary>
/// Reads the frames of a 0.5.x log (Grafeo format, §5.2) from blocks of any size: give bytes, get frames. Payloads,
/// which may be gigabytes, are checked as they pass and never kept.
/// </summary>
/// <param name="offset">Where the first byte lies in its file, for messages.</param>
/// <param name="checkCrc">False to follow the framing only.</param>
internal sealed class GrafeoRecordReader(long offset = 0, bool checkCrc = true)
{
    /// <summary>Bytes of the longest frame that <see cref="IndexOfEpoch"/> finds.</summary>
    public const int MaxEpochFrame = Prefix + MaxEpochPayload + Trailer;

    /// <summary>More bytes than any frame has that orders transactions, however its numbers are written.</summary>
    public const int MaxOrderingFrame = 24;

    // Variant and one integer: all that is looked at of a payload.
    private const int Looked = 16;
    private const int Prefix = 4;
    private const int Trailer = 4;
    private const int MaxEpochPayload = 10;
    private const uint LastVariant = (uint)GrafeoRecordKind.EpochAdvance;

    private readonly Crc32 _crc = new();
    private readonly byte[] _edge = new byte[Prefix];
    private readonly byte[] _look = new byte[Looked];
    private int _edgeFilled;
    private uint _length;
    private ulong _payloadRead;
    private Part _part;

    private enum Part
    {
        Prefix,
        Payload,
        Trailer,
    }

    /// <summary>First byte after the last whole frame.</summary>
    public long End { get; private set; } = offset;

    /// <summary>True when no frame is half read.</summary>
    public bool AtBoundary => _part == Part.Prefix && _edgeFilled == 0;

    /// <summary>
    /// Takes bytes until a frame is whole or none are left. Whatever was taken is cut off <paramref name="bytes"/>.
    /// </summary>
    /// <returns>True when <paramref name="record"/> is a whole frame.</returns>
    /// <exception cref="BackupException">ChecksumMismatch or Malformed, with the offset of the frame.</exception>
    public bool Read(ref ReadOnlySpan<byte> bytes, out GrafeoRecord record)
    {
        record = default;
        while (!bytes.IsEmpty)
        {
            switch (_part)
            {
                case Part.Prefix when FillEdge(ref bytes):
                    _length = BinaryPrimitives.ReadUInt32LittleEndian(_edge);
                    _part = Part.Payload;
                    if (_length == 0)
                    {
                        throw Bad(ErrorCode.Malformed, "damaged WAL record: it is empty");
                    }
                    break;
                case Part.Payload:
                    TakePayload(ref bytes);
                    break;
                case Part.Trailer when FillEdge(ref bytes):
                    record = Finish();
                    return true;
            }
        }
        return false;
    }

    /// <summary>
    /// What is missing when the data ends here; null at a frame's end, and inside a length prefix, which the engine
    /// takes for a clean end.
    /// </summary>
    public BackupException? Torn()
    {
        if (_part == Part.Prefix)
        {
            return null;
        }
        var read = _payloadRead + (ulong)_edgeFilled;
        return Bad(
            ErrorCode.Truncated,
            $"damaged WAL record: a record of {_length} bytes runs past the end of the file ({read} bytes left)"
        );
    }

    /// <summary>
    /// The first whole frame that gives a commit its epoch, wherever it begins; −1 for none. Found after a frame that
    /// seems cut off, it proves that its length is damaged and that commits follow.
    /// </summary>
    public static int IndexOfEpoch(ReadOnlySpan<byte> bytes)
    {
        for (var at = Prefix; at < bytes.Length; at++)
        {
            var next = bytes[at..].IndexOf((byte)GrafeoRecordKind.EpochAdvance);
            if (next < 0)
            {
                return -1;
            }
            at += next;
            var length = BinaryPrimitives.ReadUInt32LittleEndian(bytes[(at - Prefix)..]);
            if (
                length is >= 2 and <= MaxEpochPayload
                && bytes.Length - at >= (int)length + Trailer
                && BinaryPrimitives.ReadUInt32LittleEndian(bytes[(at + (int)length)..])
                    == Crc32.HashToUInt32(bytes.Slice(at, (int)length))
            )
            {
                return at - Prefix;
            }
        }
        return -1;
    }

    private bool FillEdge(ref ReadOnlySpan<byte> bytes)
    {
        var take = Math.Min(bytes.Length, _edge.Length - _edgeFilled);
        bytes[..take].CopyTo(_edge.AsSpan(_edgeFilled));
        bytes = bytes[take..];
        _edgeFilled += take;
        if (_edgeFilled < _edge.Length)
        {
            return false;
        }
        _edgeFilled = 0;
        return true;
    }

    private void TakePayload(ref ReadOnlySpan<byte> bytes)
    {
        var take = (int)Math.Min((ulong)bytes.Length, _length - _payloadRead);
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
        _payloadRead += (ulong)take;
        if (_payloadRead == _length)
        {
            _part = Part.Trailer;
        }
    }

    private GrafeoRecord Finish()
    {
        var stored = BinaryPrimitives.ReadUInt32LittleEndian(_edge);
        if (checkCrc && stored != _crc.GetCurrentHashAsUInt32())
        {
            throw Bad(ErrorCode.ChecksumMismatch, "damaged WAL record: checksum mismatch");
        }
        var (kind, value) = Meaning();
        var record = new GrafeoRecord(kind, value, End, Prefix + (long)_length + Trailer);
        End += record.Length;
        _crc.Reset();
        _payloadRead = 0;
        _part = Part.Prefix;
        return record;
    }

    private (GrafeoRecordKind Kind, ulong Value) Meaning()
    {
        var reader = new BincodeReader(_look.AsSpan(0, (int)Math.Min((ulong)Looked, _payloadRead)), End + Prefix);
        var variant = reader.U32();
        if (variant > LastVariant)
        {
            throw Bad(ErrorCode.UnsupportedVersion, $"WAL record of kind {variant} is not known");
        }
        if (variant < (uint)GrafeoRecordKind.TransactionCommit)
        {
            var kind =
                variant == (uint)GrafeoRecordKind.SwitchGraph ? GrafeoRecordKind.SwitchGraph
                : variant is >= (uint)GrafeoRecordKind.Schema and < (uint)GrafeoRecordKind.SwitchGraph
                    ? GrafeoRecordKind.Schema
                : GrafeoRecordKind.Data;
            return (kind, 0);
        }
        var value = reader.U64();
        if (reader.Offset != End + Prefix + _length)
        {
            throw Bad(ErrorCode.Malformed, "damaged WAL record: bytes after its last field");
        }
        return ((GrafeoRecordKind)variant, value);
    }

    private BackupException Bad(ErrorCode code, string message) => new(code, message, offset: End);
}
