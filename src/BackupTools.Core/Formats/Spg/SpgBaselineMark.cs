using System.IO.Hashing;

namespace BackupTools.Formats.Spg;

/// <summary>
/// What distinguishes a full with a WAL slice of ours from every other: its slice begins with this frame. The engine
/// never writes a full with a slice (SPG format, §1.1), and where the slice came from nothing would say.
/// </summary>
/// <remarks>
/// The mark is a durability marker (frame type 0x02) that names offset 0: valid at the start of a WAL, where a
/// restored slice lies, and ignored by every replay (§4.3), so that a tool that writes the slice to a log as it is does
/// no harm. Behind it follows WAL[baseline..wal_pos], so wal_len = 17 + wal_pos − baseline, which gives the baseline
/// without another field. A restore takes the mark off.
/// </remarks>
internal static class SpgBaselineMark
{
    /// <summary>The mark: 4 length, 4 CRC, 1 type, 8 payload.</summary>
    public const int Length = 17;

    private static readonly byte[] Mark = Build();

    /// <summary>The bytes of the mark.</summary>
    public static ReadOnlySpan<byte> Bytes => Mark;

    /// <summary>
    /// The position in the primary's WAL at which the slice after the mark begins; null when the bundle is not such a
    /// full. <paramref name="sliceStart"/> holds the first 17 bytes of the slice, or all there are.
    /// </summary>
    /// <remarks>
    /// A baseline of 17 is not accepted: a slice WAL[0..wal_pos] of a log that itself begins with a marker would look
    /// the same, and it must never be applied (§6.3).
    /// </remarks>
    public static ulong? BaselineOf(in SpgBundleHeader header, ReadOnlySpan<byte> sliceStart)
    {
        if (
            header.Version != 2
            || header.Kind != SpgBundleHeader.Full
            || header.WalLen <= Length
            || !sliceStart.StartsWith(Bytes)
            || header.WalLen - Length > header.WalPos
        )
        {
            return null;
        }
        var baseline = header.WalPos - (header.WalLen - Length);
        return CanMark(baseline) ? baseline : null;
    }

    /// <summary>False for the one baseline that the mark cannot express; CHECKPOINT writes 0 (§4.6).</summary>
    public static bool CanMark(ulong baseline) => baseline != Length;

    private static byte[] Build()
    {
        var mark = new byte[Length];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32LittleEndian(mark, 8 | 0xC0000000);
        mark[8] = 0x02;
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32LittleEndian(
            mark.AsSpan(4),
            Crc32.HashToUInt32(mark.AsSpan(8))
        );
        return mark;
    }
}
