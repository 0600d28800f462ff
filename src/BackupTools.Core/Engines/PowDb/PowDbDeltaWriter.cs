using System.Buffers;
using System.Buffers.Binary;
using BackupTools.Files;
using BackupTools.Formats.PowDb;
using Blake3;

namespace BackupTools.Engines.PowDb;

/// <summary>Writes a delta: records gathered into blocks, hashed as they leave (PowDB format, §7).</summary>
internal sealed class PowDbDeltaWriter(IDiskFile file) : IDisposable
{
    private const int Records = 255;

    private readonly byte[] _buffer = ArrayPool<byte>.Shared.Rent(Records * PowDbDelta.RecordSize);
    private readonly Hasher _hasher = Hasher.New();
    private int _filled;
    private long _length;

    /// <summary>Adds a page; the caller adds them ascending.</summary>
    public void Add(uint index, ReadOnlySpan<byte> page)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(_buffer.AsSpan(_filled), index);
        page.CopyTo(_buffer.AsSpan(_filled + sizeof(uint)));
        _filled += PowDbDelta.RecordSize;
        if (_filled == Records * PowDbDelta.RecordSize)
        {
            Drain();
        }
    }

    /// <summary>Writes what is left; length and digest of the delta.</summary>
    public (long Length, Hash Blake3) Finish()
    {
        Drain();
        return (_length, _hasher.Finalize());
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        file.Dispose();
    }

    private void Drain()
    {
        var block = _buffer.AsSpan(0, _filled);
        _hasher.Update(block);
        file.Write(block, _length);
        _length += block.Length;
        _filled = 0;
    }
}
