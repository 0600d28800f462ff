using BackupTools.Errors;

namespace BackupTools.Formats.Primitives;

/// <summary>The errors of those who see only bytes: what is wrong, and at which byte.</summary>
internal static class Fault
{
    public static BackupException Malformed(string message, long? offset = null) =>
        new(ErrorCode.Malformed, message, offset: offset);

    public static BackupException Truncated(string message, long? offset = null) =>
        new(ErrorCode.Truncated, message, offset: offset);

    public static BackupException BadMagic(string message, long offset = 0) =>
        new(ErrorCode.BadMagic, message, offset: offset);

    public static BackupException UnsupportedVersion(string message, long? offset = null) =>
        new(ErrorCode.UnsupportedVersion, message, offset: offset);

    /// <summary>A stored CRC-32 is not that of the bytes.</summary>
    /// <param name="message">What it is of.</param>
    /// <param name="stored">As the bytes say.</param>
    /// <param name="computed">As they are.</param>
    /// <param name="offset">Where it is stored.</param>
    /// <param name="prefix">What the engine writes before such numbers.</param>
    public static BackupException Mismatch(
        string message,
        uint stored,
        uint computed,
        long? offset = null,
        string prefix = ""
    ) =>
        new(
            ErrorCode.ChecksumMismatch,
            message,
            offset: offset,
            expected: $"{prefix}{stored:x8}",
            actual: $"{prefix}{computed:x8}"
        );
}
