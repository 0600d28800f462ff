using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace BackupTools.Formats.Primitives;

/// <summary>The compression function of BLAKE3 (specification, section 2.2), one block at a time.</summary>
internal static class Blake3Compress
{
    public const int BlockSize = 64;
    public const int ChunkSize = 1024;

    /// <summary>Words of a chaining value.</summary>
    public const int CvWords = 8;

    public const int Rounds = 7;

    // Domain flags, specification table 3.
    public const uint ChunkStart = 1;
    public const uint ChunkEnd = 2;
    public const uint Parent = 4;
    public const uint Root = 8;

    /// <summary>The initial chaining value of the unkeyed mode.</summary>
    public static ReadOnlySpan<uint> InitialValue =>
        [0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19];

    /// <summary>Replaces the chaining value by the first half of the output for this block.</summary>
    public static void InPlace(Span<uint> cv, ReadOnlySpan<byte> block, uint length, ulong counter, uint flags)
    {
        Span<uint> m = stackalloc uint[16];
        for (var i = 0; i < m.Length; i++)
        {
            m[i] = BinaryPrimitives.ReadUInt32LittleEndian(block[(i * sizeof(uint))..]);
        }
        var iv = InitialValue;
        uint v0 = cv[0],
            v1 = cv[1],
            v2 = cv[2],
            v3 = cv[3],
            v4 = cv[4],
            v5 = cv[5],
            v6 = cv[6],
            v7 = cv[7];
        uint v8 = iv[0],
            v9 = iv[1],
            v10 = iv[2],
            v11 = iv[3],
            v12 = (uint)counter,
            v13 = (uint)(counter >> 32),
            v14 = length,
            v15 = flags;
        var schedule = Schedule;
        for (var round = 0; round < Rounds; round++)
        {
            var s = schedule.Slice(round * 16, 16);
            Mix(ref v0, ref v4, ref v8, ref v12, m[s[0]], m[s[1]]);
            Mix(ref v1, ref v5, ref v9, ref v13, m[s[2]], m[s[3]]);
            Mix(ref v2, ref v6, ref v10, ref v14, m[s[4]], m[s[5]]);
            Mix(ref v3, ref v7, ref v11, ref v15, m[s[6]], m[s[7]]);
            Mix(ref v0, ref v5, ref v10, ref v15, m[s[8]], m[s[9]]);
            Mix(ref v1, ref v6, ref v11, ref v12, m[s[10]], m[s[11]]);
            Mix(ref v2, ref v7, ref v8, ref v13, m[s[12]], m[s[13]]);
            Mix(ref v3, ref v4, ref v9, ref v14, m[s[14]], m[s[15]]);
        }
        cv[0] = v0 ^ v8;
        cv[1] = v1 ^ v9;
        cv[2] = v2 ^ v10;
        cv[3] = v3 ^ v11;
        cv[4] = v4 ^ v12;
        cv[5] = v5 ^ v13;
        cv[6] = v6 ^ v14;
        cv[7] = v7 ^ v15;
    }

    /// <summary>The chaining value of the node above two children; the output may be one of them.</summary>
    public static void ParentOf(ReadOnlySpan<uint> left, ReadOnlySpan<uint> right, Span<uint> output, uint flags)
    {
        Span<byte> block = stackalloc byte[BlockSize];
        for (var i = 0; i < CvWords; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(block[(i * sizeof(uint))..], left[i]);
            BinaryPrimitives.WriteUInt32LittleEndian(block[((CvWords + i) * sizeof(uint))..], right[i]);
        }
        InitialValue.CopyTo(output);
        InPlace(output, block, BlockSize, 0, Parent | flags);
    }

    /// <summary>The flags of a full block of a chunk or, if the length is a block's, of a parent; never of the root.</summary>
    public static uint NodeFlags(int length, int offset) =>
        length == BlockSize ? Parent
        : offset == 0 ? ChunkStart
        : offset == ChunkSize - BlockSize ? ChunkEnd
        : 0;

    /// <summary>Row r: which message word each place takes in round r. Table 2 of the specification, applied r times.</summary>
    // csharpier-ignore
    public static ReadOnlySpan<byte> Schedule =>
        [
            0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
            2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8,
            3, 4, 10, 12, 13, 2, 7, 14, 6, 5, 9, 0, 11, 15, 8, 1,
            10, 7, 12, 9, 14, 3, 13, 15, 4, 0, 11, 2, 5, 8, 1, 6,
            12, 13, 9, 11, 15, 10, 14, 8, 7, 2, 5, 3, 0, 1, 6, 4,
            9, 14, 11, 5, 8, 12, 15, 1, 13, 3, 0, 10, 2, 6, 4, 7,
            11, 15, 5, 0, 1, 9, 8, 6, 14, 10, 2, 12, 3, 4, 7, 13,
        ];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Mix(ref uint a, ref uint b, ref uint c, ref uint d, uint x, uint y)
    {
        a += b + x;
        d = BitOperations.RotateRight(d ^ a, 16);
        c += d;
        b = BitOperations.RotateRight(b ^ c, 12);
        a += b + y;
        d = BitOperations.RotateRight(d ^ a, 8);
        c += d;
        b = BitOperations.RotateRight(b ^ c, 7);
    }
}
