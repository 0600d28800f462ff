using BackupTools.Errors;
using BackupTools.Files;

namespace BackupTools.Operations;

/// <summary>Refuses a source and a destination of which one lies in the other, whatever links lead there.</summary>
internal static class PathOverlap
{
    /// <summary>
    /// Refuses overlap. <paramref name="except"/>: a folder of the destination in which the source may lie, because the
    /// engine keeps its bundles there and a restore leaves it alone.
    /// </summary>
    public static void Refuse(string source, string destination, IDisk disk, string? except = null)
    {
        var from = RealPath.Of(source, disk);
        var to = RealPath.Of(destination, disk);
        if (except is not null && Contains(Path.Combine(to, except), from))
        {
            return;
        }
        if (Contains(from, to) || Contains(to, from))
        {
            throw new BackupException(
                ErrorCode.DestinationOverlapsSource,
                string.Equals(from, to, Comparison)
                    ? "source and destination are the same"
                    : $"source '{source}' and destination lie inside each other",
                destination
            );
        }
    }

    private static StringComparison Comparison =>
        OperatingSystem.IsWindows() || OperatingSystem.IsMacOS()
            ? StringComparison.OrdinalIgnoreCase
            : StringComparison.Ordinal;

    private static bool Contains(string folder, string path) =>
        string.Equals(folder, path, Comparison)
        || path.StartsWith(Path.TrimEndingDirectorySeparator(folder) + Path.DirectorySeparatorChar, Comparison);
}
