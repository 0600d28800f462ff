using System.Buffers.Binary;
using System.IO.Hashing;
using BackupTools.Errors;
using BackupTools.Formats.Primitives;

namespace BackupTools.Formats.PowDb;

/// <summary>
/// Reads an index file (.idx, .eidx) of versions 1 and 2 block by block and holds none of it: structure, ranges,
/// counts and the one CRC at the end (PowDB format, §4).
/// </summary>
internal sealed class PowDbIndexScan
{
    private const int MinLength = 18;
    private const long MaxLength = 512L * 1024 * 1024;
    private const uint MaxNodes = 10_000_000;
    private const int EntrySize = 6;

    private enum Step
    {
        Header,
        Node,
        KeyType,
        KeyLength,
        ChildCount,
        Child,
        Entry,
        HasNext,
        Next,
        EmptyCount,
        Empty,
        End,
    }

    private readonly Crc32 _crc = new();
    private readonly byte[] _piece = new byte[16];
    private readonly byte[] _stored = new byte[sizeof(uint)];
    private readonly long _length;
    private long _fed;
    private int _have;
    private ulong _skip;
    private Step _step = Step.Header;
    private uint _nodesLeft;
    private bool _leaf;
    private uint _keys;
    private uint _left;
    private BackupException? _fault;

    /// <summary>Starts a file of the given length.</summary>
    /// <exception cref="BackupException">Truncated or Malformed: no index has that length.</exception>
    public PowDbIndexScan(long length)
    {
        if (length is < MinLength or > MaxLength)
        {
            throw new BackupException(
                length < MinLength ? ErrorCode.Truncated : ErrorCode.Malformed,
                $"an index of {length} bytes, {MinLength} to {MaxLength} are possible",
                offset: length
            );
        }
        _length = length;
    }

    public ushort Version { get; private set; }

    public uint Nodes { get; private set; }

    /// <summary>Entries in all leaves.</summary>
    public long Entries { get; private set; }

    /// <summary>The highest heap page that an entry points to; −1 for none.</summary>
    public long HighestPage { get; private set; } = -1;

    /// <summary>Takes the next bytes of the file, in any portions.</summary>
    public void Feed(ReadOnlySpan<byte> bytes)
    {
        var bodyLeft = _length - sizeof(uint) - _fed;
        var body = bytes[..(int)Math.Clamp(bodyLeft, 0, bytes.Length)];
        var tail = bytes[body.Length..];
        if (tail.Length > 0)
        {
            var at = _fed + body.Length - (_length - sizeof(uint));
            if (tail.Length > sizeof(uint) - at)
            {
                throw new BackupException(ErrorCode.LengthMismatch, "the index has grown while it was read");
            }
            tail.CopyTo(_stored.AsSpan((int)at));
        }
        _crc.Append(body);
        if (_fault is null)
        {
            try
            {
                Parse(body);
            }
            catch (BackupException fault)
            {
                // The engine looks at the CRC first, so a flipped bit is reported as that and not as what it broke.
                _fault = fault;
            }
        }
        _fed += bytes.Length;
    }

    /// <summary>Says that the file has ended.</summary>
    /// <exception cref="BackupException">Truncated, BadMagic, ChecksumMismatch, UnsupportedVersion or Malformed.</exception>
    public void Finish()
    {
        if (_fed != _length)
        {
            throw Fault.Truncated($"the index ends after {_fed} of {_length} bytes", _fed);
        }
        if (_fault is { Code: ErrorCode.BadMagic })
        {
            throw _fault;
        }
        var stored = BinaryPrimitives.ReadUInt32LittleEndian(_stored);
        var actual = _crc.GetCurrentHashAsUInt32();
        if (stored != actual)
        {
            throw Fault.Mismatch("CRC32 mismatch in the index", stored, actual, _length - sizeof(uint));
        }
        if (_fault is not null)
        {
            throw _fault;
        }
        if (_step != Step.End)
        {
            throw Malformed("the index ends inside a node");
        }
    }

    private void Parse(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            if (_skip > 0)
            {
                var skipped = (int)Math.Min(_skip, (ulong)bytes.Length);
                _skip -= (ulong)skipped;
                bytes = bytes[skipped..];
                continue;
            }
            var wanted = Wanted();
            if (wanted == 0)
            {
                throw Malformed($"{bytes.Length} bytes follow the last node");
            }
            if (_have == 0 && bytes.Length >= wanted)
            {
                Take(bytes[..wanted]);
                bytes = bytes[wanted..];
                continue;
            }
            var taken = Math.Min(wanted - _have, bytes.Length);
            bytes[..taken].CopyTo(_piece.AsSpan(_have));
            _have += taken;
            bytes = bytes[taken..];
            if (_have == wanted)
            {
                _have = 0;
                Take(_piece.AsSpan(0, wanted));
            }
        }
    }

    private int Wanted() =>
        _step switch
        {
            Step.Header => 14,
            Step.Node => 5,
            Step.KeyType or Step.HasNext => 1,
            Step.Entry or Step.Empty => EntrySize,
            Step.End => 0,
            _ => sizeof(uint),
        };

    private void Take(ReadOnlySpan<byte> piece)
    {
        switch (_step)
        {
            case Step.Header:
                TakeHeader(piece);
                break;
            case Step.Node:
                TakeNode(piece);
                break;
            case Step.KeyType:
                TakeKeyType(piece[0]);
                break;
            case Step.KeyLength:
                _skip = BinaryPrimitives.ReadUInt32LittleEndian(piece);
                NextKey();
                break;
            case Step.ChildCount:
                _left = BinaryPrimitives.ReadUInt32LittleEndian(piece);
                if (_left != _keys + 1UL)
                {
                    throw Malformed($"a node of {_keys} keys has {_left} children");
                }
                _step = Step.Child;
                break;
            case Step.Child:
                RequireNode(piece);
                if (--_left == 0)
                {
                    EndNode();
                }
                break;
            case Step.Entry:
                HighestPage = Math.Max(HighestPage, BinaryPrimitives.ReadUInt32LittleEndian(piece));
                if (--_left == 0)
                {
                    _step = Step.HasNext;
                }
                break;
            case Step.HasNext:
                TakeHasNext(piece[0]);
                break;
            case Step.Next:
                RequireNode(piece);
                EndNode();
                break;
            case Step.EmptyCount:
                _left = BinaryPrimitives.ReadUInt32LittleEndian(piece);
                _step = _left == 0 ? Step.End : Step.Empty;
                break;
            case Step.Empty:
                HighestPage = Math.Max(HighestPage, BinaryPrimitives.ReadUInt32LittleEndian(piece));
                if (--_left == 0)
                {
                    _step = Step.End;
                }
                break;
        }
    }

    private void TakeHeader(ReadOnlySpan<byte> piece)
    {
        if (!piece.StartsWith("BIDX"u8))
        {
            throw Fault.BadMagic("not an index: it does not start with BIDX");
        }
        Version = BinaryPrimitives.ReadUInt16LittleEndian(piece[4..]);
        if (Version is 0 or > 2)
        {
            throw Fault.UnsupportedVersion(
                $"unsupported index version {Version} (this version understands 1 and 2)",
                4
            );
        }
        var root = BinaryPrimitives.ReadUInt32LittleEndian(piece[6..]);
        Nodes = BinaryPrimitives.ReadUInt32LittleEndian(piece[10..]);
        if (Nodes > MaxNodes || (root >= Nodes && root != 0))
        {
            throw Malformed($"root {root} of {Nodes} nodes is not possible");
        }
        _nodesLeft = Nodes;
        NextNode();
    }

    private void TakeNode(ReadOnlySpan<byte> piece)
    {
        if (piece[0] > 1)
        {
            throw Malformed($"unknown kind of node {piece[0]}");
        }
        _leaf = piece[0] == 1;
        _keys = _left = BinaryPrimitives.ReadUInt32LittleEndian(piece[1..]);
        _step = Step.KeyType;
        if (_keys == 0)
        {
            AfterKeys();
        }
    }

    private void TakeKeyType(byte type)
    {
        var length = PowDbValue.FixedLength(type) ?? throw Malformed($"a key has unknown type {type}");
        if (length == PowDbValue.Counted)
        {
            _step = Step.KeyLength;
            return;
        }
        _skip = (ulong)length;
        NextKey();
    }

    private void NextKey()
    {
        _step = Step.KeyType;
        if (--_left == 0)
        {
            AfterKeys();
        }
    }

    private void AfterKeys()
    {
        if (!_leaf)
        {
            _step = Step.ChildCount;
            return;
        }
        Entries += _keys;
        _left = _keys;
        _step = _keys == 0 ? Step.HasNext : Step.Entry;
    }

    private void TakeHasNext(byte flag)
    {
        if (flag > 1)
        {
            throw Malformed($"a leaf's next flag is {flag}");
        }
        _step = Step.Next;
        if (flag == 0)
        {
            EndNode();
        }
    }

    private void EndNode()
    {
        _nodesLeft--;
        NextNode();
    }

    private void NextNode() =>
        _step =
            _nodesLeft > 0 ? Step.Node
            : Version >= 2 ? Step.EmptyCount
            : Step.End;

    private void RequireNode(ReadOnlySpan<byte> piece)
    {
        var node = BinaryPrimitives.ReadUInt32LittleEndian(piece);
        if (node >= Nodes)
        {
            throw Malformed($"a node points to node {node} of {Nodes}");
        }
    }

    // Good to the block only: the exact byte would cost a counter per step.
    private BackupException Malformed(string message) => Fault.Malformed(message, _fed);
}
