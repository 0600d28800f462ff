using BackupTools.Files;

namespace BackupTools.Engines.Spg;

/// <summary>The files of one SPG database, by name; none of them need exist. Absolute paths.</summary>
internal sealed record SpgFiles
{
    /// <summary>The database file; written by CHECKPOINT only, so it may not exist yet.</summary>
    public required string Database { get; init; }

    /// <summary>The write-ahead log.</summary>
    public required string Wal { get; init; }

    /// <summary>The segment manifest, <c>&lt;stem&gt;.spg/manifest.v10</c> (SPG format, §6).</summary>
    public string Manifest => Path.Combine(SideFolder, "manifest.v10");

    /// <summary>Where the server keeps cold segments.</summary>
    public string Segments => Path.Combine(SideFolder, "segments");

    /// <summary>Where embedded SPG, which is another format, keeps its log: a folder.</summary>
    public string EmbeddedWal => Database + ".wal";

    private string SideFolder => Path.Combine(Folder, StemOf(Database) + ".spg");

    private string Folder => FolderOf(Database);

    /// <summary>The name without its last extension: what the server derives the side files from.</summary>
    public static string StemOf(string database) => Path.GetFileNameWithoutExtension(database);

    /// <summary>
    /// The files of a source. The server gets the path of its log as an option, so nothing on disk says it: when the
    /// user does not either, it is the database's name with the extension .wal, or with .wal appended if only that
    /// exists.
    /// </summary>
    public static SpgFiles OfSource(string database, string? walPath, IDisk disk)
    {
        var files = OfTarget(database, walPath);
        var appended = database + ".wal";
        return walPath is null && !IsFile(disk, files.Wal) && IsFile(disk, appended)
            ? files with
            {
                Wal = appended,
            }
            : files;
    }

    /// <summary>What belongs to a database of this name, wherever its log may be.</summary>
    public static IReadOnlyList<string> Beside(string database)
    {
        var files = OfTarget(database, null);
        return [files.Wal, files.EmbeddedWal, files.Manifest];
    }

    /// <summary>The files that a restore makes.</summary>
    public static SpgFiles OfTarget(string database, string? walPath)
    {
        var beside = Path.Combine(FolderOf(database), StemOf(database) + ".wal");
        // A database that is itself called x.wal.
        var wal = string.Equals(beside, database, StringComparison.OrdinalIgnoreCase) ? database + ".wal" : beside;
        return new SpgFiles { Database = database, Wal = walPath ?? wal };
    }

    /// <summary>A root has no folder around it, and is no database either.</summary>
    private static string FolderOf(string database) => Path.GetDirectoryName(database) ?? database;

    private static bool IsFile(IDisk disk, string path) =>
        disk.Stat(path) is { Kind: DiskEntryKind.File or DiskEntryKind.Link };
}
