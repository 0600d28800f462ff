using BackupTools.Errors;
using BackupTools.Files;

namespace BackupTools.Engines.Alopex;

/// <summary>Tells whether an engine has a data directory open: from 0.8.8 on it holds a lock file (Alopex format, §7).</summary>
internal static class AlopexLocks
{
    private const string SidecarSuffix = ".alopex.d";

    /// <summary>Refuses when an engine holds a lock. The file itself stays, and means nothing when nobody holds it.</summary>
    /// <exception cref="BackupException">SourceInUse.</exception>
    public static void RefuseIfHeld(IDisk disk, string dataFolder)
    {
        foreach (var path in Candidates(disk, dataFolder))
        {
            using var free = disk.TryLock(path);
            if (free is null)
            {
                throw new BackupException(
                    ErrorCode.SourceInUse,
                    FileUsers.Name("an engine has the database open", path),
                    path,
                    recommendation: "Stop the server or program that uses the database, then try again."
                );
            }
        }
    }

    private static IEnumerable<string> Candidates(IDisk disk, string dataFolder)
    {
        if (disk.Stat(dataFolder) is { Kind: DiskEntryKind.Directory or DiskEntryKind.Link })
        {
            foreach (var (name, entry) in AlopexFolder.Entries(dataFolder, isRoot: true, disk))
            {
                if (entry.Kind == DiskEntryKind.File && AlopexNames.IsLock(name))
                {
                    yield return entry.Path;
                }
            }
        }
        // The data of X.alopex lies in X.alopex.d, and the lock beside both.
        if (dataFolder.EndsWith(SidecarSuffix, RealPath.Comparison))
        {
            var beside = dataFolder[..^".d".Length] + ".lock";
            if (disk.Stat(beside) is { Kind: DiskEntryKind.File })
            {
                yield return beside;
            }
        }
    }
}
