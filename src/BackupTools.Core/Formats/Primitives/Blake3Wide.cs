using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using static BackupTools.Formats.Primitives.Blake3Compress;

namespace BackupTools.Formats.Primitives;

/// <summary>BLAKE3 over many inputs of the same length at once, one in each lane of a vector.</summary>
/// <remarks>
/// A compression is one long chain of dependent operations, four wide. With 32 registers two groups of inputs fit side
/// by side, and the second runs in the pauses of the first: half as fast again as one group after the other.
/// </remarks>
internal static unsafe class Blake3Wide<TVector, TLanes>
    where TVector : unmanaged
    where TLanes : struct, IBlake3Lanes<TVector>
{
    private const int Words = 16;

    // Bytes of the 128-bit parts that the unpack operations work in.
    private const int Part = 16;

    private static int Lanes => sizeof(TVector) / sizeof(uint);

    /// <summary>
    /// Chaining values of inputs one right after the other, each as long as a chunk, or as the block that holds the two
    /// children of a parent. Parents may be written from where the children begin.
    /// </summary>
    public static void Nodes(byte* input, int length, int count, ulong counter, uint* cvs)
    {
        for (var taken = 0; count > 0; count -= taken)
        {
            taken = Math.Min(count, Lanes);
            if (TLanes.ManyRegisters && count > Lanes)
            {
                taken = Math.Min(count, 2 * Lanes);
                Group<Twice>(input, length, taken, counter, cvs);
            }
            else
            {
                Group<Once>(input, length, taken, counter, cvs);
            }
            input += (nint)taken * length;
            counter += (uint)taken;
            cvs += taken * CvWords;
        }
    }

    /// <summary>One input per lane. Lanes without one repeat the last and are not stored.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    [SkipLocalsInit]
    private static void Group<TTimes>(byte* input, int length, int count, ulong counter, uint* cvs)
    {
        var twice = typeof(TTimes) == typeof(Twice);
        var lanes = twice ? 2 * Lanes : Lanes;
        var rows = stackalloc byte*[lanes];
        var low = stackalloc uint[2 * lanes];
        var high = low + lanes;
        for (var lane = 0; lane < lanes; lane++)
        {
            // Only chunks are numbered.
            var number = length == ChunkSize ? counter + (uint)lane : 0;
            low[lane] = (uint)number;
            high[lane] = (uint)(number >> 32);
            rows[lane] = input + ((nint)Math.Min(lane, count - 1) * length);
        }
        // A vector across a cache line costs two accesses, and stack memory is only aligned to 16 bytes.
        var unaligned = stackalloc byte[((3 * Words) + 1) * sizeof(TVector)];
        var scratch = (TVector*)(((nint)unaligned + sizeof(TVector) - 1) & -sizeof(TVector));
        var m = scratch + Words;
        var n = m + Words;
        // The rows of the first group's state are a, b, c and d, of the second's e, f, g and h.
        var iv = InitialValue;
        Quad aNext = new(iv),
            bNext = new(iv[4..]),
            eNext = aNext,
            fNext = bNext;
        fixed (byte* schedule = Schedule)
        {
            for (var offset = 0; offset < length; offset += BlockSize)
            {
                Transpose(rows, offset, scratch, m);
                if (twice)
                {
                    Transpose(rows + Lanes, offset, scratch, n);
                }
                if (Sse.IsSupported && length == ChunkSize)
                {
                    // The lanes' places are a KiB apart, which no prefetcher follows: ask for the next group while
                    // this one is computed. Worth a third to a half when the input is not in the cache.
                    for (var line = 0; line < lanes; line++)
                    {
                        Sse.Prefetch1(input + (lanes * (length + offset)) + (line * BlockSize));
                    }
                }
                var flags = NodeFlags(length, offset);
                Quad inRegisters = default;
                // With 16 registers the state leaves none to compute in: this row is the one that is needed least.
                ref var c = ref (TLanes.ManyRegisters ? ref inRegisters : ref *(Quad*)scratch);
                c = new(iv);
                Quad a = aNext,
                    b = bNext,
                    d = new(low, high, flags);
                Quad e = eNext,
                    f = fNext,
                    g = new(iv),
                    h = twice ? new(low + Lanes, high + Lanes, flags) : d;
                for (var s = schedule; s < schedule + (Rounds * Words); s += Words)
                {
                    Columns(ref a, ref b, ref c, ref d, m, s);
                    if (twice)
                    {
                        Columns(ref e, ref f, ref g, ref h, n, s);
                    }
                    Diagonals(ref a, ref b, ref c, ref d, m, s + (Words / 2));
                    if (twice)
                    {
                        Diagonals(ref e, ref f, ref g, ref h, n, s + (Words / 2));
                    }
                }
                aNext = Quad.Xor(a, c);
                bNext = Quad.Xor(b, d);
                if (twice)
                {
                    eNext = Quad.Xor(e, g);
                    fNext = Quad.Xor(f, h);
                }
            }
        }
        Store(aNext, bNext, scratch, Math.Min(count, Lanes), cvs);
        if (twice)
        {
            Store(eNext, fNext, scratch, count - Lanes, cvs + (Lanes * CvWords));
        }
    }

    /// <summary>Writes the chaining value of each lane, eight words in a row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Quad first, Quad second, TVector* scratch, int count, uint* cvs)
    {
        Transpose4(ref first.W0, ref first.W1, ref first.W2, ref first.W3);
        Transpose4(ref second.W0, ref second.W1, ref second.W2, ref second.W3);
        scratch[0] = first.W0;
        scratch[1] = first.W1;
        scratch[2] = first.W2;
        scratch[3] = first.W3;
        scratch[4] = second.W0;
        scratch[5] = second.W1;
        scratch[6] = second.W2;
        scratch[7] = second.W3;
        // Part p of vector k now belongs to lane 4p + k: words 0..3 in the first four vectors, 4..7 in the others.
        for (var lane = 0; lane < count; lane++)
        {
            var from = (byte*)(scratch + (lane & 3)) + ((lane >> 2) * Part);
            var to = (byte*)(cvs + (lane * CvWords));
            Vector128.Store(Vector128.Load(from), to);
            Vector128.Store(Vector128.Load(from + (4 * sizeof(TVector))), to + Part);
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

    /// <summary>Exchanges the words of each 128-bit part with the vectors.</summary>
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

    /// <summary>Four independent mixes, one per column of the state.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Columns(ref Quad a, ref Quad b, ref Quad c, ref Quad d, TVector* m, byte* s)
    {
        Half(ref a.W0, ref b.W0, ref c.W0, ref d.W0, m[s[0]], 16, 12);
        Half(ref a.W1, ref b.W1, ref c.W1, ref d.W1, m[s[2]], 16, 12);
        Half(ref a.W2, ref b.W2, ref c.W2, ref d.W2, m[s[4]], 16, 12);
        Half(ref a.W3, ref b.W3, ref c.W3, ref d.W3, m[s[6]], 16, 12);
        Half(ref a.W0, ref b.W0, ref c.W0, ref d.W0, m[s[1]], 8, 7);
        Half(ref a.W1, ref b.W1, ref c.W1, ref d.W1, m[s[3]], 8, 7);
        Half(ref a.W2, ref b.W2, ref c.W2, ref d.W2, m[s[5]], 8, 7);
        Half(ref a.W3, ref b.W3, ref c.W3, ref d.W3, m[s[7]], 8, 7);
    }

    /// <summary>Four independent mixes, one per diagonal.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Diagonals(ref Quad a, ref Quad b, ref Quad c, ref Quad d, TVector* m, byte* s)
    {
        Half(ref a.W0, ref b.W1, ref c.W2, ref d.W3, m[s[0]], 16, 12);
        Half(ref a.W1, ref b.W2, ref c.W3, ref d.W0, m[s[2]], 16, 12);
        Half(ref a.W2, ref b.W3, ref c.W0, ref d.W1, m[s[4]], 16, 12);
        Half(ref a.W3, ref b.W0, ref c.W1, ref d.W2, m[s[6]], 16, 12);
        Half(ref a.W0, ref b.W1, ref c.W2, ref d.W3, m[s[1]], 8, 7);
        Half(ref a.W1, ref b.W2, ref c.W3, ref d.W0, m[s[3]], 8, 7);
        Half(ref a.W2, ref b.W3, ref c.W0, ref d.W1, m[s[5]], 8, 7);
        Half(ref a.W3, ref b.W0, ref c.W1, ref d.W2, m[s[7]], 8, 7);
    }

    /// <summary>Half of the quarter-round G of the specification: one message word.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Half(
        ref TVector a,
        ref TVector b,
        ref TVector c,
        ref TVector d,
        TVector m,
        [ConstantExpected] byte r1,
        [ConstantExpected] byte r2
    )
    {
        a = TLanes.Add(TLanes.Add(a, m), b);
        d = TLanes.Rotate(TLanes.Xor(d, a), r1);
        var sum = TLanes.Add(c, d);
        c = sum;
        b = TLanes.Rotate(TLanes.Xor(b, sum), r2);
    }

    private readonly struct Once;

    private readonly struct Twice;

    /// <summary>One row of the state: four words of every lane. No more fields, or the compiler keeps it in memory.</summary>
    private struct Quad
    {
        public TVector W0;
        public TVector W1;
        public TVector W2;
        public TVector W3;

        /// <summary>The same words in every lane.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Quad(ReadOnlySpan<uint> words)
        {
            W0 = TLanes.Broadcast(words[0]);
            W1 = TLanes.Broadcast(words[1]);
            W2 = TLanes.Broadcast(words[2]);
            W3 = TLanes.Broadcast(words[3]);
        }

        /// <summary>The last row of a state for a full block.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Quad(uint* low, uint* high, uint flags)
        {
            W0 = *(TVector*)low;
            W1 = *(TVector*)high;
            W2 = TLanes.Broadcast(BlockSize);
            W3 = TLanes.Broadcast(flags);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Quad Xor(Quad a, Quad b)
        {
            a.W0 = TLanes.Xor(a.W0, b.W0);
            a.W1 = TLanes.Xor(a.W1, b.W1);
            a.W2 = TLanes.Xor(a.W2, b.W2);
            a.W3 = TLanes.Xor(a.W3, b.W3);
            return a;
        }
    }
}
