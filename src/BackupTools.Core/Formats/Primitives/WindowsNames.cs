namespace BackupTools.Formats.Primitives;

/// <summary>Names that mean something else on Windows than what is written.</summary>
internal static class WindowsNames
{
    /// <summary>Why one part of a path does not name a file of its own there; null when it does.</summary>
    public static string? WhyNot(string part) =>
        part.Contains(':', StringComparison.Ordinal) ? $"'{part}' names a stream inside a file or a drive"
        : part[^1] is '.' or ' ' ? $"Windows drops the dot or blank at the end of '{part}'"
        : DeviceNames.Contains(part) ? $"'{part}' is the name of a device"
        : null;
}
