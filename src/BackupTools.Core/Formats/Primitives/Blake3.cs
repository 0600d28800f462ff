using System.Numerics;
using static BackupTools.Formats.Primitives.Blake3Compress;

namespace BackupTools.Formats.Primitives;

/// <summary>BLAKE3, unkeyed, 32-byte output; shaped like the Hasher of the Blake3 package.</summary>
/// <remarks>
/// State is the current chunk and the chaining values of the complete subtrees to its left (specification, section
/// 5.1.2): one per set bit of the chunk count, except that the last merge is always left for later, because only the
/// end of the input says which node is the root.
/// </remarks>
internal sealed class Hasher
{
    // 2^54 chunks of 1 KiB are the 2^64 bytes that the specification allows.
    private const int MaxDepth = 54;

    private readonly uint[] _stack = new uint[(MaxDepth + 1) * CvWords];
    private readonly uint[] _chunkCv = new uint[CvWords];
    private readonly byte[] _block = new byte[BlockSize];
    private int _stackCount;
    private int _blockLength;
    private int _blocksDone;
    private ulong _chunk;

    public Hasher() => Reset();

    public static Hasher New() => new();

    public static Hash Hash(ReadOnlySpan<byte> input)
    {
        var hasher = new Hasher();
        hasher.Update(input);
        return hasher.Finalize();
    }

    public void Reset()
    {
        _stackCount = 0;
        _chunk = 0;
        StartChunk();
    }

    public void Update(ReadOnlySpan<byte> data)
    {
        // A full chunk is closed only when a byte follows it: the last one may be the root.
        while (!data.IsEmpty)
        {
            var chunkLength = (_blocksDone * BlockSize) + _blockLength;
            if (chunkLength == ChunkSize)
            {
                InPlace(_chunkCv, _block, BlockSize, _chunk, LastBlockFlags());
                Push(_chunkCv);
                _chunk++;
                MergeStack(_chunk);
                StartChunk();
                chunkLength = 0;
            }
            var take = Math.Min(ChunkSize - chunkLength, data.Length);
            UpdateChunk(data[..take]);
            data = data[take..];
        }
    }

    /// <summary>Like Update, using several threads where the input is large enough to gain.</summary>
    public void UpdateWithJoin(ReadOnlySpan<byte> data) => Update(data);

    /// <summary>The digest of everything so far. The hasher can go on.</summary>
    public Hash Finalize()
    {
        Span<uint> cv = stackalloc uint[CvWords];
        Span<byte> block = stackalloc byte[BlockSize];
        block.Clear();
        _block.AsSpan(0, _blockLength).CopyTo(block);
        _chunkCv.CopyTo(cv);
        var alone = _stackCount == 0;
        InPlace(cv, block, (uint)_blockLength, _chunk, LastBlockFlags() | (alone ? Root : 0));
        for (var i = _stackCount - 1; i >= 0; i--)
        {
            ParentOf(StackEntry(i), cv, cv, i == 0 ? Root : 0);
        }
        return new Hash(cv);
    }

    private void UpdateChunk(ReadOnlySpan<byte> data)
    {
        while (!data.IsEmpty)
        {
            if (_blockLength == BlockSize)
            {
                InPlace(_chunkCv, _block, BlockSize, _chunk, _blocksDone == 0 ? ChunkStart : 0);
                _blocksDone++;
                _blockLength = 0;
            }
            var take = Math.Min(BlockSize - _blockLength, data.Length);
            data[..take].CopyTo(_block.AsSpan(_blockLength));
            _blockLength += take;
            data = data[take..];
        }
    }

    private uint LastBlockFlags() => ChunkEnd | (_blocksDone == 0 ? ChunkStart : 0);

    private void StartChunk()
    {
        InitialValue.CopyTo(_chunkCv);
        _blockLength = 0;
        _blocksDone = 0;
    }

    /// <summary>Joins complete subtrees until the stack holds one per set bit of the number of chunks before.</summary>
    private void MergeStack(ulong chunksBefore)
    {
        var wanted = BitOperations.PopCount(chunksBefore);
        while (_stackCount > wanted)
        {
            ParentOf(StackEntry(_stackCount - 2), StackEntry(_stackCount - 1), StackEntry(_stackCount - 2), 0);
            _stackCount--;
        }
    }

    private void Push(ReadOnlySpan<uint> cv) => cv.CopyTo(StackEntry(_stackCount++));

    private Span<uint> StackEntry(int index) => _stack.AsSpan(index * CvWords, CvWords);
}
