using System.Numerics;
using System.Runtime.InteropServices;
using static BackupTools.Formats.Primitives.Blake3Compress;

namespace BackupTools.Formats.Primitives;

/// <summary>
/// BLAKE3 of a long input by its subtrees of 4096 bytes: their chaining values can be had in any order and on any
/// thread, each identifies its 4096 bytes at their place, and together they give the digest of the whole. So one pass
/// over a file yields a fingerprint per page and the file's own digest.
/// </summary>
internal sealed class Blake3Leaves
{
    /// <summary>Bytes of a leaf.</summary>
    public const int LeafSize = 4 * ChunkSize;

    private const int ChunksPerLeaf = 4;

    // 2^52 leaves of 4 KiB are the 2^64 bytes that the specification allows.
    private const int MaxDepth = 52;

    private readonly uint[] _stack = new uint[(MaxDepth + 2) * CvWords];
    private int _stackCount;
    private ulong _leaves;

    /// <summary>
    /// Chaining values (32 bytes each) of consecutive leaves; the first is leaf number <paramref name="firstLeaf"/>.
    /// </summary>
    public static void ChainingValues(ReadOnlySpan<byte> leaves, ulong firstLeaf, Span<byte> values)
    {
        var count = leaves.Length / LeafSize;
        var words = MemoryMarshal.Cast<byte, uint>(values);
        Span<uint> chunks = stackalloc uint[ChunksPerLeaf * CvWords];
        for (var leaf = 0; leaf < count; leaf++)
        {
            for (var i = 0; i < ChunksPerLeaf; i++)
            {
                Chunk(
                    leaves.Slice((leaf * LeafSize) + (i * ChunkSize), ChunkSize),
                    ((firstLeaf + (uint)leaf) * ChunksPerLeaf) + (uint)i,
                    chunks.Slice(i * CvWords, CvWords)
                );
            }
            ParentOf(chunks[..8], chunks.Slice(8, 8), chunks[..8], 0);
            ParentOf(chunks.Slice(16, 8), chunks.Slice(24, 8), chunks.Slice(8, 8), 0);
            ParentOf(chunks[..8], chunks.Slice(8, 8), words.Slice(leaf * CvWords, CvWords), 0);
        }
    }

    /// <summary>Takes the chaining values of the next leaves, in order.</summary>
    public void Append(ReadOnlySpan<byte> values)
    {
        var words = MemoryMarshal.Cast<byte, uint>(values);
        for (; words.Length > 0; words = words[CvWords..])
        {
            // The last merge is left for later: only the end of the input says which node is the root.
            for (var wanted = BitOperations.PopCount(_leaves); _stackCount > wanted; _stackCount--)
            {
                ParentOf(Entry(_stackCount - 2), Entry(_stackCount - 1), Entry(_stackCount - 2), 0);
            }
            words[..CvWords].CopyTo(Entry(_stackCount++));
            _leaves++;
        }
    }

    /// <summary>
    /// The digest of all leaves taken, which are not one: a single leaf is its own root, so hash its bytes instead.
    /// </summary>
    public Hash Finalize()
    {
        if (_leaves == 0)
        {
            return Hasher.Hash([]);
        }
        if (_leaves == 1)
        {
            throw new InvalidOperationException("the digest of one leaf is not made of chaining values");
        }
        Span<uint> cv = stackalloc uint[CvWords];
        var left = _stackCount - 1;
        Entry(left).CopyTo(cv);
        while (--left >= 0)
        {
            ParentOf(Entry(left), cv, cv, left == 0 ? Root : 0);
        }
        return new Hash(cv);
    }

    private static void Chunk(ReadOnlySpan<byte> chunk, ulong counter, Span<uint> cv)
    {
        InitialValue.CopyTo(cv);
        for (var offset = 0; offset < ChunkSize; offset += BlockSize)
        {
            var flags = (offset == 0 ? ChunkStart : 0) | (offset == ChunkSize - BlockSize ? ChunkEnd : 0);
            InPlace(cv, chunk.Slice(offset, BlockSize), BlockSize, counter, flags);
        }
    }

    private Span<uint> Entry(int index) => _stack.AsSpan(index * CvWords, CvWords);
}
