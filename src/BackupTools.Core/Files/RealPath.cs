using BackupTools.Errors;

namespace BackupTools.Files;

/// <summary>Where links lead.</summary>
internal static class RealPath
{
    /// <summary>More links than this on one way lead round in a circle, as Linux has it.</summary>
    private const int MostLinks = 40;

    /// <summary>Whether names that differ in case only are one, as they are by default on Windows and macOS.</summary>
    public static StringComparison Comparison =>
        OperatingSystem.IsWindows() || OperatingSystem.IsMacOS()
            ? StringComparison.OrdinalIgnoreCase
            : StringComparison.Ordinal;

    /// <summary>The same for sets and groups of paths.</summary>
    public static StringComparer Comparer => StringComparer.FromComparison(Comparison);

    /// <summary>
    /// Whether two absolute paths are one, or lead to one file or folder: on Windows a share has another path than the folder
    /// that it shows.
    /// </summary>
    public static bool AreOne(string path, string other, IDisk disk) =>
        string.Equals(path, other, Comparison)
        || OperatingSystem.IsWindows()
            && !StoreAddress.Is(path)
            && !StoreAddress.Is(other)
            && disk.Stat(path) is { } one
            && disk.Stat(other) is { } two
            && one.IsSameFileAs(two);

    /// <summary>
    /// The target of a link; any other path unchanged. The links may be several, one leading to the next.
    /// </summary>
    /// <exception cref="BackupException">PathNotFound: the link leads to nothing, or round in a circle.</exception>
    public static string Follow(string path, IDisk disk)
    {
        path = Path.TrimEndingDirectorySeparator(path);
        if (disk.Stat(path) is not { Kind: DiskEntryKind.Link })
            return path;
        var real = Of(path, disk);
        return disk.Stat(real) is not null
            ? real
            : throw new BackupException(
                ErrorCode.PathNotFound,
                $"this is a link to '{real}', which does not exist",
                path,
                recommendation: "Name the database itself, or make the link point to it."
            );
    }

    /// <summary>The path with every link on the way followed; parts that do not exist stay as they are.</summary>
    /// <exception cref="BackupException">PathNotFound: the links lead round in a circle.</exception>
    public static string Of(string path, IDisk disk)
    {
        if (StoreAddress.Is(path))
            return StoreAddress.Of(path);
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        var at = Path.GetPathRoot(full)!;
        var links = 0;
        var parts = new Stack<string>();
        Push(full[at.Length..]);
        while (parts.TryPop(out var part))
        {
            if (part is "." or "..")
            {
                // What is behind us is real already, so the parent is the parent.
                at = part is "." ? at : Path.GetDirectoryName(at) ?? at;
                continue;
            }
            var next = Path.Combine(at, part);
            if (disk.Stat(next) is not { Kind: DiskEntryKind.Link } || disk.LinkTarget(next) is not { } target)
            {
                at = next;
                continue;
            }
            if (++links > MostLinks)
            {
                throw new BackupException(
                    ErrorCode.PathNotFound,
                    "the links on the path to this form a loop",
                    path,
                    recommendation: "Name the database itself, or make the link point to it."
                );
            }

            var root = Path.GetPathRoot(target) ?? "";
            at = root.Length == 0 ? at : Path.GetPathRoot(Path.GetFullPath(root, at))!;
            Push(target[root.Length..]);
        }
        return at;

        void Push(string names)
        {
            var all = names.Split(
                [Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar],
                StringSplitOptions.RemoveEmptyEntries
            );
            for (var i = all.Length - 1; i >= 0; i--)
                parts.Push(all[i]);
        }
    }
}
