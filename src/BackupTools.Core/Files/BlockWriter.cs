using System.Buffers;

namespace BackupTools.Files;

/// <summary>
/// Writes a file from its beginning on in large aligned blocks, while the next is filled. <see cref="Finish"/> writes the
/// last; disposed before the file is. No more can be asked for at once than is left of a block.
/// </summary>
internal sealed class BlockWriter : IBufferWriter<byte>, IDisposable
{
    private readonly BlockRing _ring;
    private Memory<byte> _block;
    private int _have;
    private long _at;

    public BlockWriter(IDiskFile file)
    {
        // Two wait for the disk in turn, so that the next write is always ready.
        BlockSink write = file.Write;
        _ring = new BlockRing([write, write]);
        _block = _ring.Next();
    }

    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _block.Length - _have);
        _have += count;
        if (_have == _block.Length)
        {
            Submit();
            _block = _ring.Next();
        }
    }

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(sizeHint, _block.Length - _have);
        return _block[_have..];
    }

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    /// <summary>Returns when everything was written. Nothing may follow.</summary>
    public void Finish()
    {
        Submit();
        _block = default;
        _ring.Finish();
    }

    public void Dispose() => _ring.Dispose();

    private void Submit()
    {
        if (_have > 0)
        {
            _ring.Submit(_have, _at);
            _at += _have;
            _have = 0;
        }
    }
}
