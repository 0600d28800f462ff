using BackupTools.Formats.PowDb;

namespace BackupTools.Engines.PowDb;

/// <summary>Pages of a file in one bundle.</summary>
internal sealed record PowDbLayer(PowDbBundle Bundle, PowDbPages Pages);

/// <summary>Where the newest version of a file comes from: a whole copy and the deltas since, oldest first.</summary>
/// <param name="Name">The file.</param>
/// <param name="Length">Its length.</param>
/// <param name="Bundle">The bundle with the whole copy; null when there is none, and every page must be in a delta.</param>
/// <param name="Whole">That copy's entry.</param>
/// <param name="Layers">The deltas, oldest first.</param>
internal sealed record PowDbStatePart(
    string Name,
    long Length,
    PowDbBundle? Bundle,
    PowDbWhole? Whole,
    IReadOnlyList<PowDbLayer> Layers
)
{
    /// <summary>A file that a bundle holds whole.</summary>
    public static PowDbStatePart Of(PowDbWhole whole, PowDbBundle bundle) =>
        new(whole.Name, (long)whole.Length, bundle, whole, []);

    public bool IsHeap => PowDbNames.IsHeap(Name);

    public bool IsWal => string.Equals(Name, PowDbNames.Wal, StringComparison.Ordinal);

    public long Pages => Length / PowDbPage.Size;

    /// <summary>A heap of whole pages; what else there is can only be taken as it is.</summary>
    public bool IsPaged => IsHeap && Length % PowDbPage.Size == 0;

    /// <summary>The file of the newest bundle that has something of it.</summary>
    public string SourcePath =>
        Layers.Count > 0 ? Layers[^1].Bundle.PathOf(Layers[^1].Pages.DeltaFile) : Bundle!.PathOf(Name);
}

/// <summary>The state that a way through a chain leads to, file by file. Planned from manifests alone.</summary>
internal sealed class PowDbState
{
    private readonly Dictionary<string, PowDbStatePart> _parts = new(StringComparer.Ordinal);

    /// <summary>Everything the bundles say, including what no catalogue refers to any longer.</summary>
    public IReadOnlyDictionary<string, PowDbStatePart> Parts => _parts;

    /// <summary>The state after the last of the bundles.</summary>
    public static PowDbState Of(IEnumerable<PowDbBundle> path)
    {
        var state = new PowDbState();
        foreach (var bundle in path)
        {
            state.Apply(bundle);
        }
        return state;
    }

    /// <summary>Goes on to the state after the next bundle.</summary>
    public void Apply(PowDbBundle bundle)
    {
        // A log belongs to the pages it was taken with. On newer pages it would be replayed a second time.
        _parts.Remove(PowDbNames.Wal);
        foreach (var entry in bundle.Entries)
        {
            _parts[entry.Name] = entry is PowDbPages pages
                ? After(_parts.GetValueOrDefault(pages.Name), bundle, pages)
                : PowDbStatePart.Of((PowDbWhole)entry, bundle);
        }
        if (_parts.TryGetValue(PowDbNames.Wal, out var log) && log.Length == 0)
        {
            _parts.Remove(PowDbNames.Wal);
        }
    }

    /// <summary>
    /// The files that belong to the state, sorted by name. Our side file lists them. Without one they are the heaps
    /// and indexes that the catalogue refers to, and what is neither: the format cannot say that a file is gone
    /// (PowDB format, §9, defect 5).
    /// </summary>
    public IReadOnlyList<PowDbStatePart> Belonging(PowDbCatalog catalog, IReadOnlyList<PowDbStateFile>? listed)
    {
        var data = catalog.DataFiles();
        var names = listed?.Select(f => f.Name).ToHashSet(StringComparer.Ordinal);
        return _parts
            .Values.Where(p =>
                p.IsWal
                || (names?.Contains(p.Name) ?? (data.Contains(p.Name) || !(p.IsHeap || PowDbNames.IsIndex(p.Name))))
            )
            .OrderBy(p => p.Name, StringComparer.Ordinal)
            .ToArray();
    }

    private static PowDbStatePart After(PowDbStatePart? before, PowDbBundle bundle, PowDbPages pages)
    {
        // What was before is given up, so its list may grow in place: a chain may have thousands of layers.
        var layers = before?.Layers as List<PowDbLayer> ?? [];
        layers.Add(new PowDbLayer(bundle, pages));
        var length = (long)pages.TotalPages * PowDbPage.Size;
        return new PowDbStatePart(pages.Name, length, before?.Bundle, before?.Whole, layers);
    }
}
