namespace BackupTools.Formats.Primitives;

/// <summary>The ways to compute a CRC, each faster than the one before. All give the same result.</summary>
internal enum CrcPath
{
    /// <summary>Tables, on any machine.</summary>
    Table,

    /// <summary>The processor's own CRC instruction, 8 bytes at a time; x86 has one for CRC-32C only.</summary>
    Instruction,

    /// <summary>Carry-less multiplication in 128-bit vectors.</summary>
    Fold128,

    /// <summary>Carry-less multiplication in 256-bit vectors.</summary>
    Fold256,

    /// <summary>Carry-less multiplication in 512-bit vectors.</summary>
    Fold512,
}
