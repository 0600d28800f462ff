using System.Buffers.Binary;

namespace BackupTools.Benchmarks.Data;

/// <summary>
/// Deterministic letters a to p: four random bits per byte, so that tools that compress or deduplicate find neither
/// noise nor repetition. Fills several gigabytes a second.
/// </summary>
internal sealed class TextSource(long seed)
{
    private const ulong LowNibbles = 0x0F0F_0F0F_0F0F_0F0F;
    private const ulong LetterA = 0x6161_6161_6161_6161;
    private ulong _state = unchecked(((ulong)seed * 0x9E37_79B9_7F4A_7C15) + 0x2545_F491_4F6C_DD1D);

    public ulong Next()
    {
        // SplitMix64: every seed gives a full-period sequence of its own.
        var z = unchecked(_state += 0x9E37_79B9_7F4A_7C15);
        z = unchecked((z ^ (z >> 30)) * 0xBF58_476D_1CE4_E5B9);
        z = unchecked((z ^ (z >> 27)) * 0x94D0_49BB_1331_11EB);
        return z ^ (z >> 31);
    }

    /// <summary>A number from 0 to <paramref name="limit"/> − 1.</summary>
    public long Below(long limit) => (long)(Next() % (ulong)limit);

    public void Fill(Span<byte> target)
    {
        while (target.Length >= 16)
        {
            var bits = Next();
            BinaryPrimitives.WriteUInt64LittleEndian(target, (bits & LowNibbles) + LetterA);
            BinaryPrimitives.WriteUInt64LittleEndian(target[8..], ((bits >> 4) & LowNibbles) + LetterA);
            target = target[16..];
        }
        foreach (ref var letter in target)
        {
            letter = (byte)('a' + (Next() & 15));
        }
    }
}
