namespace BackupTools.Files;

/// <summary>The folders that had to be made for a path, so that they can be taken back if nothing came of it.</summary>
internal sealed class CreatedFolders
{
    private readonly IDisk _disk;
    private readonly Action<string>? _tell;
    private readonly List<string> _created = [];

    private CreatedFolders(IDisk disk, Action<string>? tell)
    {
        _disk = disk;
        _tell = tell;
    }

    /// <summary>
    /// Makes a folder and its missing parents, durably; <paramref name="tell"/> hears what could not be taken back.
    /// </summary>
    public static CreatedFolders Ensure(IDisk disk, string folder, Action<string>? tell = null)
    {
        var missing = new Stack<string>();
        for (var at = folder; at is not null && disk.Stat(at) is null; at = Path.GetDirectoryName(at))
            missing.Push(at);
        var made = new CreatedFolders(disk, tell);
        try
        {
            // Even with nothing missing: what is there may be a file, and this is the call that says so.
            if (missing.Count == 0)
                disk.CreateDirectory(folder);
            while (missing.TryPop(out var path))
            {
                disk.CreateDirectory(path);
                made._created.Add(path);
                disk.FlushDirectory(Path.GetDirectoryName(path)!);
            }
            return made;
        }
        catch
        {
            made.RemoveIfEmpty();
            throw;
        }
    }

    /// <summary>Removes what was made and is empty, innermost first.</summary>
    public void RemoveIfEmpty() =>
        Removal.Try(
            () =>
            {
                for (var i = _created.Count - 1; i >= 0 && _disk.TryDeleteEmptyDirectory(_created[i]); i--)
                    _created.RemoveAt(i);
            },
            _tell
        );
}
