using BackupTools.Errors;
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
    public bool IsHeap => PowDbNames.IsHeap(Name);

    public long Pages => Length / PowDbPage.Size;

    /// <summary>A heap of whole pages; what else there is can only be taken as it is.</summary>
    public bool IsPaged => IsHeap && Length % PowDbPage.Size == 0;
}

/// <summary>The state that a way through a chain leads to, file by file. Planned from manifests alone.</summary>
internal static class PowDbState
{
    /// <summary>Plans the state after the last bundle; what no catalogue refers to is still in it.</summary>
    /// <exception cref="BackupException">Malformed: a length that no file can have.</exception>
    public static Dictionary<string, PowDbStatePart> Of(IEnumerable<PowDbBundle> path)
    {
        var parts = new Dictionary<string, PowDbStatePart>(StringComparer.Ordinal);
        foreach (var bundle in path)
        {
            // A log belongs to the pages it was taken with. On newer pages it would be replayed a second time.
            parts.Remove(PowDbNames.Wal);
            foreach (var entry in bundle.Manifest.Entries)
            {
                parts[entry.Name] = entry switch
                {
                    PowDbWhole whole => new PowDbStatePart(whole.Name, LengthOf(whole, bundle), bundle, whole, []),
                    PowDbPages pages => After(parts.GetValueOrDefault(pages.Name), bundle, pages),
                    _ => throw new InvalidOperationException("unknown kind of entry"),
                };
            }
            if (bundle.SideWal is { } wal)
            {
                parts[wal.Name] = new PowDbStatePart(wal.Name, LengthOf(wal, bundle), bundle, wal, []);
            }
            if (parts.TryGetValue(PowDbNames.Wal, out var log) && log.Length == 0)
            {
                parts.Remove(PowDbNames.Wal);
            }
        }
        return parts;
    }

    /// <summary>
    /// The files that belong to the state, sorted by name: heaps and indexes that the last catalogue refers to, and
    /// what is neither. The format itself cannot say that a file is gone (PowDB format, §9, defect 5).
    /// </summary>
    public static IReadOnlyList<PowDbStatePart> Belonging(
        IReadOnlyDictionary<string, PowDbStatePart> parts,
        PowDbCatalog catalog
    )
    {
        var wanted = catalog.DataFiles();
        return parts
            .Values.Where(p => wanted.Contains(p.Name) || !(p.IsHeap || PowDbNames.IsIndex(p.Name)))
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

    private static long LengthOf(PowDbWhole whole, PowDbBundle bundle) =>
        whole.Length <= long.MaxValue
            ? (long)whole.Length
            : throw new BackupException(
                ErrorCode.Malformed,
                $"{whole.Name} cannot have {whole.Length} bytes",
                bundle.ManifestPath
            );
}
