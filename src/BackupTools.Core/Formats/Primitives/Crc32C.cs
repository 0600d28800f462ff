namespace BackupTools.Formats.Primitives;

/// <summary>CRC-32C (Castagnoli); shaped like System.IO.Hashing.Crc32.</summary>
internal sealed class Crc32C
{
    public void Append(ReadOnlySpan<byte> source) => throw new NotSupportedException();

    public uint GetCurrentHashAsUInt32() => throw new NotSupportedException();

    public void Reset() => throw new NotSupportedException();

    public static uint HashToUInt32(ReadOnlySpan<byte> source) => throw new NotSupportedException();

    /// <summary>The CRC of A followed by B, from the two CRCs and B's length.</summary>
    public static uint Combine(uint first, uint second, long secondLength) => throw new NotSupportedException();
}
