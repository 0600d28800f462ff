using System.Collections.Concurrent;

namespace BackupTools.Files.Stores;

/// <summary>
/// The disk of a run that puts bundles together for a store: what is staged takes no more than so much room there. What does
/// not fit waits in the store, in pages that become parts of the objects (<see cref="SpoolRoom"/>).
/// </summary>
internal sealed class SpoolDisk(IDisk inner, SpoolRoom room) : ForwardingDisk(inner), IDisposable
{
    private const string PagesFolder = StagingArea.ReservedPrefix + "pages";

    private readonly ConcurrentDictionary<string, SpooledFile> _files = new(StringComparer.Ordinal);
    private string? _folder;

    /// <summary>Says where files are kept so; those that are made there from now on.</summary>
    public void Keep(string folder)
    {
        Inner.CreateDirectory(Path.Combine(folder, PagesFolder));
        _folder = folder;
    }

    /// <summary>True for what lies in the folder that is kept so.</summary>
    public bool Holds(string path) => _folder is not null && IsBelow(path, _folder);

    public override IDiskFile CreateNew(string path, long preallocate = 0)
    {
        // The name, and what is at hand of the first page.
        Inner.CreateNew(path).Dispose();
        var file = new SpooledFile(path, Path.Combine(_folder!, PagesFolder), Inner, room);
        _files[path] = file;
        return file.Open();
    }

    public override IDiskFile OpenRead(string path) => Find(path)?.Open() ?? Inner.OpenRead(path);

    public override IDiskFile OpenWrite(string path) => Find(path)?.Open() ?? Inner.OpenWrite(path);

    public override DiskEntry? Stat(string path) => Inner.Stat(path) is { } entry ? Of(entry) : null;

    public override IReadOnlyList<DiskEntry> List(string folder) => [.. Inner.List(folder).Select(Of)];

    public override void DeleteFile(string path)
    {
        Forget(path);
        Inner.DeleteFile(path);
    }

    public override void DeleteDirectory(string path)
    {
        // Those whose pages are in it are no files any more.
        var isOfPages = Path.GetFileName(path) == PagesFolder;
        foreach (var file in _files.Keys.Where(f => isOfPages || IsBelow(f, path)))
        {
            Forget(file);
        }
        Inner.DeleteDirectory(path);
    }

    public void Dispose() => room.Dispose();

    private SpooledFile? Find(string path) => _files.GetValueOrDefault(path);

    private void Forget(string path)
    {
        if (_files.TryRemove(path, out var file))
        {
            file.SetLength(0);
        }
    }

    private DiskEntry Of(DiskEntry entry) => Find(entry.Path) is { } file ? entry with { Length = file.Length } : entry;

    private static bool IsBelow(string path, string folder) =>
        path.Length > folder.Length
        && path[folder.Length] == Path.DirectorySeparatorChar
        && path.StartsWith(folder, StringComparison.Ordinal);
}
