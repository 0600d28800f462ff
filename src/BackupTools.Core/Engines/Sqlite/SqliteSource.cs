using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Sqlite;

namespace BackupTools.Engines.Sqlite;

/// <summary>A database file as it lies on the disk.</summary>
internal static class SqliteSource
{
    /// <summary>True when the file begins like a database. Never throws for what it finds.</summary>
    public static bool IsDatabase(string path, IDisk disk)
    {
        if (disk.Stat(path) is not { Kind: DiskEntryKind.File or DiskEntryKind.Link })
        {
            return false;
        }
        try
        {
            var start = SqliteHandle.Start(path, SqliteHeader.Length, disk, out _);
            return SqliteHeader.ClaimsToBeDatabase(start) || SqliteHeader.ClaimsToBeEncrypted(start);
        }
        catch (BackupException)
        {
            return false;
        }
    }

    /// <summary>What SQLite keeps beside a database.</summary>
    private static readonly string[] Beside = ["-journal", "-wal", "-shm"];

    /// <summary>
    /// Refuses what is not a file where SQLite would open one: it would wait for a pipe for ever.
    /// </summary>
    /// <param name="path">The file itself, not a link to it.</param>
    /// <param name="disk">The disk.</param>
    /// <exception cref="BackupException">SourceNotRecognised.</exception>
    public static void RequireFilesBeside(string path, IDisk disk)
    {
        foreach (var beside in Beside.Select(b => path + b))
        {
            if (disk.Stat(beside) is not (null or { Kind: DiskEntryKind.File }))
            {
                throw new BackupException(
                    ErrorCode.SourceNotRecognised,
                    "SQLite keeps a file here, but this is not a file",
                    beside,
                    recommendation: "Find out what it is, and move it away."
                );
            }
        }
    }

    /// <summary>The file itself, as SQLite finds it too: every link on the way is followed.</summary>
    /// <exception cref="BackupException">PathNotFound: a link leads to nothing.</exception>
    public static string FileOf(string path, IDisk disk) => RealPath.Of(RealPath.Follow(path, disk), disk);

    /// <summary>
    /// Refuses a file that has other names (hard links), unless no log can be beside them: SQLite finds log and journal by
    /// the name that a database is opened by, and what they hold would be missing.
    /// </summary>
    /// <param name="path">The file itself.</param>
    /// <param name="disk">The disk.</param>
    /// <exception cref="BackupException">PathIsAmbiguous.</exception>
    public static void RequireOnlyLog(string path, IDisk disk)
    {
        if (disk.Stat(path) is not { Kind: DiskEntryKind.File, LinkCount: > 1 } file)
        {
            return;
        }
        var others = disk.List(Path.GetDirectoryName(path)!)
            .Where(e => e.Kind == DiskEntryKind.File && e.Path != path && e.LinkCount > 1 && e.IsSameFileAs(file))
            .Select(e => e.Path)
            .ToList();
        var used = others.FirstOrDefault(o => Beside.Any(b => disk.Stat(o + b) is not null));
        var isUsedHere = disk.Stat(path + "-wal") is { Length: > 0 };
        if (used is not null || (others.Count + 1 < file.LinkCount && !isUsedHere))
        {
            throw new BackupException(
                ErrorCode.PathIsAmbiguous,
                used is not null
                    ? $"this file is also called {Path.GetFileName(used)}, and SQLite has a log or journal beside that name"
                    : $"this file has {file.LinkCount} names (hard links), and SQLite may have a log or journal beside one of the others",
                path,
                recommendation: used is not null
                    ? $"Name the database as its program does: {used}."
                    : "Name the database as its program does, while the program has it open in WAL mode; or give the file one name: copy it "
                        + "while it is not in use, and move the copy over it. find -samefile shows the names."
            );
        }
    }

    /// <summary>The header of a database that can be captured; null for an empty file, a database of no page.</summary>
    /// <exception cref="BackupException">SourceInUse: by this process. What the header says cannot be captured.</exception>
    public static SqliteHeader? RequireDatabase(string path, IDisk disk)
    {
        var start = SqliteHandle.Start(path, SqliteHeader.Length, disk, out var isOpenHere);
        if (isOpenHere)
        {
            throw SqliteHandle.InUseHere(path);
        }
        return BackupException.Naming(path, () => start.Length == 0 ? null : SqliteHeader.Parse(start));
    }
}
