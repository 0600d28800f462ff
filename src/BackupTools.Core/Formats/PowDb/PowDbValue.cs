namespace BackupTools.Formats.PowDb;

/// <summary>The values in index keys and column defaults: a type byte and a payload (PowDB format, §4).</summary>
internal static class PowDbValue
{
    /// <summary>The payload is a u32 length and that many bytes.</summary>
    public const int Counted = -1;

    /// <summary>The payload's length, <see cref="Counted"/>, or null for an unknown type.</summary>
    public static int? FixedLength(byte type) =>
        type switch
        {
            0 => 0,
            1 or 2 or 5 => 8,
            3 => 1,
            6 => 16,
            4 or 7 or 8 => Counted,
            _ => null,
        };
}
