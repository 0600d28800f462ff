using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text.Unicode;
using BackupTools.Errors;
using BackupTools.Formats.Primitives;

namespace BackupTools.Formats.Spg;

/// <summary>
/// Walks a WAL frame by frame, resumable at any byte (SPG format, §4): give bytes, get frames, or false for "need
/// more". Every CRC is checked while the bytes pass, so that a frame of 2 GiB needs no more memory than one of 20
/// bytes. What the server would refuse to replay throws; what it treats as a torn tail is reported by
/// <see cref="Finish"/>.
/// </summary>
internal sealed class SpgWalScanner(long offset = 0)
{
    private const uint V2Flag = 0x80000000;
    private const uint V3Flags = 0xC0000000;
    private const uint EmbeddedFlags = 0xE0000000;

    private readonly byte[] _header = new byte[9];
    private readonly SpgFramePayload _payload = new();
    private readonly Crc32 _crc = new();
    private int _headerLength;
    private long _frameOffset = offset;
    private uint _payloadLeft;

    /// <summary>Position of the next byte.</summary>
    public long Position { get; private set; } = offset;

    /// <summary>Where the last whole frame ends.</summary>
    public long FrameEnd => _frameOffset;

    /// <summary>True when no frame is begun.</summary>
    public bool IsAtFrameEnd => Position == _frameOffset;

    /// <summary>The last frame end that lies outside every transaction: the log may be cut there.</summary>
    public long CutPoint { get; private set; } = offset;

    /// <summary>Where the transaction that is open starts; null when none is.</summary>
    public long? TransactionStart { get; private set; }

    /// <summary>
    /// The first frame that ends a transaction although none was begun: its beginning lies before the first byte.
    /// </summary>
    public long? StrayEnd { get; private set; }

    /// <summary>Whole frames seen.</summary>
    public long Frames { get; private set; }

    private uint LengthWord => BinaryPrimitives.ReadUInt32LittleEndian(_header);

    private int HeaderNeeded =>
        _headerLength < 4 ? 4
        : LengthWord >= V3Flags ? 9
        : LengthWord >= V2Flag ? 8
        : 4;

    /// <summary>
    /// Takes bytes off the front of <paramref name="rest"/> up to the end of one frame. False when the bytes ran out
    /// before that; then <paramref name="rest"/> is empty and the call is repeated with the bytes that follow.
    /// </summary>
    public bool TryRead(ref ReadOnlySpan<byte> rest, out SpgWalFrame frame)
    {
        if (_headerLength == 0 && TryReadWhole(rest, out frame))
        {
            rest = rest[(int)(frame.End - frame.Offset)..];
            return true;
        }
        frame = default;
        while (_headerLength < HeaderNeeded)
        {
            var take = Math.Min(HeaderNeeded - _headerLength, rest.Length);
            if (take == 0)
            {
                return false;
            }
            rest[..take].CopyTo(_header.AsSpan(_headerLength));
            _headerLength += take;
            Position += take;
            rest = rest[take..];
            if (_headerLength == HeaderNeeded)
            {
                StartPayload();
            }
        }
        var length = (int)Math.Min(_payloadLeft, (uint)rest.Length);
        AppendPayload(rest[..length]);
        rest = rest[length..];
        if (_payloadLeft > 0)
        {
            return false;
        }
        frame = EndFrame();
        return true;
    }

    /// <summary>
    /// Tells that the log ends here. Null when it ends with a whole frame. A tail that is a frame of embedded SPG
    /// throws, as the server would drop it silently.
    /// </summary>
    public SpgTornTail? Finish()
    {
        if (IsAtFrameEnd)
        {
            return null;
        }
        if (IsMaybeEmbedded)
        {
            throw Embedded();
        }
        var at = _frameOffset;
        string text;
        if (_headerLength < 4)
        {
            text = $"WAL truncated at offset {at} (need 4-byte length, have {_headerLength})";
        }
        else if (_headerLength < Math.Min(HeaderNeeded, 8))
        {
            // The server has moved past the length word when it says these two, so it names the field, not the frame.
            text = $"v2/v3 WAL truncated at offset {at + 4} (need 4-byte CRC, have {_headerLength - 4})";
        }
        else if (_headerLength < HeaderNeeded)
        {
            text = $"v3 WAL truncated at offset {at + 8} (need 1-byte type, have 0)";
        }
        else
        {
            text = $"WAL entry truncated (payload_len={PayloadLengthOf(LengthWord)}) — dropping tail";
        }
        var isText = _headerLength >= 4 && _header.AsSpan(0, 4).IndexOfAnyExceptInRange((byte)' ', (byte)'~') < 0;
        return new SpgTornTail(at, text, Position - at, isText);
    }

    /// <summary>
    /// True when a whole checksummed frame starts somewhere in bytes that a scan took for a torn tail. Then they are
    /// none: a length in the middle of the log is damaged, and cutting there would lose what follows.
    /// </summary>
    public static bool HoldsWholeFrame(ReadOnlySpan<byte> tail)
    {
        for (var i = 1; i + 8 < tail.Length; i++)
        {
            var word = BinaryPrimitives.ReadUInt32LittleEndian(tail[i..]);
            if (word < V2Flag)
            {
                continue;
            }
            // v3: the CRC begins with the type byte. An empty payload proves nothing about four arbitrary bytes.
            var extra = word >= V3Flags ? 1u : 0u;
            var covered = tail[(i + 8)..];
            var length = PayloadLengthOf(word) + extra;
            if (
                length > extra
                && length <= (uint)covered.Length
                && Crc32.HashToUInt32(covered[..(int)length])
                    == BinaryPrimitives.ReadUInt32LittleEndian(tail[(i + 4)..])
            )
            {
                return true;
            }
        }
        return false;
    }

    private static uint PayloadLengthOf(uint word) => word >= V3Flags ? word & ~V3Flags : word & ~V2Flag;

    // A v3 frame of 512 MiB or more has the same three bits as a v6 frame of embedded SPG (§7); only the CRC tells.
    private bool IsMaybeEmbedded => _headerLength >= 4 && LengthWord >= EmbeddedFlags;

    /// <summary>
    /// The common case at full speed: a plain frame, all of it at hand, nothing wrong with it. Everything else, and
    /// every fault, is left to the slow path.
    /// </summary>
    private bool TryReadWhole(ReadOnlySpan<byte> rest, out SpgWalFrame frame)
    {
        frame = default;
        if (rest.Length < 9)
        {
            return false;
        }
        var word = BinaryPrimitives.ReadUInt32LittleEndian(rest);
        var header =
            word >= V3Flags ? 9
            : word >= V2Flag ? 8
            : 4;
        var length = PayloadLengthOf(word);
        if (length > (uint)(rest.Length - header))
        {
            return false;
        }
        var type = header == 9 ? rest[8] : (byte)0;
        var isMarker = type == SpgWalFrame.Marker && length == 8;
        if (type > SpgWalFrame.Sql && !isMarker || header == 9 && type == 0)
        {
            return false;
        }
        var payload = rest.Slice(header, (int)length);
        var covered = header == 9 ? rest.Slice(8, (int)length + 1) : payload;
        if (
            header > 4 && Crc32.HashToUInt32(covered) != BinaryPrimitives.ReadUInt32LittleEndian(rest[4..])
            || !isMarker && !Utf8.IsValid(payload)
        )
        {
            return false;
        }
        Position += header + length;
        frame = new SpgWalFrame(
            _frameOffset,
            Position,
            (byte)(header == 9 ? 3 : header / 4),
            type,
            length,
            isMarker ? SpgStatement.Other : SpgStatementWords.Of(payload)
        );
        Count(frame);
        return true;
    }

    private void StartPayload()
    {
        byte? type = _headerLength == 9 ? _header[8] : null;
        if (type is >= 0x10 and <= 0x13)
        {
            throw Embedded();
        }
        _payloadLeft = PayloadLengthOf(LengthWord);
        _payload.Start(type, _payloadLeft);
        _crc.Reset();
        _crc.Append(_header.AsSpan(8, _headerLength == 9 ? 1 : 0));
    }

    private void AppendPayload(ReadOnlySpan<byte> bytes)
    {
        if (_headerLength > 4)
        {
            _crc.Append(bytes);
        }
        _payload.Append(bytes);
        _payloadLeft -= (uint)bytes.Length;
        Position += bytes.Length;
    }

    private SpgWalFrame EndFrame()
    {
        var length = PayloadLengthOf(LengthWord);
        var stored = BinaryPrimitives.ReadUInt32LittleEndian(_header.AsSpan(4));
        var computed = _crc.GetCurrentHashAsUInt32();
        if (_headerLength > 4 && stored != computed)
        {
            throw IsMaybeEmbedded
                ? Embedded()
                : Fault.Mismatch(
                    $"WAL CRC mismatch at offset {_frameOffset} (expected=0x{stored:x8}, computed=0x{computed:x8}, "
                        + $"payload_len={length}) — corruption detected, refusing to replay",
                    stored,
                    computed,
                    _frameOffset,
                    prefix: "0x"
                );
        }
        _payload.Finish();
        if (_payload.Fault is { } fault)
        {
            throw Fault.Malformed(
                $"{fault} at offset {_frameOffset} — corruption detected, refusing to replay",
                _frameOffset
            );
        }
        var version = (byte)(
            _headerLength == 9 ? 3
            : _headerLength == 8 ? 2
            : 1
        );
        var type = version == 3 ? _header[8] : (byte)0;
        var frame = new SpgWalFrame(_frameOffset, Position, version, type, length, _payload.Statement);
        Count(frame);
        return frame;
    }

    private void Count(in SpgWalFrame frame)
    {
        _frameOffset = Position;
        _headerLength = 0;
        Frames++;
        switch (frame.Statement)
        {
            case SpgStatement.Begin:
                TransactionStart ??= frame.Offset;
                break;
            case SpgStatement.End:
                StrayEnd ??= TransactionStart is null ? frame.Offset : null;
                TransactionStart = null;
                break;
        }
        if (TransactionStart is null)
        {
            CutPoint = frame.End;
        }
    }

    private BackupException Embedded() =>
        new(
            ErrorCode.UnsupportedFormat,
            $"a frame of embedded SPG at offset {_frameOffset}: this log was not written by spg-server",
            offset: _frameOffset,
            recommendation: "Use the backup commands of embedded SPG (spgctl backup-pitr) for this database."
        );
}
