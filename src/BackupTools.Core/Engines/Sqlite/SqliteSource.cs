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
            using var file = disk.OpenRead(path);
            return SqliteHeader.ClaimsToBeDatabase(SqliteFile.Start(file, SqliteHeader.Length));
        }
        catch (BackupException)
        {
            return false;
        }
    }
}
