using System.Buffers.Binary;
using BackupTools.Errors;
using BackupTools.Formats.Primitives;

namespace BackupTools.Formats.Alopex;

/// <summary>
/// Follows the entries of a table's blocks in order (Alopex format, §4): give it the plain payloads in pieces of any
/// size. Checks what the engine never checks: order, counts, key lengths, timestamps, and that the index and the
/// bloom filter lead to every key. Values are passed over.
/// </summary>
internal sealed class AlopexBlockEntries(AlopexTableLayout layout, AlopexBloom? bloom)
{
    private const int HeadSize = 25;
    private const byte Delete = 1;

    private readonly byte[] _head = new byte[HeadSize];
    private AlopexKey _key = new();
    private AlopexKey _previous = new();
    private bool _hasPrevious;
    private (ulong Timestamp, ulong Sequence) _version;
    private (ulong Timestamp, ulong Sequence) _previousVersion;
    private ulong _minTimestamp = ulong.MaxValue;
    private ulong _maxTimestamp;
    private ulong _minKeyLength = ulong.MaxValue;
    private ulong _maxKeyLength;
    private uint _entriesLeft;
    private ulong _payloadLeft;
    private AlopexKey? _expectedFirst;
    private int _filled;
    private uint _keyLeft;
    private uint _valueLeft;
    private bool _inKey;

    /// <summary>Begins a block.</summary>
    /// <param name="entries">How many entries its head claims.</param>
    /// <param name="payload">Bytes of the plain payload.</param>
    /// <param name="first">The first key that the index names; must stay as it is until the block ends.</param>
    public void BeginBlock(uint entries, ulong payload, AlopexKey first)
    {
        _entriesLeft = entries;
        _payloadLeft = payload;
        _expectedFirst = first;
    }

    /// <summary>Takes the next bytes of the block's payload.</summary>
    /// <exception cref="BackupException">Malformed.</exception>
    public void Feed(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            if (_inKey)
            {
                var take = (int)Math.Min(_keyLeft, (uint)bytes.Length);
                _key.Append(bytes[..take]);
                _keyLeft -= (uint)take;
                bytes = bytes[take..];
                if (_keyLeft == 0)
                {
                    EndKey();
                }
            }
            else if (_valueLeft > 0)
            {
                var take = (int)Math.Min(_valueLeft, (uint)bytes.Length);
                _valueLeft -= (uint)take;
                bytes = bytes[take..];
            }
            else
            {
                var take = Math.Min(HeadSize - _filled, bytes.Length);
                bytes[..take].CopyTo(_head.AsSpan(_filled));
                _filled += take;
                bytes = bytes[take..];
                if (_filled == HeadSize)
                {
                    _filled = 0;
                    BeginEntry();
                }
            }
        }
    }

    /// <summary>Ends the block.</summary>
    /// <exception cref="BackupException">Malformed: counts or the index's last key do not fit.</exception>
    public void EndBlock(AlopexKey last)
    {
        if (_entriesLeft > 0 || _filled > 0)
        {
            throw Bad("a block ends inside its entries");
        }
        if (!_previous.IsSameAs(last))
        {
            throw Bad("the last key of a block differs from the one in the index");
        }
    }

    /// <summary>Compares what was seen with header and footer, after the last block.</summary>
    /// <exception cref="BackupException">Malformed.</exception>
    public void Finish()
    {
        if (!_hasPrevious)
        {
            return;
        }
        if (_minTimestamp != layout.MinTimestamp || _maxTimestamp != layout.MaxTimestamp)
        {
            throw Bad(
                $"the entries are of timestamps {_minTimestamp}..{_maxTimestamp}, "
                    + $"the footer says {layout.MinTimestamp}..{layout.MaxTimestamp}"
            );
        }
        if (_minKeyLength != layout.MinKeyLength || _maxKeyLength != layout.MaxKeyLength)
        {
            throw Bad(
                $"the keys have {_minKeyLength}..{_maxKeyLength} bytes, "
                    + $"the header says {layout.MinKeyLength}..{layout.MaxKeyLength}"
            );
        }
    }

    private void BeginEntry()
    {
        var keyLength = BinaryPrimitives.ReadUInt32LittleEndian(_head.AsSpan(17));
        _valueLeft = BinaryPrimitives.ReadUInt32LittleEndian(_head.AsSpan(21));
        var length = HeadSize + (ulong)keyLength + _valueLeft;
        if (_entriesLeft == 0 || length > _payloadLeft)
        {
            throw Bad("a block has more bytes or fewer than its entries say");
        }
        if (_head[0] > Delete || (_head[0] == Delete && _valueLeft > 0))
        {
            throw Bad($"an entry is of unknown type {_head[0]}, or a delete with a value");
        }
        _entriesLeft--;
        _payloadLeft -= length;
        _version = (
            BinaryPrimitives.ReadUInt64LittleEndian(_head.AsSpan(1)),
            BinaryPrimitives.ReadUInt64LittleEndian(_head.AsSpan(9))
        );
        _minTimestamp = Math.Min(_minTimestamp, _version.Timestamp);
        _maxTimestamp = Math.Max(_maxTimestamp, _version.Timestamp);
        _minKeyLength = Math.Min(_minKeyLength, keyLength);
        _maxKeyLength = Math.Max(_maxKeyLength, keyLength);
        _key.Clear();
        _keyLeft = keyLength;
        _inKey = true;
        if (keyLength == 0)
        {
            EndKey();
        }
    }

    private void EndKey()
    {
        _inKey = false;
        if (_expectedFirst is { } first)
        {
            if (!_key.IsSameAs(first))
            {
                throw Bad("the first key of a block differs from the one in the index");
            }
            _expectedFirst = null;
        }
        if (_hasPrevious && !IsInOrder())
        {
            throw Bad("entries are not in order");
        }
        if (bloom is not null && !bloom.MayContain(_key))
        {
            throw Bad("the bloom filter denies a key that the table holds");
        }
        (_key, _previous) = (_previous, _key);
        _previousVersion = _version;
        _hasPrevious = true;
    }

    // Keys ascend; versions of one key descend (§4).
    private bool IsInOrder() =>
        _key.IsSameAs(_previous) ? _version.CompareTo(_previousVersion) < 0 : _previous.OrderAgainst(_key) <= 0;

    private static BackupException Bad(string message) => Fault.Malformed($"SSTable: {message}");
}
