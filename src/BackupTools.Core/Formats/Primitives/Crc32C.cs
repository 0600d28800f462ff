namespace BackupTools.Formats.Primitives;

/// <summary>CRC-32C (Castagnoli); shaped like System.IO.Hashing.Crc32.</summary>
internal sealed class Crc32C
{
    internal static readonly ReflectedCrc Algebra = new(ReflectedCrc.Castagnoli);
    private uint _register = uint.MaxValue;

    public void Append(ReadOnlySpan<byte> source) => _register = Algebra.Update(_register, source);

    public uint GetCurrentHashAsUInt32() => ~_register;

    public void Reset() => _register = uint.MaxValue;

    public static uint HashToUInt32(ReadOnlySpan<byte> source) => ~Algebra.Update(uint.MaxValue, source);

    /// <summary>The CRC of A followed by B, from the two CRCs and B's length.</summary>
    public static uint Combine(uint first, uint second, long secondLength) =>
        Algebra.Combine(first, second, secondLength);
}
