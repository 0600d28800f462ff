using BackupTools.Formats.Primitives;

namespace BackupTools.Engines;

/// <summary>Paths of databases and of backups, as Windows reads them.</summary>
internal static class WindowsPath
{
    /// <summary>
    /// Why a path that a user wrote leads elsewhere; null when it does not. What begins with \\?\ or \\.\ is taken as it
    /// is: such paths name snapshots of a volume, too.
    /// </summary>
    public static string? WhyNot(string path)
    {
        if (path.StartsWith(@"\\?\", StringComparison.Ordinal) || path.StartsWith(@"\\.\", StringComparison.Ordinal))
            return null;
        if (
            path is ['\\' or '/', '\\' or '/', ..]
            && path.Split('\\', '/', StringSplitOptions.RemoveEmptyEntries) is [var server]
        )
        {
            return $"'{server}' is a server, and no share of it is named";
        }

        var parts = (path is [_, ':', ..] ? path[2..] : path).Split('\\', '/');
        return parts
            .Where(p => p is not ("" or "." or ".."))
            .Select(WindowsNames.WhyNot)
            .FirstOrDefault(why => why is not null);
    }
}
