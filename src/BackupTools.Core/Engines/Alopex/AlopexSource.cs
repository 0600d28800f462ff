using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Alopex;

namespace BackupTools.Engines.Alopex;

/// <summary>Recognises data directories and refuses early what no good snapshot can be taken of.</summary>
internal static class AlopexSource
{
    /// <summary>
    /// True for a data directory, sound or not: a log with the engine's magic, or tables with one of the files that
    /// only this engine writes beside them. Snapshots look the same and are told apart by name and manifest.
    /// </summary>
    public static bool IsDataFolder(string path, EngineContext context)
    {
        var disk = context.Disk;
        try
        {
            return disk.Stat(path) is { Kind: DiskEntryKind.Directory or DiskEntryKind.Link }
                && (HasWal(disk, path) || HasTables(disk, path))
                && !AlopexSnapshot.IsOne(path, context);
        }
        catch (BackupException)
        {
            return false;
        }
    }

    /// <summary>A file that the engine itself reads when it opens the directory.</summary>
    public static bool IsOfTheEngine(string name) =>
        name is AlopexNames.Wal or AlopexNames.Meta || AlopexNames.TableId(name) is not null;

    /// <summary>
    /// Links are not followed: what they lead to need not be the database's, nor be there at a restore. Where the engine
    /// has its own files, nothing else may be left out either.
    /// </summary>
    /// <exception cref="BackupException">UnsupportedFormat: a link, or a device or pipe instead of a file.</exception>
    public static void RefuseSpecials(AlopexFolder folder)
    {
        if (folder.Others.FirstOrDefault(o => o.Entry.Kind == DiskEntryKind.Link) is { } link)
        {
            throw new BackupException(
                ErrorCode.UnsupportedFormat,
                $"{link.Name} is a symbolic link, and links are not followed",
                link.FullName,
                recommendation: "Move the link's target into the data directory, or the whole directory to the target."
            );
        }
        if (folder.Others.FirstOrDefault(o => IsOfTheEngine(o.Name)) is { } special)
        {
            throw new BackupException(
                ErrorCode.UnsupportedFormat,
                $"{special.Name} is not a regular file",
                special.FullName,
                recommendation: "The engine could not open the directory either: find out what happened to the file."
            );
        }
    }

    /// <summary>Refuses names that the engine's manifest would change (§6.3).</summary>
    /// <exception cref="BackupException">UnsafeName: the manifest cannot hold the name.</exception>
    public static void RefuseUnsafe(AlopexFile file)
    {
        if (!new AlopexManifestEntry(file.Name, 0, 0).IsSafe || file.Name.Contains('\uFFFD', StringComparison.Ordinal))
        {
            throw new BackupException(
                ErrorCode.UnsafeName,
                "snapshot.manifest cannot hold this name (a backslash, or invalid UTF-8)",
                file.FullName,
                recommendation: "Rename the file; it is not one of the engine's."
            );
        }
    }

    private static bool HasWal(IDisk disk, string path)
    {
        var wal = Path.Combine(path, AlopexNames.Wal);
        if (disk.Stat(wal) is not { Kind: DiskEntryKind.File })
        {
            return false;
        }
        using var file = disk.OpenRead(wal);
        var probe = new byte[AlopexWalHeader.ProbeSize];
        return file.Read(probe, 0) == probe.Length
            && (AlopexWalSegmentHeader.HasMagic(probe.AsSpan(16)) || AlopexWalSegmentHeader.HasMagic(probe.AsSpan(20)));
    }

    private static bool HasTables(IDisk disk, string path) =>
        disk.Stat(Path.Combine(path, AlopexNames.Tables)) is { Kind: DiskEntryKind.Directory }
        && new[] { AlopexNames.Wal, AlopexNames.Meta, AlopexNames.Lifecycle }.Any(n =>
            disk.Stat(Path.Combine(path, n)) is not null
        );
}
