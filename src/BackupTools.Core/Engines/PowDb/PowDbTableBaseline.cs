using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Formats.PowDb;

namespace BackupTools.Engines.PowDb;

/// <summary>The state as our side files tell it: tables of fingerprints laid one upon the other, newest first.</summary>
/// <remarks>
/// With only the changes in every table, an increment would have to read hundreds of them; complete tables would cost
/// 0.4 % of the database each. So a table repeats what the tables of the last few bundles hold: table d builds on table
/// d − (lowest set bit of d). Of a chain of n bundles at most log₂(n) + 1 tables are read, and each fingerprint is
/// written log₂(n) times.
/// </remarks>
internal sealed class PowDbTableBaseline : PowDbBaseline
{
    private readonly List<PowDbTableReader> _tables = [];

    /// <summary>How many of the newest tables the new one repeats.</summary>
    private int _repeated;

    private PowDbTableBaseline() { }

    /// <summary>Opens every table that the parent's builds on.</summary>
    /// <exception cref="BackupException">A table is missing or damaged.</exception>
    public static PowDbTableBaseline Open(PowDbBundle parent, IReadOnlyList<BundleHeader> path, EngineContext context)
    {
        var opened = new List<PowDbTableReader>();
        try
        {
            var depth = checked(parent.Side!.Pages.Depth + 1);
            var lowest = depth - (depth & -depth);
            string? on = null;
            var repeated = 0;
            for (var bundle = parent; ; bundle = Below(bundle, path, context))
            {
                var table = bundle.Side!.Pages;
                if (table.Depth > lowest)
                {
                    repeated++;
                }
                else
                {
                    on ??= bundle.Id;
                }
                opened.Add(PowDbTableReader.Open(bundle, table, context));
                if (table.On is null)
                {
                    break;
                }
            }
            var baseline = new PowDbTableBaseline
            {
                Parent = parent,
                Files = parent
                    .ReadState(context)!
                    .ToDictionary(
                        f => f.Name,
                        f => new PowDbBaseFile(f.Name, f.Length, f.Blake3),
                        StringComparer.Ordinal
                    ),
                On = on,
                Depth = on is null ? 0 : depth,
                Key = parent.Side.Pages.Key!.Value,
                _repeated = repeated,
            };
            baseline._tables.AddRange(opened);
            return baseline;
        }
        catch
        {
            opened.ForEach(t => t.Dispose());
            throw;
        }
    }

    public override void ReadWindow(
        string heap,
        uint window,
        int pages,
        Span<byte> fingerprints,
        PageSet known,
        PageSet repeat
    )
    {
        var complete = false;
        for (var i = 0; i < _tables.Count && !complete; i++)
        {
            complete = _tables[i].Read(heap, window, fingerprints, known, pages);
            if (i == _repeated - 1 || (complete && i < _repeated))
            {
                repeat.UnionWith(known);
            }
        }
    }

    public override void Dispose() => _tables.ForEach(t => t.Dispose());

    private static PowDbBundle Below(PowDbBundle bundle, IReadOnlyList<BundleHeader> path, EngineContext context)
    {
        var table = bundle.Side!.Pages;
        var header =
            path.FirstOrDefault(h => string.Equals(h.Id, table.On, StringComparison.Ordinal))
            ?? throw new BackupException(
                ErrorCode.MissingFile,
                "the page fingerprints build on those of a bundle that is not in the chain",
                bundle.PathOf(PowDbSideFile.FileName)
            );
        var below = PowDbBundle.Open(header, context);
        if (below.Side is null)
        {
            throw below.SideProblem
                ?? new BackupException(
                    ErrorCode.MissingFile,
                    "the side file is missing",
                    below.PathOf(PowDbSideFile.FileName)
                );
        }
        return below.Side.Pages.Depth < table.Depth && below.Side.Pages.Key == table.Key
            ? below
            : throw new BackupException(
                ErrorCode.Malformed,
                "the page fingerprints build on a newer table, or one with another key",
                bundle.PathOf(PowDbSideFile.FileName)
            );
    }
}
