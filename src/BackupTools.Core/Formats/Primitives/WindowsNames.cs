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

    /// <summary>
    /// Why a path that a user wrote leads elsewhere; null when it does not. What begins with \\?\ or \\.\ is taken as it
    /// is: such paths name snapshots of a volume, too.
    /// </summary>
    public static string? WhyNotPath(string path)
    {
        if (path.StartsWith(@"\\?\", StringComparison.Ordinal) || path.StartsWith(@"\\.\", StringComparison.Ordinal))
            return null;
        var parts = (path is [_, ':', ..] ? path[2..] : path).Split('\\', '/');
        return parts.Where(p => p is not ("" or "." or "..")).Select(WhyNot).FirstOrDefault(why => why is not null);
    }
}
