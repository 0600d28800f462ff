using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using static BackupTools.Formats.Primitives.Blake3Compress;

namespace BackupTools.Formats.Primitives;

/// <summary>How many inputs BLAKE3 compresses at a time.</summary>
internal enum Blake3Path
{
    /// <summary>One, in plain C#.</summary>
    Portable = 1,

    /// <summary>Four, in 128-bit vectors.</summary>
    Lanes4 = 4,

    /// <summary>Eight, in 256-bit vectors.</summary>
    Lanes8 = 8,

    /// <summary>Sixteen, in 512-bit vectors.</summary>
    Lanes16 = 16,
}

/// <summary>The part of the BLAKE3 tree whose shape is known beforehand: full chunks and complete subtrees.</summary>
internal static unsafe class Blake3Tree
{
    // 8 KiB of chaining values: they stay in the first-level cache, and the narrow top levels cost little.
    private const int ChunksPerPiece = 256;

    /// <summary>Whether this machine has the instructions of a path.</summary>
    public static bool IsSupported(Blake3Path path) =>
        path switch
        {
            Blake3Path.Portable => true,
            Blake3Path.Lanes4 => Blake3Lanes4.IsSupported,
            Blake3Path.Lanes8 => Blake3Lanes8.IsSupported,
            Blake3Path.Lanes16 => Blake3Lanes16.IsSupported,
            _ => false,
        };

    /// <summary>The widest path of this machine.</summary>
    public static Blake3Path Best { get; } =
        IsSupported(Blake3Path.Lanes16) ? Blake3Path.Lanes16
        : IsSupported(Blake3Path.Lanes8) ? Blake3Path.Lanes8
        : IsSupported(Blake3Path.Lanes4) ? Blake3Path.Lanes4
        : Blake3Path.Portable;

    /// <summary>Chaining values of full chunks, one after the other; none of them the root.</summary>
    public static void Chunks(Blake3Path path, byte* input, int count, ulong counter, uint* cvs) =>
        Nodes(path, input, ChunkSize, count, counter, cvs);

    /// <summary>Chaining values of the parents of 2 * count children, over the first of which they may be written.</summary>
    public static void Parents(Blake3Path path, uint* children, int count, uint* cvs) =>
        Nodes(path, (byte*)children, BlockSize, count, 0, cvs);

    /// <summary>
    /// Chaining values of the two children of the top of a complete subtree: a power of two of chunks, at least two.
    /// Only the caller knows whether their parent is the root.
    /// </summary>
    [SkipLocalsInit]
    public static void Subtree(Blake3Path path, byte* input, int chunks, ulong counter, uint* pair)
    {
        if (chunks > ChunksPerPiece)
        {
            var half = chunks / 2;
            var pairs = stackalloc uint[4 * CvWords];
            Subtree(path, input, half, counter, pairs);
            Subtree(path, input + ((nint)half * ChunkSize), half, counter + (uint)half, pairs + (2 * CvWords));
            Parents(path, pairs, 2, pair);
            return;
        }
        var cvs = stackalloc uint[ChunksPerPiece * CvWords];
        Chunks(path, input, chunks, counter, cvs);
        Reduce(path, cvs, chunks, pair);
    }

    /// <summary>Climbs from a power of two of nodes to the last two, over whose places it works.</summary>
    public static void Reduce(Blake3Path path, uint* cvs, int count, uint* pair)
    {
        while (count > 2)
        {
            count /= 2;
            Parents(path, cvs, count, cvs);
        }
        new ReadOnlySpan<uint>(cvs, 2 * CvWords).CopyTo(new Span<uint>(pair, 2 * CvWords));
    }

    private static void Nodes(Blake3Path path, byte* input, int length, int count, ulong counter, uint* cvs)
    {
        switch (path)
        {
            case Blake3Path.Lanes16:
                Blake3Wide<Vector512<uint>, Blake3Lanes16>.Nodes(input, length, count, counter, cvs);
                break;
            case Blake3Path.Lanes8:
                Blake3Wide<Vector256<uint>, Blake3Lanes8>.Nodes(input, length, count, counter, cvs);
                break;
            case Blake3Path.Lanes4:
                Blake3Wide<Vector128<uint>, Blake3Lanes4>.Nodes(input, length, count, counter, cvs);
                break;
            default:
                for (var i = 0; i < count; i++)
                {
                    var node = input + ((nint)i * length);
                    var cv = new Span<uint>(cvs + (i * CvWords), CvWords);
                    if (length == ChunkSize)
                    {
                        Chunk(new ReadOnlySpan<byte>(node, length), counter + (uint)i, cv);
                    }
                    else
                    {
                        var pair = new ReadOnlySpan<uint>(node, 2 * CvWords);
                        ParentOf(pair[..CvWords], pair[CvWords..], cv, 0);
                    }
                }
                break;
        }
    }

    private static void Chunk(ReadOnlySpan<byte> chunk, ulong counter, Span<uint> cv)
    {
        InitialValue.CopyTo(cv);
        for (var offset = 0; offset < ChunkSize; offset += BlockSize)
        {
            InPlace(cv, chunk.Slice(offset, BlockSize), BlockSize, counter, NodeFlags(ChunkSize, offset));
        }
    }
}
