using BackupTools.Files;

namespace BackupTools.Tests.Files;

/// <summary>
/// The changes of names that no flush of a folder has made durable, and how to take them back: what a power cut may do
/// to all of them. What is removed waits aside, so that it can come back as the same file.
/// </summary>
internal sealed class UnflushedNames(IDisk disk, string root)
{
    private readonly Lock _gate = new();
    private readonly List<(ulong[] Folders, Action Undo)> _changes = [];
    private readonly string _aside = Path.Combine(root, ".gone");
    private int _removed;

    /// <summary>A file, a folder or a second name of a file is new.</summary>
    public void Created(string path)
    {
        var inode = disk.Stat(path)!.Inode;
        Add(
            [path],
            () =>
            {
                // Its folder may have another name by now, and have been flushed under that one.
                var now = Tree(root).FirstOrDefault(e => e.Inode == inode && e.Name == Path.GetFileName(path));
                if (now?.Kind == DiskEntryKind.Directory)
                    disk.DeleteDirectory(now.Path);
                else if (now is not null)
                    disk.DeleteFile(now.Path);
            }
        );
    }

    /// <summary>Something has another name. The disk knows when either folder is flushed.</summary>
    public void Moved(string from, string to) => Add([from, to], () => MoveBack(to, from));

    public void Exchanged(string path, string other) => Add([path, other], () => disk.TryExchange(path, other));

    /// <summary>Something, if it is there, is about to be removed; afterwards it is not there.</summary>
    public void Removing(string path)
    {
        if (disk.Stat(path) is null)
            return;
        disk.CreateDirectory(_aside);
        string aside;
        lock (_gate)
            aside = Path.Combine(_aside, $"{_removed++}");
        disk.Move(path, aside);
        Add([path], () => MoveBack(aside, path));
    }

    public void Flushed(string folder)
    {
        var inode = disk.Stat(folder)!.Inode;
        lock (_gate)
            _changes.RemoveAll(c => c.Folders.Contains(inode));
    }

    /// <summary>The power is gone.</summary>
    public void TakeBack()
    {
        lock (_gate)
        {
            for (var i = _changes.Count - 1; i >= 0; i--)
                _changes[i].Undo();
            _changes.Clear();
        }
        disk.DeleteDirectory(_aside);
    }

    private void Add(string[] paths, Action undo)
    {
        var folders = paths.Select(p => disk.Stat(Path.GetDirectoryName(p)!)!.Inode).ToArray();
        lock (_gate)
            _changes.Add((folders, undo));
    }

    private void MoveBack(string from, string to)
    {
        if (disk.Stat(from) is not null && disk.Stat(to) is null && disk.Stat(Path.GetDirectoryName(to)!) is not null)
            disk.Move(from, to);
    }

    private IEnumerable<DiskEntry> Tree(string folder) =>
        disk.List(folder).SelectMany(e => e.Kind == DiskEntryKind.Directory ? Tree(e.Path).Append(e) : [e]);
}
