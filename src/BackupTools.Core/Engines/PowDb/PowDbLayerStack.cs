using BackupTools.Formats.PowDb;

namespace BackupTools.Engines.PowDb;

/// <summary>
/// All deltas of a file, read in step with its blocks. Not thread-safe, but pages of one block may be asked for while
/// another is being laid over.
/// </summary>
internal sealed class PowDbLayerStack : IDisposable
{
    /// <summary>The total size of the deltas' buffers; each holds at least one record.</summary>
    private const int BufferBudget = 8 << 20;

    private readonly List<PowDbDeltaStream> _newestFirst = [];
    private readonly PageSet _taken;
    private readonly bool _isChecked;

    /// <summary>Opens the deltas of a part.</summary>
    /// <param name="part">The file.</param>
    /// <param name="isChecked">Check each page that is handed out.</param>
    /// <param name="context">The run.</param>
    /// <exception cref="Errors.BackupException">A delta is missing or has another length.</exception>
    public PowDbLayerStack(PowDbStatePart part, bool isChecked, EngineContext context)
    {
        _isChecked = isChecked;
        Pages = part.Pages;
        Limit = part.Pages;
        // Blocks share no word of the set (256 pages each), so that one may be read while another is written.
        _taken = new PageSet(part.Layers.Count == 0 ? 0 : part.Pages);
        var records = Math.Max(1, BufferBudget / Math.Max(1, part.Layers.Count) / PowDbDelta.RecordSize);
        try
        {
            for (var i = part.Layers.Count - 1; i >= 0; i--)
            {
                // Changes lie spread over the heap: deltas that begin alike would run dry together, and all work would
                // wait until all are read again. So they are made to take turns.
                var first = 1 + (int)((long)(records - 1) * i / part.Layers.Count);
                _newestFirst.Add(new PowDbDeltaStream(part.Layers[i], Limit, records, first, context));
                // A heap that was shorter here had lost what lies after, even if it has grown again since.
                Limit = Math.Min(Limit, part.Layers[i].Pages.TotalPages);
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Pages of the result.</summary>
    public long Pages { get; }

    /// <summary>What is below all deltas counts up to this page only.</summary>
    public long Limit { get; }

    /// <summary>True when a delta has given this page.</summary>
    public bool Contains(long page) => _newestFirst.Count > 0 && _taken.Contains(page);

    /// <summary>Lays the newest version of each page over a block, where there is one. Blocks come in order.</summary>
    public void LayOver(long firstPage, Span<byte> block)
    {
        foreach (var layer in _newestFirst)
        {
            layer.LayOver(firstPage, block, _taken, _isChecked);
        }
    }

    /// <summary>Proves what no block has asked for.</summary>
    public void Finish()
    {
        foreach (var layer in _newestFirst)
        {
            layer.ReadToEnd(isChecked: false);
        }
    }

    /// <summary>The first page that neither a delta nor the first <paramref name="below"/> pages hold; −1 for none.</summary>
    public long FirstMissing(long below)
    {
        for (var page = below; page < Pages; page++)
        {
            if (!Contains(page))
            {
                return page;
            }
        }
        return -1;
    }

    public void Dispose()
    {
        foreach (var layer in _newestFirst)
        {
            layer.Dispose();
        }
    }
}
