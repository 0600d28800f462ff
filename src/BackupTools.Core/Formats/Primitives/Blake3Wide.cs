using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using static BackupTools.Formats.Primitives.Blake3Compress;

namespace BackupTools.Formats.Primitives;

/// <summary>BLAKE3 over many inputs of the same length at once, one in each lane of a vector.</summary>
internal static unsafe class Blake3Wide<TVector, TLanes>
    where TVector : unmanaged
    where TLanes : struct, IBlake3Lanes<TVector>
{
    private const int Words = 16;

    // Bytes of the 128-bit parts that the unpack operations work in.
    private const int Part = 16;

    /// <summary>Inputs at a time.</summary>
    public static int Lanes => sizeof(TVector) / sizeof(uint);

    /// <summary>Chaining values of <paramref name="count"/> full chunks, one after the other.</summary>
    public static void Chunks(byte* input, int count, ulong counter, uint* cvs)
    {
        for (var i = 0; i < count; i += Lanes)
        {
            var lanes = Math.Min(count - i, Lanes);
            Group(
                input + ((nint)i * ChunkSize),
                ChunkSize,
                lanes,
                counter + (uint)i,
                counterStep: 1,
                0,
                cvs + (i * CvWords)
            );
        }
    }

    /// <summary>Chaining values of the parents of 2 * count children; the output may begin where the input does.</summary>
    public static void Parents(uint* children, int count, uint* cvs)
    {
        for (var i = 0; i < count; i += Lanes)
        {
            var lanes = Math.Min(count - i, Lanes);
            Group(
                (byte*)(children + (i * 2 * CvWords)),
                BlockSize,
                lanes,
                0,
                counterStep: 0,
                Parent,
                cvs + (i * CvWords)
            );
        }
    }

    /// <summary>One input per lane, each <paramref name="length"/> bytes after the last; lanes without one repeat the last.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    [SkipLocalsInit]
    private static void Group(
        byte* input,
        int length,
        int lanes,
        ulong counter,
        uint counterStep,
        uint flags,
        uint* cvs
    )
    {
        var rows = stackalloc byte*[Lanes];
        var counterLow = stackalloc uint[Lanes];
        var counterHigh = stackalloc uint[Lanes];
        for (var lane = 0; lane < Lanes; lane++)
        {
            var at = counter + ((uint)lane * counterStep);
            counterLow[lane] = (uint)at;
            counterHigh[lane] = (uint)(at >> 32);
            rows[lane] = input + ((nint)Math.Min(lane, lanes - 1) * length);
        }
        var iv = InitialValue;
        TVector h0 = TLanes.Broadcast(iv[0]),
            h1 = TLanes.Broadcast(iv[1]),
            h2 = TLanes.Broadcast(iv[2]),
            h3 = TLanes.Broadcast(iv[3]),
            h4 = TLanes.Broadcast(iv[4]),
            h5 = TLanes.Broadcast(iv[5]),
            h6 = TLanes.Broadcast(iv[6]),
            h7 = TLanes.Broadcast(iv[7]);
        // A vector across a cache line costs two accesses, and stack memory is only aligned to 16 bytes.
        var unaligned = stackalloc byte[((2 * Words) + 1) * sizeof(TVector)];
        var m = (TVector*)(((nint)unaligned + sizeof(TVector) - 1) & -sizeof(TVector));
        var scratch = m + Words;
        fixed (byte* schedule = Schedule)
        {
            for (var offset = 0; offset < length; offset += BlockSize)
            {
                var blockFlags = flags;
                if (flags != Parent)
                {
                    blockFlags = (offset == 0 ? ChunkStart : 0) | (offset == ChunkSize - BlockSize ? ChunkEnd : 0);
                }
                Transpose(rows, offset, scratch, m);
                TVector v0 = h0,
                    v1 = h1,
                    v2 = h2,
                    v3 = h3,
                    v4 = h4,
                    v5 = h5,
                    v6 = h6,
                    v7 = h7;
                TVector v8 = TLanes.Broadcast(iv[0]),
                    v9 = TLanes.Broadcast(iv[1]),
                    v10 = TLanes.Broadcast(iv[2]),
                    v11 = TLanes.Broadcast(iv[3]),
                    v12 = *(TVector*)counterLow,
                    v13 = *(TVector*)counterHigh,
                    v14 = TLanes.Broadcast(BlockSize),
                    v15 = TLanes.Broadcast(blockFlags);
                for (var s = schedule; s < schedule + (7 * Words); s += Words)
                {
                    Mix4(
                        ref v0,
                        ref v1,
                        ref v2,
                        ref v3,
                        ref v4,
                        ref v5,
                        ref v6,
                        ref v7,
                        ref v8,
                        ref v9,
                        ref v10,
                        ref v11,
                        ref v12,
                        ref v13,
                        ref v14,
                        ref v15,
                        m,
                        s
                    );
                    Mix4(
                        ref v0,
                        ref v1,
                        ref v2,
                        ref v3,
                        ref v5,
                        ref v6,
                        ref v7,
                        ref v4,
                        ref v10,
                        ref v11,
                        ref v8,
                        ref v9,
                        ref v15,
                        ref v12,
                        ref v13,
                        ref v14,
                        m,
                        s + 8
                    );
                }
                h0 = TLanes.Xor(v0, v8);
                h1 = TLanes.Xor(v1, v9);
                h2 = TLanes.Xor(v2, v10);
                h3 = TLanes.Xor(v3, v11);
                h4 = TLanes.Xor(v4, v12);
                h5 = TLanes.Xor(v5, v13);
                h6 = TLanes.Xor(v6, v14);
                h7 = TLanes.Xor(v7, v15);
            }
        }
        Transpose4(ref h0, ref h1, ref h2, ref h3);
        Transpose4(ref h4, ref h5, ref h6, ref h7);
        m[0] = h0;
        m[1] = h1;
        m[2] = h2;
        m[3] = h3;
        m[4] = h4;
        m[5] = h5;
        m[6] = h6;
        m[7] = h7;
        // Part p of vector k now belongs to input 4p + k: words 0..3 in the first four vectors, 4..7 in the others.
        for (var lane = 0; lane < lanes; lane++)
        {
            var from = (byte*)(m + (lane & 3)) + ((lane >> 2) * Part);
            Vector128.Store(Vector128.Load(from), (byte*)(cvs + (lane * CvWords)));
            Vector128.Store(Vector128.Load(from + (4 * sizeof(TVector))), (byte*)(cvs + (lane * CvWords)) + Part);
        }
    }

    /// <summary>Word w of the block at this offset in every row, to vector w.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose(byte** rows, int offset, TVector* scratch, TVector* m)
    {
        // A vector covers Lanes words of a row. Four rows at a time, the words of each 128-bit part change places with
        // the rows; then the parts of the row groups come together.
        for (var group = 0; group < Words; group += 4)
        {
            var row = group % Lanes;
            var column = offset + (group / Lanes * sizeof(TVector));
            var a = *(TVector*)(rows[row] + column);
            var b = *(TVector*)(rows[row + 1] + column);
            var c = *(TVector*)(rows[row + 2] + column);
            var d = *(TVector*)(rows[row + 3] + column);
            Transpose4(ref a, ref b, ref c, ref d);
            scratch[group] = a;
            scratch[group + 1] = b;
            scratch[group + 2] = c;
            scratch[group + 3] = d;
        }
        for (var k = 0; k < 4; k++)
        {
            TLanes.GatherParts(scratch + k, m + k);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose4(ref TVector a, ref TVector b, ref TVector c, ref TVector d)
    {
        var ab0 = TLanes.UnpackLow32(a, b);
        var ab2 = TLanes.UnpackHigh32(a, b);
        var cd0 = TLanes.UnpackLow32(c, d);
        var cd2 = TLanes.UnpackHigh32(c, d);
        a = TLanes.UnpackLow64(ab0, cd0);
        b = TLanes.UnpackHigh64(ab0, cd0);
        c = TLanes.UnpackLow64(ab2, cd2);
        d = TLanes.UnpackHigh64(ab2, cd2);
    }

    /// <summary>Four independent mixes, step by step together, so that the processor has four chains to work on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Mix4(
        ref TVector a0,
        ref TVector a1,
        ref TVector a2,
        ref TVector a3,
        ref TVector b0,
        ref TVector b1,
        ref TVector b2,
        ref TVector b3,
        ref TVector c0,
        ref TVector c1,
        ref TVector c2,
        ref TVector c3,
        ref TVector d0,
        ref TVector d1,
        ref TVector d2,
        ref TVector d3,
        TVector* m,
        byte* s
    )
    {
        Half(ref a0, ref b0, ref c0, ref d0, m[s[0]], 16, 12);
        Half(ref a1, ref b1, ref c1, ref d1, m[s[2]], 16, 12);
        Half(ref a2, ref b2, ref c2, ref d2, m[s[4]], 16, 12);
        Half(ref a3, ref b3, ref c3, ref d3, m[s[6]], 16, 12);
        Half(ref a0, ref b0, ref c0, ref d0, m[s[1]], 8, 7);
        Half(ref a1, ref b1, ref c1, ref d1, m[s[3]], 8, 7);
        Half(ref a2, ref b2, ref c2, ref d2, m[s[5]], 8, 7);
        Half(ref a3, ref b3, ref c3, ref d3, m[s[7]], 8, 7);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Half(
        ref TVector a,
        ref TVector b,
        ref TVector c,
        ref TVector d,
        TVector m,
        [System.Diagnostics.CodeAnalysis.ConstantExpected] byte r1,
        [System.Diagnostics.CodeAnalysis.ConstantExpected] byte r2
    )
    {
        a = TLanes.Add(TLanes.Add(a, m), b);
        d = TLanes.Rotate(TLanes.Xor(d, a), r1);
        c = TLanes.Add(c, d);
        b = TLanes.Rotate(TLanes.Xor(b, c), r2);
    }
}
