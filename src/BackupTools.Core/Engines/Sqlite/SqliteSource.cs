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
