using System.Buffers.Binary;
using System.Numerics;

namespace BackupTools.Formats.Primitives;

/// <summary>CRC-32C (Castagnoli) by the runtime's own instruction; shaped like System.IO.Hashing.Crc32.</summary>
internal sealed class Crc32C
{
    private uint _register = uint.MaxValue;

    public void Append(ReadOnlySpan<byte> source) => _register = Update(_register, source);

    public uint GetCurrentHashAsUInt32() => ~_register;

    public void Reset() => _register = uint.MaxValue;

    public static uint HashToUInt32(ReadOnlySpan<byte> source) => ~Update(uint.MaxValue, source);

    private static uint Update(uint register, ReadOnlySpan<byte> source)
    {
        for (; source.Length >= sizeof(ulong); source = source[sizeof(ulong)..])
        {
            register = BitOperations.Crc32C(register, BinaryPrimitives.ReadUInt64LittleEndian(source));
        }
        foreach (var b in source)
        {
            register = BitOperations.Crc32C(register, b);
        }
        return register;
    }
}
