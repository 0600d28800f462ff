using System.Buffers.Binary;
using System.Collections.Concurrent;
using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.PowDb;
using Blake3;

namespace BackupTools.Engines.PowDb;

/// <summary>
/// Whether a source follows the state that an increment builds on, or is a database that was restored to an earlier
/// state, or another of the same name. Nothing in a data directory names it, and every increment would restore to the
/// right bytes of the wrong database: so its pages have to tell (<see cref="PowDbHeapEvidence"/>).
/// </summary>
/// <param name="path">The bundles that lead to the state, full first; nothing of them is read yet.</param>
/// <param name="baseline">That state.</param>
/// <param name="context">The run.</param>
/// <remarks>
/// Two cases stay open. A table that was dropped and created again after a restart, within one increment, is refused if
/// its new pages by chance fit its old ones. A state that is, byte by byte, also what a restore would have left (a table
/// created, backed up, dropped) is accepted at its own, lower position. A differential may also lie below the newest
/// bundle of the chain: it is compared with the full that it builds on.
/// </remarks>
internal sealed class PowDbSuccession(IReadOnlyList<BundleHeader> path, PowDbBaseline baseline, EngineContext context)
{
    private static string Advice =>
        $"Take a new full backup, or use {Spelling.Of("FullIfNeeded")}, which does. Give each database a folder of its own.";

    private readonly Lazy<PowDbState> _state = new(() => PowDbState.Of(PowDbContinuity.Open(path, context)));
    private readonly ConcurrentDictionary<string, PowDbHeapEvidence> _heaps = new(StringComparer.Ordinal);

    /// <summary>What stands for the pages of the state before, where they cannot be read; else null.</summary>
    public PowDbTraces? Traces { get; } = PowDbTraces.Behind(path[^1].FullName, context);

    private PowDbBundle Head => baseline.Parent;

    /// <summary>Forgets what an attempt has found that is not repeated.</summary>
    public void Clear() => _heaps.Clear();

    /// <summary>Where to put what the pages of a heap say.</summary>
    public PowDbHeapEvidence Of(string heap, long pagesBefore) =>
        _heaps[heap] = new PowDbHeapEvidence(heap, pagesBefore);

    /// <summary>The heap in the state before; to be disposed of.</summary>
    /// <exception cref="BackupException">The chain is damaged.</exception>
    public PowDbHeadHeap OpenBefore(string heap) => new(PartBefore(heap), baseline.Key, context);

    /// <summary>Requires that everything found agrees with a later state, and that something shows which database it is.</summary>
    /// <exception cref="BackupException">ContinuityNotProved.</exception>
    public void Require(PowDbSource source)
    {
        var survivors = _heaps.Values.Where(h => h.CanBeTheSame).ToArray();
        var floor = Floor(source, survivors);
        foreach (var heap in _heaps.Values.OrderBy(h => h.Name, StringComparer.Ordinal))
        {
            if (!heap.CanBeTheSame && heap.HasKeptLsn)
            {
                throw NotProved($"{heap.Name} is older than it was", source);
            }
            var lowest = heap.CanBeTheSame ? heap.LowestNew : heap.Lowest;
            if (lowest <= floor)
            {
                throw NotProved($"{heap.Name} holds a page of LSN {lowest} that it cannot have gained since", source);
            }
        }
        // One page with rows that is what it was is enough, or half of the rows of the changed pages in their slots. A
        // state without rows has nothing to prove.
        if (
            !survivors.Any(h => h.HasKeptPage)
            && (survivors.Sum(h => h.RowsKept) is var kept && (kept == 0 || kept < survivors.Sum(h => h.RowsGone)))
            && HadRows()
        )
        {
            throw NotProved("too few of its rows are unchanged", source);
        }
    }

    /// <summary>
    /// The LSN that every page stamped since lies above. Engines that keep a durable LSN never use one again. Older
    /// ones continue from the highest that they find when they open the database: of what was dropped meanwhile it is
    /// lost (PowDB format, §9, defect 2).
    /// </summary>
    private ulong Floor(PowDbSource source, IEnumerable<PowDbHeapEvidence> survivors)
    {
        var floor = survivors.Select(h => h.MaxBefore).DefaultIfEmpty().Max();
        if (DurableBefore() is { } durable)
        {
            floor = durable;
            if (source.CatalogLsn < durable)
            {
                throw NotProved($"its durable LSN is {source.CatalogLsn}, in {Head.Name} it was {durable}", source);
            }
        }
        // Pages that were written while the state before was copied may be in its log only.
        return FirstOfLogBefore() is { } first ? Math.Min(floor, first - 1) : floor;
    }

    private bool HadRows() =>
        baseline.Files.Values.Any(f =>
            PowDbNames.IsHeap(f.Name) && f.Length > 0 && (!_heaps.TryGetValue(f.Name, out var h) || h.MaxBefore > 0)
        );

    private ulong? DurableBefore()
    {
        if (!baseline.Files.TryGetValue(PowDbNames.CatalogLsn, out var before))
        {
            return null;
        }
        using var file = PartBefore(before.Name).Bundle!.OpenFile(before.Name, context);
        var bytes = file.Bytes(0, sizeof(ulong));
        return before.Blake3 == Hasher.Hash(bytes)
            ? BinaryPrimitives.ReadUInt64LittleEndian(bytes)
            : throw new BackupException(
                ErrorCode.ChecksumMismatch,
                "the durable LSN differs from the one backed up",
                file.Path
            );
    }

    private PowDbStatePart PartBefore(string name) =>
        _state.Value.Parts.GetValueOrDefault(name)
        ?? throw new BackupException(ErrorCode.MissingFile, $"no bundle of the chain holds {name}", Head.Folder);

    private ulong? FirstOfLogBefore() => Traces is { } traces ? traces.FirstOfLog : PowDbTraces.FirstOf(Head, context);

    private BackupException NotProved(string why, PowDbSource source) =>
        new(
            ErrorCode.ContinuityNotProved,
            $"nothing shows that this database follows {Head.Name}: {why}. It may have been restored to an earlier state, "
                + "or be another database of the same name",
            source.Folder,
            recommendation: Advice
        );
}
