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
    /// Refuses what is no file where SQLite would open one: it would wait for a pipe for ever.
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
                    "SQLite keeps a file here, and this is none",
                    beside,
                    recommendation: "Find out what it is, and move it away."
                );
            }
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
        try
        {
            return start.Length == 0 ? null : SqliteHeader.Parse(start);
        }
        catch (BackupException e)
        {
            throw e.At(path);
        }
    }
}
