using System.Buffers.Binary;
using System.Runtime.Intrinsics.X86;
using ArmCrc32 = System.Runtime.Intrinsics.Arm.Crc32;

namespace BackupTools.Formats.Primitives;

/// <summary>CRC by the instructions that some processors have: both polynomials on ARM, Castagnoli's alone on x86.</summary>
internal static class CrcInstruction
{
    public static bool IsSupported(bool castagnoli) =>
        ArmCrc32.Arm64.IsSupported || (castagnoli && Sse42.X64.IsSupported);

    /// <summary>Runs the bytes through the register.</summary>
    public static uint Update(bool castagnoli, uint register, ReadOnlySpan<byte> source)
    {
        while (source.Length >= sizeof(ulong))
        {
            var word = BinaryPrimitives.ReadUInt64LittleEndian(source);
            register =
                !castagnoli ? ArmCrc32.Arm64.ComputeCrc32(register, word)
                : Sse42.X64.IsSupported ? (uint)Sse42.X64.Crc32(register, word)
                : ArmCrc32.Arm64.ComputeCrc32C(register, word);
            source = source[sizeof(ulong)..];
        }
        foreach (var b in source)
        {
            register =
                !castagnoli ? ArmCrc32.ComputeCrc32(register, b)
                : Sse42.IsSupported ? Sse42.Crc32(register, b)
                : ArmCrc32.ComputeCrc32C(register, b);
        }
        return register;
    }
}
