using System.Globalization;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Grafeo;

namespace BackupTools.Engines.Grafeo;

/// <summary>A file of a database's log.</summary>
/// <param name="Path">Absolute.</param>
/// <param name="Number">The number in its name: a sequence in 0.5.x, the position of the first frame in 0.6.0.</param>
/// <param name="Length">Its length when it was listed; the last one may grow.</param>
internal readonly record struct GrafeoLogFile(string Path, ulong Number, long Length);

/// <summary>The files of a database: which there are and what they are called (Grafeo format, §4, §5.1 and §7.2).</summary>
/// <param name="path">The database file; or the folder that a directory database is.</param>
/// <param name="isDirectory">
/// A directory database, as 0.5.x makes one for its native backups: no image, and all of its log in <c>wal</c> inside.
/// </param>
internal sealed class GrafeoSource(string path, bool isDirectory = false)
{
    private const int SequenceDigits = 8;
    private const string LogPrefix = "wal_";
    private const string LogSuffix = ".log";
    private const int PagedDigits = 20;

    /// <summary>The database at a path as it is there.</summary>
    public static GrafeoSource At(string path, IDisk disk) =>
        new(path, disk.Stat(path)?.Kind == DiskEntryKind.Directory);

    /// <summary>Whether a folder is a directory database: it has a log of 0.5.x where these have theirs.</summary>
    public static bool IsDirectoryDatabase(string path, IDisk disk)
    {
        var source = new GrafeoSource(path, isDirectory: true);
        return disk.Stat(path)?.Kind == DiskEntryKind.Directory
            && disk.Stat(source.LogFolder)?.Kind == DiskEntryKind.Directory
            && disk.List(source.LogFolder)
                .Any(e =>
                    e.Name.EndsWith(LogSuffix, StringComparison.Ordinal)
                    && NumberOf(e.Name, out var digits) is var _
                    && digits == SequenceDigits
                );
    }

    /// <summary>The database file; or the folder.</summary>
    public string Path => path;

    /// <summary>A directory database.</summary>
    public bool IsDirectory => isDirectory;

    /// <summary>The folder of its log; absent after a clean close.</summary>
    public string LogFolder => isDirectory ? System.IO.Path.Combine(path, "wal") : path + ".wal";

    /// <summary>0.5.44: a complete newer image that only waits to be renamed over the database.</summary>
    public string PendingImage => path + ".checkpoint";

    /// <summary>0.5.x: what recovery may skip.</summary>
    public string CheckpointMeta => System.IO.Path.Combine(LogFolder, "checkpoint.meta");

    /// <summary>The engine's backup cursor.</summary>
    public string Cursor => System.IO.Path.Combine(LogFolder, "backup_cursor.meta");

    /// <summary>Our record of every destination's position, of which the cursor is the oldest.</summary>
    public string Positions => System.IO.Path.Combine(LogFolder, "backup_cursor.backuptools.json");

    /// <summary>True for a database of either version; what cannot be read is not recognised.</summary>
    public static bool Recognises(string path, EngineContext context)
    {
        try
        {
            return context.Disk.Stat(path)?.Kind is DiskEntryKind.File or DiskEntryKind.Link
                ? HasMagic(path, context)
                : IsDirectoryDatabase(path, context.Disk);
        }
        catch (BackupException)
        {
            return false; // what cannot be read is not recognised; whoever names the engine hears why
        }
    }

    /// <summary>It begins like an image.</summary>
    public static bool HasMagic(string path, EngineContext context)
    {
        using var file = context.Disk.OpenRead(path);
        return GrafeoContainerHeader.HasMagic(file.UpTo(0, GrafeoContainerHeader.MagicSize));
    }

    /// <summary>Where the newest image is. What 0.5.x left beside a database that was converted since is none.</summary>
    public string Image(IDisk disk)
    {
        if (disk.Stat(PendingImage) is null)
        {
            return Path;
        }
        using var file = disk.OpenRead(Path);
        return GrafeoContainerHeader.IsPagedImage(file.UpTo(0, GrafeoContainerHeader.MagicSize)) ? Path : PendingImage;
    }

    /// <summary>The image's header pages as they are now.</summary>
    public GrafeoContainerHeader Header(IDisk disk)
    {
        if (isDirectory)
        {
            return GrafeoContainerHeader.Read(GrafeoSections.EmptyImage(0));
        }
        var image = Image(disk);
        using var file = disk.OpenRead(image);
        return BackupException.Naming(
            image,
            () =>
            {
                var header = GrafeoContainerHeader.Read(GrafeoImage.ReadHeaderPages(file));
                header.CheckLength(file.Length);
                return header;
            }
        );
    }

    /// <summary>
    /// The files of the log in the order of recovery; none when there is no folder. 0.5.x takes every file that ends
    /// like a log; a name without a number counts as number 0.
    /// </summary>
    /// <exception cref="BackupException">UnsupportedFormat: not a regular file; its commits would be
    /// missing.</exception>
    public IReadOnlyList<GrafeoLogFile> Logs(IDisk disk, bool paged)
    {
        var logs = new List<GrafeoLogFile>();
        foreach (var entry in ListLogFolder(disk))
        {
            var number = NumberOf(entry.Name, out var digits);
            if (!entry.Name.EndsWith(LogSuffix, StringComparison.Ordinal) || (paged && digits != PagedDigits))
            {
                continue;
            }
            if (entry.Kind != DiskEntryKind.File)
            {
                throw new BackupException(
                    ErrorCode.UnsupportedFormat,
                    "a part of the log is a link, or not a regular file, and is not followed",
                    entry.Path,
                    recommendation: "Replace it with the file itself."
                );
            }
            logs.Add(new GrafeoLogFile(entry.Path, number, entry.Length));
        }
        return logs;
    }

    private IReadOnlyList<DiskEntry> ListLogFolder(IDisk disk)
    {
        try
        {
            return disk.Stat(LogFolder) is null ? [] : disk.List(LogFolder);
        }
        catch (BackupException e) when (e.Code == ErrorCode.PathNotFound)
        {
            return []; // closed between the two looks
        }
    }

    private static ulong NumberOf(string name, out int digits)
    {
        var text =
            name.StartsWith(LogPrefix, StringComparison.Ordinal) && name.EndsWith(LogSuffix, StringComparison.Ordinal)
                ? name[LogPrefix.Length..^LogSuffix.Length]
                : "";
        digits = text.Length;
        return ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
    }
}
