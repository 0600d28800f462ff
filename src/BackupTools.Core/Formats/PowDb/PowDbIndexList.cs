using System.Buffers.Binary;
using Blake3;

namespace BackupTools.Formats.PowDb;

/// <summary>A list of page indices as a digest of itself, so that its length costs no memory (PowDB format, §7).</summary>
internal sealed class PowDbIndexList
{
    private readonly Hasher _hasher = Hasher.New();
    private readonly byte[] _pending = new byte[4096];
    private int _length;

    /// <summary>How many there were.</summary>
    public uint Count { get; private set; }

    /// <summary>The newest; -1 before the first.</summary>
    public long Last { get; private set; } = -1;

    /// <summary>Begins another list.</summary>
    public void Reset()
    {
        _hasher.Reset();
        _length = 0;
        Count = 0;
        Last = -1;
    }

    /// <summary>Takes the next one.</summary>
    public void Add(uint index)
    {
        if (_length == _pending.Length)
        {
            Flush();
        }
        BinaryPrimitives.WriteUInt32LittleEndian(_pending.AsSpan(_length), index);
        _length += sizeof(uint);
        Count++;
        Last = index;
    }

    /// <summary>BLAKE3 of the indices, four bytes each, the lowest first.</summary>
    public Hash Digest()
    {
        Flush();
        return _hasher.Finalize();
    }

    private void Flush()
    {
        _hasher.Update(_pending.AsSpan(0, _length));
        _length = 0;
    }
}
