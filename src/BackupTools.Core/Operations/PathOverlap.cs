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
        var from = Resolve(source, disk);
        var to = Resolve(destination, disk);
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

    /// <summary>The path with every link on the way followed; parts that do not exist stay as they are.</summary>
    private static string Resolve(string path, IDisk disk)
    {
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        var resolved = Path.GetPathRoot(full)!;
        var linksLeft = 40;
        var parts = new Stack<string>(Parts(full[resolved.Length..]).AsEnumerable().Reverse());
        while (parts.TryPop(out var part))
        {
            var next = Path.Combine(resolved, part);
            if (
                disk.Stat(next) is { Kind: DiskEntryKind.Link }
                && linksLeft-- > 0
                && new FileInfo(next).LinkTarget is { } target
            )
            {
                var absolute = Path.GetFullPath(target, resolved);
                resolved = Path.GetPathRoot(absolute)!;
                foreach (var inner in Parts(absolute[resolved.Length..]).AsEnumerable().Reverse())
                {
                    parts.Push(inner);
                }
                continue;
            }
            resolved = next;
        }
        return resolved;
    }

    private static string[] Parts(string path) =>
        path.Split(
            [Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar],
            StringSplitOptions.RemoveEmptyEntries
        );
}
