using BackupTools.Errors;

namespace BackupTools.Files;

/// <summary>
/// Notes what files look like and tells later which of them changed, appeared or vanished. Links are followed: what is
/// read is what is watched.
/// </summary>
internal sealed class SourceWatch
{
    private readonly IDisk _disk;
    private readonly List<(string Path, DiskEntry? Entry)> _noted;

    private SourceWatch(IDisk disk, List<(string, DiskEntry?)> noted)
    {
        _disk = disk;
        _noted = noted;
    }

    /// <summary>Notes the paths as they are now; absent ones are noted as absent.</summary>
    public static SourceWatch Note(IDisk disk, IEnumerable<string> paths) =>
        new(disk, [.. paths.Select(path => (path, Look(disk, path)))]);

    /// <summary>The paths whose identity, length or times differ now.</summary>
    public IReadOnlyList<string> Changed() =>
        [.. _noted.Where(n => !Same(n.Entry, Look(_disk, n.Path))).Select(n => n.Path)];

    private static bool Same(DiskEntry? before, DiskEntry? now) =>
        before is null || now is null ? before is null && now is null : now.IsUnchangedSince(before);

    private static DiskEntry? Look(IDisk disk, string path)
    {
        var entry = disk.Stat(path);
        if (entry?.Kind != DiskEntryKind.Link)
            return entry;
        try
        {
            using var file = disk.OpenRead(path);
            return file.Stat();
        }
        catch (BackupException e) when (e.Code is ErrorCode.PathNotFound or ErrorCode.ReadFailed)
        {
            return entry; // it leads nowhere or to no file: the link itself is all there is to watch
        }
    }
}
