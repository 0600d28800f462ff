using System.Collections.Concurrent;

namespace BackupTools.Files;

/// <summary>
/// A disk for one look at a folder by several readers, all of which see the same entries: the folder, and any large one
/// below it, is listed for the first of them, and what was listed is not asked about again. What is in the files is read
/// as it is.
/// </summary>
internal sealed class ListedOnce(IDisk inner, string folder) : ForwardingDisk(inner)
{
    /// <summary>Smaller folders are listed again: they may be many, and each is quickly listed.</summary>
    private const int Large = 100;

    private readonly ConcurrentDictionary<string, Lazy<Listing>> _listings = new(StringComparer.Ordinal);

    /// <summary>The folder that is looked at.</summary>
    public string Folder => folder;

    public override IReadOnlyList<DiskEntry> List(string path)
    {
        if (_listings.TryGetValue(path, out var known))
        {
            return known.Value.Entries;
        }
        if (string.Equals(path, folder, StringComparison.Ordinal))
        {
            return _listings.GetOrAdd(path, p => new(() => new Listing(Inner.List(p)))).Value.Entries;
        }
        var entries = Inner.List(path);
        if (entries.Count >= Large && IsBelow(path))
        {
            _listings.TryAdd(path, new(new Listing(entries)));
        }
        return entries;
    }

    /// <summary>What was listed is there; only the disk can say that something is not, and in which spelling it is.</summary>
    public override DiskEntry? Stat(string path) =>
        _listings
            .GetAlternateLookup<ReadOnlySpan<char>>()
            .TryGetValue(Path.GetDirectoryName(path.AsSpan()), out var known)
        && known.IsValueCreated
        && known.Value.ByPath.TryGetValue(path, out var entry)
            ? entry
            : Inner.Stat(path);

    private bool IsBelow(string path) =>
        path.Length > folder.Length
        && path.StartsWith(folder, StringComparison.Ordinal)
        && (Path.EndsInDirectorySeparator(folder) || path[folder.Length] is '/' or '\\');

    private sealed class Listing(IReadOnlyList<DiskEntry> entries)
    {
        private readonly Lazy<Dictionary<string, DiskEntry>> _byPath = new(() =>
            entries.ToDictionary(e => e.Path, StringComparer.Ordinal)
        );

        public IReadOnlyList<DiskEntry> Entries => entries;

        public Dictionary<string, DiskEntry> ByPath => _byPath.Value;
    }
}
