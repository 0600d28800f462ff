using BackupTools.Chains;
using BackupTools.Engines;
using BackupTools.Errors;
using BackupTools.Files;

namespace BackupTools.Operations;

/// <summary>What a path holds in bundles: the chains, and the bundles that could not be read.</summary>
internal sealed record BundleFolder(IReadOnlyList<BackupChain> Chains, IReadOnlyList<BundleReadResult> Unreadable)
{
    /// <summary>What the bundles were read from, where their own bytes could not be; else null.</summary>
    public BundleRecords? Records { get; private init; }

    /// <summary>
    /// Reads every bundle that the path is or directly holds (with <paramref name="only"/>, those of these full
    /// names), and builds the chains; of each engine the one with the bundle that was taken last comes last.
    /// </summary>
    /// <exception cref="BackupException">
    /// PathNotFound; the path cannot be read. IdentityMismatch: the given keys open none of the bundles.
    /// </exception>
    public static BundleFolder Read(
        string path,
        IReadOnlyList<IBackupEngine> engines,
        EngineContext context,
        IReadOnlyCollection<string>? only = null
    ) => Read(path, engines, context, only, null);

    /// <summary>
    /// The same for whoever asks for no content: where bundles are encrypted and nothing was given to read them with, their
    /// records speak for them (<see cref="Records"/>).
    /// </summary>
    /// <exception cref="BackupException">PathNotFound; the path cannot be read.</exception>
    public static BundleFolder ReadPublic(
        string path,
        IReadOnlyList<IBackupEngine> engines,
        OperationHost host,
        IReadOnlyCollection<string>? only = null
    ) => Read(path, engines, host.Context, only, BundleRecords.InsteadOf(path, host), isPublic: true);

    /// <summary>The same as this, read as it is where signatures are not asked for.</summary>
    public BundleFolder Unsigned(
        string path,
        IBackupEngine engine,
        EngineContext context,
        IReadOnlyCollection<string>? only
    ) => Read(path, [engine], context with { Admit = null }, only, Records);

    /// <summary>The same as their records say it; null where there are none.</summary>
    public static BundleFolder? Recorded(
        string path,
        IBackupEngine engine,
        EngineContext context,
        IReadOnlyCollection<string>? only
    ) =>
        BundleRecords.Are(path, context.Disk)
            ? Read(path, [engine], context with { Admit = null }, only, new BundleRecords(path, context.Disk))
            : null;

    private static BundleFolder Read(
        string path,
        IReadOnlyList<IBackupEngine> engines,
        EngineContext context,
        IReadOnlyCollection<string>? only,
        BundleRecords? records,
        bool isPublic = false
    )
    {
        if (context.Disk.Stat(path) is null)
        {
            throw NotThere(path, context.Disk);
        }
        if (context.Disk is not ListedOnce look || look.Folder != path)
        {
            context = context with { Disk = new ListedOnce(context.Disk, path) };
        }
        var counts = only?.ToHashSet(StringComparer.Ordinal);
        var chains = new List<BackupChain>();
        var unreadable = new List<BundleReadResult>();
        foreach (var engine in engines)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            var read = (records?.Bundles(path, engine, isPublic ? context : null) ?? engine.ReadBundles(path, context))
                .Where(r => counts is null || counts.Contains(r.FullName))
                .ToList();
            read = Placed(read, path, engine, context);
            if (context.Admit is { } admit)
            {
                read = Signatures.InOrder(read.ConvertAll(r => admit(r)));
            }
            var built = ChainBuilder
                .Build(
                    path,
                    read.Where(r => r.Header is not null).Select(r => r.Header!),
                    engine.Capabilities.SiblingIncrements,
                    context.Clock.GetUtcNow()
                )
                // An older chain may have been continued last.
                .OrderBy(c => c.Bundles.Max(b => b.OrderUtc))
                .ToList();
            foreach (
                var newest in built.GroupBy(c => c.Series).Select(ChainChoice.Newest).OfType<BackupChain>().ToList()
            )
            {
                // What came after another chain's newest bundle makes its note out of date too.
                built[built.IndexOf(newest)] = newest with
                {
                    // Nobody has signed the note.
                    CurrentUntilUtc = context.Admit is null ? KnownCurrent.Of(newest, context) : null,
                };
            }
            unreadable.AddRange(Shown(read, built));
            chains.AddRange(built);
        }
        return chains.Count == 0 && unreadable.Find(IsForOthers) is { Error: { } error }
            ? throw error
            : new BundleFolder(chains, unreadable) { Records = records };
    }

    /// <summary>Adds what cannot be read to the findings of the chain that it is shown with; what of it is a bundle.</summary>
    private static List<BundleReadResult> Shown(IReadOnlyList<BundleReadResult> read, List<BackupChain> built)
    {
        var unreadable = new List<BundleReadResult>();
        foreach (var other in read.Where(r => r.Header is null))
        {
            var bad = other with { IsPast = IsPast(other, built) };
            if (bad.Error is not null)
            {
                unreadable.Add(bad);
            }
            if (built.Count > 0)
            {
                var shown = ShownWith(bad, built);
                built[built.IndexOf(shown)] = shown with
                {
                    Problems = [.. shown.Problems, bad.Stranger ?? ChainProblem.From(bad.Error!)],
                };
            }
        }
        return unreadable;
    }

    /// <summary>It is encrypted, and for other keys than were given.</summary>
    public static bool IsForOthers(BundleReadResult read) => read.Error?.Code == ErrorCode.IdentityMismatch;

    /// <summary>It is encrypted, and was not opened: for other keys, or without any where it has no record.</summary>
    public static bool IsSealed(BundleReadResult read) =>
        IsForOthers(read) || read.Error?.InnerException is BackupException { Code: ErrorCode.IdentityMismatch };

    /// <summary>Of what is encrypted for others, its record tells the database and the place.</summary>
    private static List<BundleReadResult> Placed(
        List<BundleReadResult> read,
        string path,
        IBackupEngine engine,
        EngineContext context
    )
    {
        if (!read.Exists(IsForOthers))
        {
            return read;
        }
        var recorded = new BundleRecords(path, context.Disk)
            .Bundles(path, engine)
            .Select(r => r.Header)
            .OfType<BundleHeader>()
            .ToLookup(h => h.FullName, StringComparer.Ordinal);
        return read.ConvertAll(r =>
            IsForOthers(r) && recorded[r.FullName].FirstOrDefault() is { } header
                ? r with
                {
                    OrderUtc = header.OrderUtc,
                    Series = header.Series,
                }
                : r
        );
    }

    /// <summary>
    /// Nobody can say which chain an unreadable bundle belongs to. It is shown with the newest of its database, where it
    /// would do most harm unnoticed: a newest state that silently is not the newest. Where that is known to be sound,
    /// with the chain that had begun last when it was taken.
    /// </summary>
    private static BackupChain ShownWith(BundleReadResult bad, List<BackupChain> built)
    {
        var ofDatabase = built.Where(c => bad.Series is not null && c.Series == bad.Series).ToList();
        var among = ofDatabase.Count > 0 ? ofDatabase : built;
        return bad.IsPast
            ? among.Where(c => c.Bundles[0].OrderUtc <= bad.OrderUtc).MaxBy(c => c.Bundles[0].OrderUtc)
                ?? among.MinBy(c => c.Bundles[0].OrderUtc)!
            : ChainChoice.Newest(among) ?? among[^1];
    }

    /// <summary>A state that was taken after it can be reached; of every database, where nothing tells which it is of.</summary>
    private static bool IsPast(BundleReadResult bad, IReadOnlyList<BackupChain> built)
    {
        var newest = built
            .Where(c => bad.MayBeOf(c.Series))
            .GroupBy(c => c.Series)
            .Select(g => g.SelectMany(RestorePlanner.Reachable).Select(b => (DateTimeOffset?)b.OrderUtc).Max())
            .ToList();
        return newest.Count > 0 && newest.TrueForAll(n => n > bad.OrderUtc);
    }

    /// <summary>The one chain that a restore or test to this target is about.</summary>
    /// <exception cref="BackupException">NoBundles, ChainNotFound, ChainIsAmbiguous.</exception>
    public BackupChain Choose(string path, string? chainId, RestoreTarget target, EngineRegistry engines)
    {
        if (Chains.Count == 0)
        {
            throw Unreadable.Count > 0 ? Unreadable[0].Error! : NoBundles(path);
        }
        if (chainId is not null)
        {
            return ById(chainId, path);
        }
        if (Chains.Select(c => (c.Engine, c.Series)).Distinct().Skip(1).Any())
        {
            throw new BackupException(
                ErrorCode.ChainIsAmbiguous,
                $"the folder holds chains of several databases: {string.Join(", ", Chains.Select(Label).Distinct())}",
                path
            );
        }
        return ChainChoice.For(Chains, target, engines.ByName(Chains[0].Engine).Capabilities.CutsByTime);
    }

    /// <summary>All chains of the database that one is of, itself among them; oldest first.</summary>
    public IReadOnlyList<BackupChain> OfDatabase(BackupChain chain) =>
        Chains.Where(c => (c.Engine, c.Series) == (chain.Engine, chain.Series)).ToList();

    /// <summary>The chain that was named.</summary>
    /// <exception cref="BackupException">ChainNotFound; IdentityMismatch: what the given keys do not open may be it.</exception>
    public BackupChain ById(string chainId, string path) =>
        Chains.LastOrDefault(c => string.Equals(c.ChainId, chainId, StringComparison.OrdinalIgnoreCase))
        ?? throw (
            Unreadable.Any(IsForOthers)
                ? new BackupException(
                    ErrorCode.IdentityMismatch,
                    $"there is no chain '{chainId}' among those that the given keys open",
                    path,
                    recommendation: $"Give the key of its full too with {Spelling.Of("IdentityPath")}."
                )
                : new BackupException(ErrorCode.ChainNotFound, $"there is no chain '{chainId}' here", path)
        );

    /// <summary>The error of what cannot be read is among the findings of the chain.</summary>
    public static bool IsShownWith(BundleReadResult unreadable, BackupChain chain) =>
        chain.Problems.Any(p => string.Equals(p.FullName, unreadable.Error!.FullName, StringComparison.Ordinal));

    /// <summary>What is doubtful about the dates of one database's bundles.</summary>
    public static IEnumerable<ChainProblem> ClockDoubts(IEnumerable<BackupChain> chains) =>
        chains.SelectMany(c => c.Problems).Where(p => p.Code == ErrorCode.ClockDoubtful);

    public static BackupException NoBundles(string path) =>
        new(ErrorCode.NoBundles, "there is no bundle of a known engine here", path);

    /// <summary>Says that nothing is there, or that what is there is not complete.</summary>
    public static BackupException NotThere(string path, IReadingDisk disk)
    {
        const int shown = 3;
        var begun = disk.Begun(path);
        return begun.Count == 0
            ? new(ErrorCode.PathNotFound, "the path does not exist", path)
            : new(
                ErrorCode.NoBundles,
                $"no bundle here is complete; begun and not shown: {string.Join(", ", begun.Take(shown))}"
                    + (begun.Count > shown ? $" and {begun.Count - shown} more" : ""),
                path,
                recommendation: "If no backup or copy is running, run the one that was interrupted again: it goes on where that stopped."
            );
    }

    private static string Label(BackupChain chain) => $"{chain.Series ?? "?"} ({chain.Engine})";

    /// <summary>The folder and, on request, all subfolders that are not bundles; links are not followed.</summary>
    public static IEnumerable<string> Walk(string folder, bool recurse, IReadingDisk disk)
    {
        yield return folder;
        if (!recurse)
        {
            yield break;
        }
        foreach (var entry in disk.List(folder))
        {
            if (entry.Kind == DiskEntryKind.Directory && !StagingArea.IsStagingName(entry.Name))
            {
                foreach (var inner in Walk(entry.Path, recurse, disk))
                {
                    yield return inner;
                }
            }
        }
    }
}
