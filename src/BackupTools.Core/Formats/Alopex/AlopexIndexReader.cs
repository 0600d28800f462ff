using System.Buffers.Binary;
using BackupTools.Errors;
using BackupTools.Formats.Primitives;

namespace BackupTools.Formats.Alopex;

/// <summary>
/// Reads a table's index entry by entry (Alopex format, §4): give it the bytes of the index in pieces of any size.
/// The entry is in the properties until the next one is read.
/// </summary>
internal sealed class AlopexIndexReader
{
    private const int NumbersSize = 16;

    private enum Step
    {
        Count,
        Numbers,
        FirstKey,
        LastLength,
        LastKey,
    }

    private readonly byte[] _fixed = new byte[NumbersSize];
    private Step _step;
    private int _filled;
    private ulong _left;
    private ulong _keyLeft;
    private uint _entriesLeft;

    /// <summary>Starts an index of that many bytes.</summary>
    public AlopexIndexReader(uint size)
    {
        _left = size;
        Require(4, "SSTable block/index truncated");
    }

    /// <summary>Entries of the index, as it says; known after the first read.</summary>
    public uint Count { get; private set; }

    /// <summary>Offset of the block in the file.</summary>
    public ulong BlockOffset { get; private set; }

    /// <summary>Bytes of the block, its head and checksum included.</summary>
    public uint BlockSize { get; private set; }

    public AlopexKey FirstKey { get; } = new();

    public AlopexKey LastKey { get; } = new();

    /// <summary>
    /// Takes bytes until an entry is complete. False: all bytes were used; give more, or the index has ended.
    /// </summary>
    /// <exception cref="BackupException">Malformed, with the engine's words.</exception>
    public bool TryRead(ref ReadOnlySpan<byte> bytes)
    {
        while (true)
        {
            switch (_step)
            {
                case Step.Count:
                    if (!Fill(ref bytes, 4))
                    {
                        return false;
                    }
                    Count = BinaryPrimitives.ReadUInt32LittleEndian(_fixed);
                    _entriesLeft = Count;
                    Next();
                    break;
                case Step.Numbers:
                    if (_entriesLeft == 0 || !Fill(ref bytes, NumbersSize))
                    {
                        return false;
                    }
                    BlockOffset = BinaryPrimitives.ReadUInt64LittleEndian(_fixed);
                    BlockSize = BinaryPrimitives.ReadUInt32LittleEndian(_fixed.AsSpan(8));
                    FirstKey.Clear();
                    BeginKey(Step.FirstKey, _fixed.AsSpan(12), "SSTable index truncated (first key)");
                    break;
                case Step.FirstKey:
                    if (!Key(ref bytes, FirstKey))
                    {
                        return false;
                    }
                    _step = Step.LastLength;
                    Require(4, "SSTable block/index truncated");
                    break;
                case Step.LastLength:
                    if (!Fill(ref bytes, 4))
                    {
                        return false;
                    }
                    LastKey.Clear();
                    BeginKey(Step.LastKey, _fixed, "SSTable index truncated (last key)");
                    break;
                default:
                    if (!Key(ref bytes, LastKey))
                    {
                        return false;
                    }
                    _entriesLeft--;
                    Next();
                    return true;
            }
        }
    }

    private void Next()
    {
        _step = Step.Numbers;
        if (_entriesLeft > 0)
        {
            Require(NumbersSize, "SSTable block/index truncated");
        }
        else if (_left > 0)
        {
            throw Bad("SSTable index block has trailing bytes");
        }
    }

    private void BeginKey(Step step, ReadOnlySpan<byte> length, string truncated)
    {
        _step = step;
        _keyLeft = BinaryPrimitives.ReadUInt32LittleEndian(length);
        Require(_keyLeft, truncated);
    }

    private bool Key(ref ReadOnlySpan<byte> bytes, AlopexKey key)
    {
        var take = (int)Math.Min(_keyLeft, (ulong)bytes.Length);
        key.Append(bytes[..take]);
        bytes = bytes[take..];
        _keyLeft -= (ulong)take;
        _left -= (ulong)take;
        return _keyLeft == 0;
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
        _left -= (ulong)wanted;
        return true;
    }

    private void Require(ulong count, string truncated)
    {
        if (count > _left)
        {
            throw Bad(truncated);
        }
    }

    private static BackupException Bad(string message) => Fault.Malformed($"invalid format: {message}");
}
