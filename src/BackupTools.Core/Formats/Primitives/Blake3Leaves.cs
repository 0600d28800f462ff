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

    // 8 KiB of chaining values, which stay in the first-level cache.
    private const int LeavesPerPiece = 64;

    // 2^52 leaves of 4 KiB are the 2^64 bytes that the specification allows.
    private const int MaxDepth = 52;

    private readonly uint[] _stack = new uint[(MaxDepth + 2) * CvWords];
    private int _stackCount;
    private ulong _leaves;

    /// <summary>
    /// Chaining values (32 bytes each) of consecutive leaves; the first is leaf number <paramref name="firstLeaf"/>.
    /// </summary>
    public static void ChainingValues(ReadOnlySpan<byte> leaves, ulong firstLeaf, Span<byte> values) =>
        ChainingValues(Blake3Tree.Best, leaves, firstLeaf, values);

    /// <summary>The same on this path and no other; for tests.</summary>
    internal static unsafe void ChainingValues(
        Blake3Path path,
        ReadOnlySpan<byte> leaves,
        ulong firstLeaf,
        Span<byte> values
    )
    {
        var count = leaves.Length / LeafSize;
        ArgumentOutOfRangeException.ThrowIfNotEqual(count * LeafSize, leaves.Length);
        ArgumentOutOfRangeException.ThrowIfLessThan(values.Length, count * Hash.Size);
        var cvs = stackalloc uint[LeavesPerPiece * ChunksPerLeaf * CvWords];
        fixed (byte* input = leaves)
        fixed (byte* output = values)
        {
            for (var done = 0; done < count; done += LeavesPerPiece)
            {
                var piece = Math.Min(LeavesPerPiece, count - done);
                var chunks = piece * ChunksPerLeaf;
                var counter = (firstLeaf + (uint)done) * ChunksPerLeaf;
                Blake3Tree.Chunks(path, input + ((nint)done * LeafSize), chunks, counter, cvs);
                Blake3Tree.Parents(path, cvs, chunks / 2, cvs);
                Blake3Tree.Parents(path, cvs, chunks / 4, cvs);
                new ReadOnlySpan<byte>(cvs, piece * Hash.Size).CopyTo(
                    new Span<byte>(output + (done * Hash.Size), piece * Hash.Size)
                );
            }
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

    private Span<uint> Entry(int index) => _stack.AsSpan(index * CvWords, CvWords);
}
