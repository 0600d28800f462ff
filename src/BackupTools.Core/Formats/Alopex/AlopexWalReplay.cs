using System.Buffers.Binary;
using System.IO.Hashing;

namespace BackupTools.Formats.Alopex;

/// <summary>Why a replay stopped before the end (Alopex format, §3.6), and at which logical offset.</summary>
internal sealed record AlopexWalStop(string Reason, ulong Offset);

/// <summary>
/// Replays the entries of the WAL (Alopex format, §3.4 and §3.6): give it the bytes of the ring from start on, in
/// pieces of any size. A bad entry is not an error: it ends the replay, and what is before it counts. Needs no more
/// memory for a large entry than for a small one.
/// </summary>
internal sealed class AlopexWalReplay
{
    private const int EntryHeaderSize = 12;
    private const int CrcSize = 4;

    private readonly ulong _start;
    private readonly ulong _ring;
    private readonly bool _framesOnly;
    private readonly byte[] _fixed = new byte[EntryHeaderSize];
    private readonly Crc32 _crc = new();
    private readonly AlopexWalBody _body = new();
    private ulong _left;
    private int _filled;
    private ulong _bodyLeft;
    private ulong _entryLength;
    private bool _inEntry;

    /// <summary>Starts at logical offset <paramref name="start"/> of a ring in which that many bytes are used.</summary>
    /// <param name="start">Logical offset of the first entry.</param>
    /// <param name="used">Bytes between start and end.</param>
    /// <param name="ring">Length of the ring.</param>
    /// <param name="framesOnly">
    /// Follow lengths and LSNs only and believe the bodies, which then may be skipped with <see cref="Skip"/>.
    /// </param>
    public AlopexWalReplay(ulong start, ulong used, ulong ring, bool framesOnly = false)
    {
        _start = start;
        _ring = ring;
        _left = used;
        _framesOnly = framesOnly;
        CheckRest();
    }

    /// <summary>Why it stopped; null while nothing was wrong.</summary>
    public AlopexWalStop? Stop { get; private set; }

    /// <summary>True when no more bytes are wanted.</summary>
    public bool IsDone => Stop is not null || _left == 0;

    /// <summary>Bytes of the whole good entries, from start on.</summary>
    public ulong GoodBytes { get; private set; }

    /// <summary>How many good entries there are.</summary>
    public long Entries { get; private set; }

    /// <summary>LSN of the first good entry; null when there is none.</summary>
    public ulong? FirstLsn { get; private set; }

    /// <summary>LSN of the last good entry; null when there is none.</summary>
    public ulong? LastLsn { get; private set; }

    /// <summary>Bytes of the current entry that need not be given, when only frames are followed.</summary>
    public ulong Skippable => _framesOnly ? _bodyLeft : 0;

    /// <summary>Takes the next bytes of the ring; what follows a stop is ignored.</summary>
    public void Feed(ReadOnlySpan<byte> bytes)
    {
        while (!IsDone && !bytes.IsEmpty)
        {
            if (!_inEntry)
            {
                if (Fill(ref bytes, EntryHeaderSize))
                {
                    BeginEntry();
                }
            }
            else if (_bodyLeft > 0)
            {
                var take = (int)Math.Min(_bodyLeft, (ulong)bytes.Length);
                if (!_framesOnly)
                {
                    _crc.Append(bytes[..take]);
                    _body.Feed(bytes[..take]);
                }
                Pass((ulong)take);
                bytes = bytes[take..];
            }
            else if (Fill(ref bytes, CrcSize))
            {
                EndEntry();
            }
        }
    }

    /// <summary>Goes over bytes of the current entry without seeing them; at most <see cref="Skippable"/>.</summary>
    public void Skip(ulong count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Skippable);
        Pass(count);
    }

    private void Pass(ulong count)
    {
        _bodyLeft -= count;
        if (_framesOnly && _bodyLeft == 0)
        {
            Accept();
        }
    }

    private bool Fill(ref ReadOnlySpan<byte> bytes, int wanted)
    {
        var take = Math.Min(wanted - _filled, bytes.Length);
        bytes[..take].CopyTo(_fixed.AsSpan(_filled));
        _filled += take;
        bytes = bytes[take..];
        if (_filled < wanted)
        {
            return false;
        }
        _filled = 0;
        return true;
    }

    private ulong Lsn { get; set; }

    private void BeginEntry()
    {
        Lsn = BinaryPrimitives.ReadUInt64LittleEndian(_fixed);
        var tail = BinaryPrimitives.ReadUInt32LittleEndian(_fixed.AsSpan(8));
        _entryLength = EntryHeaderSize + (ulong)tail;
        if (_entryLength > _ring)
        {
            StopAt("WAL entry length is invalid");
        }
        else if (_entryLength > _left)
        {
            StopAt("WAL entry truncated at tail");
        }
        else if (tail < 1 + CrcSize)
        {
            StopAt("WAL entry decode failed: invalid format: WAL entry payload too small");
        }
        else
        {
            _inEntry = true;
            _bodyLeft = _framesOnly ? tail : tail - CrcSize;
            _crc.Reset();
            _crc.Append(_fixed);
            _body.Reset(_bodyLeft);
        }
    }

    private void EndEntry()
    {
        if (BinaryPrimitives.ReadUInt32LittleEndian(_fixed) != _crc.GetCurrentHashAsUInt32())
        {
            StopAt("WAL entry decode failed: checksum mismatch");
        }
        else if (_body.Fault is { } fault)
        {
            StopAt($"WAL entry decode failed: invalid format: {fault}");
        }
        else
        {
            Accept();
        }
    }

    private void Accept()
    {
        _inEntry = false;
        if (LastLsn is { } last && Lsn <= last)
        {
            StopAt("WAL LSN is not strictly increasing");
            return;
        }
        FirstLsn ??= Lsn;
        LastLsn = Lsn;
        Entries++;
        GoodBytes += _entryLength;
        _left -= _entryLength;
        CheckRest();
    }

    private void CheckRest()
    {
        if (_left is > 0 and < EntryHeaderSize)
        {
            StopAt("WAL entry header truncated");
        }
    }

    private void StopAt(string reason) => Stop = new AlopexWalStop(reason, (_start + GoodBytes) % _ring);
}
