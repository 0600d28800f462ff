using BackupTools.Engines;
using BackupTools.Errors;
using BackupTools.Files;

namespace BackupTools.Operations;

/// <summary>
/// Refuses a source and a destination of which one lies in the other, whatever links lead there and however they are
/// written: folders are compared by what the file system tells them apart by, too. The same folder may be \\?\C:\data,
/// a drive of subst, a short name (DATA~1) or a share on Windows, and mounted in two places elsewhere.
/// </summary>
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
        if (except is not null && Contains(Path.Combine(to, except), from, disk))
        {
            return;
        }
        if (Contains(from, to, disk) || Contains(to, from, disk))
        {
            throw new BackupException(
                ErrorCode.DestinationOverlapsSource,
                string.Equals(from, to, RealPath.Comparison) || IsSameFolder(disk.Stat(from), disk.Stat(to))
                    ? "source and destination are the same"
                    : $"source '{source}' and destination overlap: one is inside the other",
                destination
            );
        }
    }

    /// <summary>
    /// Refuses the same for what lies beside a database and belongs to it: a log may be a folder, which goes with a restore.
    /// </summary>
    public static void RefuseBeside(string database, IBackupEngine engine, string bundles, IDisk disk)
    {
        foreach (var part in engine.Capabilities.Beside(database))
        {
            Refuse(part, bundles, disk);
        }
    }

    /// <summary>Refuses a folder for what is in clear below the destination of what is encrypted.</summary>
    /// <param name="folder">The folder; need not exist.</param>
    /// <param name="destination">The destination.</param>
    /// <param name="option">What names the folder.</param>
    /// <param name="disk">The disk.</param>
    /// <exception cref="BackupException">InvalidOption.</exception>
    public static void RefuseInside(string folder, string destination, string option, IDisk disk)
    {
        if (Contains(RealPath.Of(destination, disk), RealPath.Of(folder, disk), disk))
        {
            throw new BackupException(
                ErrorCode.InvalidOption,
                "what lies in clear on this machine must not lie where encrypted bundles go",
                folder,
                recommendation: $"Name a folder outside the destination with {option}."
            );
        }
    }

    private static bool Contains(string folder, string path, IDisk disk)
    {
        if (StoreAddress.Is(folder) || StoreAddress.Is(path))
        {
            // An address has one spelling, and no folder of a disk lies in a store.
            return string.Equals(folder, path, StringComparison.Ordinal)
                || path.StartsWith(folder + "/", StringComparison.Ordinal);
        }
        if (
            string.Equals(folder, path, RealPath.Comparison)
            || path.StartsWith(
                Path.TrimEndingDirectorySeparator(folder) + Path.DirectorySeparatorChar,
                RealPath.Comparison
            )
        )
        {
            return true;
        }

        var itself = disk.Stat(folder);
        for (var above = path; itself is not null && above is not null; above = Path.GetDirectoryName(above))
        {
            if (IsSameFolder(itself, disk.Stat(above)))
                return true;
        }
        return false;
    }

    /// <summary>File systems without such numbers say 0.</summary>
    private static bool IsSameFolder(DiskEntry? one, DiskEntry? other) =>
        one is { Kind: DiskEntryKind.Directory, Inode: not 0 }
        && other is { Kind: DiskEntryKind.Directory }
        && one.IsSameFileAs(other);
}
