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

    // Of the widest path.
    private const int MaxLanes = 16;

    private readonly Blake3Path _path;

    // One more, for the merge that waits.
    private readonly uint[] _stack = new uint[(MaxDepth + 1) * CvWords];
    private readonly uint[] _chunkCv = new uint[CvWords];
    private readonly byte[] _block = new byte[BlockSize];
    private int _stackCount;
    private int _blockLength;
    private int _blocksDone;
    private ulong _chunk;

    public Hasher()
        : this(Blake3Tree.Best) { }

    /// <summary>A hasher that takes this path and no other; for tests.</summary>
    internal Hasher(Blake3Path path)
    {
        _path = path;
        StartChunk();
    }

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

    public void Update(ReadOnlySpan<byte> data) => Update(data, join: false);

    /// <summary>Like Update, using several threads where the input is large enough to gain.</summary>
    public void UpdateWithJoin(ReadOnlySpan<byte> data) => Update(data, join: true);

    /// <summary>The digest of everything so far. The hasher can go on.</summary>
    public Hash Finalize()
    {
        Span<uint> cv = stackalloc uint[CvWords];
        var left = _stackCount;
        if (left > 0 && ChunkLength == 0)
        {
            StackEntry(--left).CopyTo(cv);
        }
        else
        {
            Span<byte> block = stackalloc byte[BlockSize];
            block.Clear();
            _block.AsSpan(0, _blockLength).CopyTo(block);
            _chunkCv.CopyTo(cv);
            InPlace(cv, block, (uint)_blockLength, _chunk, LastBlockFlags() | (left == 0 ? Root : 0));
        }
        while (--left >= 0)
        {
            ParentOf(StackEntry(left), cv, cv, left == 0 ? Root : 0);
        }
        return new Hash(cv);
    }

    private unsafe void Update(ReadOnlySpan<byte> data, bool join)
    {
        if (ChunkLength > 0)
        {
            data = data[FillChunk(data)..];
            if (data.IsEmpty)
            {
                return;
            }
            // A byte follows, so this chunk is not the last one, and not the root.
            InPlace(_chunkCv, _block, BlockSize, _chunk, LastBlockFlags());
            Push(_chunkCv, 1);
            StartChunk();
        }
        fixed (byte* input = data)
        {
            var done = 0;
            // One chunk alone may be the root. Of several, none is, even if the input ends with the last of them.
            while (data.Length - done > ChunkSize)
            {
                done += TakeChunks(input + done, (data.Length - done) / ChunkSize, join) * ChunkSize;
            }
            FillChunk(data[done..]);
        }
    }

    /// <summary>Takes some of the full chunks at the input and says how many.</summary>
    private unsafe int TakeChunks(byte* input, int available, bool join)
    {
        // A complete subtree begins at a multiple of its size.
        var chunks = 1 << BitOperations.Log2((uint)available);
        while ((_chunk & (uint)(chunks - 1)) != 0)
        {
            chunks /= 2;
        }
        var cvs = stackalloc uint[MaxLanes * CvWords];
        if (chunks >= MaxLanes)
        {
            if (join)
            {
                Blake3Join.Subtree(_path, input, chunks, _chunk, cvs);
            }
            else
            {
                Blake3Tree.Subtree(_path, input, chunks, _chunk, cvs);
            }
            Push(new ReadOnlySpan<uint>(cvs, CvWords), chunks / 2);
            Push(new ReadOnlySpan<uint>(cvs + CvWords, CvWords), chunks / 2);
            return chunks;
        }
        // Smaller subtrees would leave most lanes empty: rather all single chunks up to the next good place at once.
        chunks = Math.Min(available, MaxLanes - (int)(_chunk % MaxLanes));
        Blake3Tree.Chunks(_path, input, chunks, _chunk, cvs);
        for (var i = 0; i < chunks; i++)
        {
            Push(new ReadOnlySpan<uint>(cvs + (i * CvWords), CvWords), 1);
        }
        return chunks;
    }

    /// <summary>Takes what the current chunk has room for; returns how many bytes.</summary>
    private int FillChunk(ReadOnlySpan<byte> data)
    {
        var taken = Math.Min(ChunkSize - ChunkLength, data.Length);
        if (taken > 0 && ChunkLength == 0)
        {
            MergeStack();
        }
        for (var rest = data[..taken]; !rest.IsEmpty; )
        {
            if (_blockLength == BlockSize)
            {
                InPlace(_chunkCv, _block, BlockSize, _chunk, _blocksDone == 0 ? ChunkStart : 0);
                _blocksDone++;
                _blockLength = 0;
            }
            var take = Math.Min(BlockSize - _blockLength, rest.Length);
            rest[..take].CopyTo(_block.AsSpan(_blockLength));
            _blockLength += take;
            rest = rest[take..];
        }
        return taken;
    }

    private int ChunkLength => (_blocksDone * BlockSize) + _blockLength;

    private uint LastBlockFlags() => ChunkEnd | (_blocksDone == 0 ? ChunkStart : 0);

    private void StartChunk()
    {
        InitialValue.CopyTo(_chunkCv);
        _blockLength = 0;
        _blocksDone = 0;
    }

    private void Push(ReadOnlySpan<uint> cv, int chunks)
    {
        MergeStack();
        cv.CopyTo(StackEntry(_stackCount++));
        _chunk += (uint)chunks;
    }

    /// <summary>Joins complete subtrees, now that more input follows, until one is left per set bit of the chunk count.</summary>
    private void MergeStack()
    {
        for (var wanted = BitOperations.PopCount(_chunk); _stackCount > wanted; _stackCount--)
        {
            var left = StackEntry(_stackCount - 2);
            ParentOf(left, StackEntry(_stackCount - 1), left, 0);
        }
    }

    private Span<uint> StackEntry(int index) => _stack.AsSpan(index * CvWords, CvWords);
}
