using System.Globalization;
using System.Runtime.InteropServices;
using BackupTools.Errors;

namespace BackupTools.Chains;

/// <summary>
/// Orders the headers found in one folder into chains and names what does not fit. Pure: reads nothing but headers.
/// </summary>
/// <remarks>
/// <see cref="ChainLinks"/> says what builds on what, and in which order they were taken. Positions grow within one epoch
/// of a log, so a full that was taken after an increment's parent but ends before it proves that the log was restarted in
/// between: the increment is then foreign.
/// </remarks>
internal sealed class ChainBuilder
{
    private List<BundleHeader> _bundles = [];
    private List<int> _parents = [];
    private readonly Dictionary<string, List<ChainProblem>> _problems = new(StringComparer.Ordinal);
    private readonly bool _siblingsAreFine;

    private ChainBuilder(bool siblingsAreFine) => _siblingsAreFine = siblingsAreFine;

    /// <summary>
    /// Builds the chains of one engine's bundles in one folder, oldest first.
    /// </summary>
    /// <param name="folder">The folder, for the result only.</param>
    /// <param name="headers">The headers in any order; copies of one bundle share their Id.</param>
    /// <param name="siblingsAreFine">Several increments on one bundle are differentials, not a fork.</param>
    /// <param name="now">The clock, to doubt what is dated after it; null to doubt nothing.</param>
    public static IReadOnlyList<BackupChain> Build(
        string folder,
        IEnumerable<BundleHeader> headers,
        bool siblingsAreFine,
        DateTimeOffset? now = null
    )
    {
        var builder = new ChainBuilder(siblingsAreFine);
        var found = ChainLinks.Sorted(builder.WithoutCopies(headers)).ToList();
        var links = ChainLinks.Of(found, !siblingsAreFine, now);
        (builder._bundles, builder._parents) = (links.Bundles, links.Parents);
        return NameRival(builder.Chains(folder, now), now);
    }

    /// <summary>
    /// With each chain that has the last place, what may be newer: of its database, and of all that share a name, which
    /// is what a restore to latest chooses from.
    /// </summary>
    private static List<BackupChain> NameRival(List<BackupChain> chains, DateTimeOffset? now)
    {
        var sameNames = chains.GroupBy(c => (c.Engine, c.Series)).Select(g => (IReadOnlyList<BackupChain>)[.. g]);
        var doubts = DatabaseGroups.Of(chains).Concat(sameNames).Select(group => NewestInDoubt.Of(group, now));
        foreach (var doubt in doubts.OfType<(BundleHeader Newest, BundleHeader Rival)>().Distinct().ToList())
        {
            var at = chains.FindIndex(c => c.Bundles.Contains(doubt.Newest, ReferenceEqualityComparer.Instance));
            var problem = new ChainProblem(
                ProblemSeverity.Warning,
                ErrorCode.ClockDoubtful,
                $"{doubt.Newest.Name} counts as the newest, but {doubt.Rival.Name} may be newer: "
                    + "a clock was set back, so their dates do not tell",
                doubt.Rival.FullName,
                Recommendation: $"Take a full backup, which is then the newest; or choose a chain with {Spelling.Of("ChainId")}."
            );
            chains[at] = chains[at] with { Problems = [.. chains[at].Problems, problem] };
        }
        return chains;
    }

    /// <summary>
    /// Each bundle once. Of several copies the one counts that still has the name it was given, which says whose it is;
    /// a copy made by hand is called "NAME (1)" or "NAME copy".
    /// </summary>
    private IEnumerable<BundleHeader> WithoutCopies(IEnumerable<BundleHeader> headers)
    {
        foreach (var same in headers.GroupBy(h => h.ContentId ?? h.Id, StringComparer.Ordinal))
        {
            if (same.TryGetNonEnumeratedCount(out var count) && count == 1)
            {
                yield return same.First();
                continue;
            }
            var originals = new Dictionary<string, BundleHeader>(StringComparer.Ordinal);
            foreach (
                var header in same.OrderByDescending(h => h.HasOwnName)
                    .ThenBy(h => h.Name.Length)
                    .ThenBy(h => h.FullName, StringComparer.Ordinal)
            )
            {
                var original =
                    originals.GetValueOrDefault(header.Id)
                    // Snapshots of a database that did not change are alike: not each is compared with each.
                    ?? (header.HasOwnName ? null : originals.Values.FirstOrDefault(o => o.HasOwnName));
                if (original is null)
                {
                    originals.Add(header.Id, header);
                    yield return header;
                    continue;
                }
                ProblemsOf(original)
                    .Add(
                        new ChainProblem(
                            ProblemSeverity.Warning,
                            ErrorCode.ChainDuplicate,
                            $"{header.Name} is a copy of {original.Name} and is left out",
                            header.FullName
                        )
                    );
            }
        }
    }

    private List<BackupChain> Chains(string folder, DateTimeOffset? now)
    {
        var roots = AssignRoots();
        NameForks();
        NameClocks(now, roots);
        var chains = new List<BackupChain>();
        foreach (var group in Enumerable.Range(0, roots.Length).GroupBy(i => roots[i]).OrderBy(g => g.Key))
        {
            // A stray may be older than the full that it is shown with.
            var members = group.OrderByDescending(i => _bundles[i].Kind == BundleKind.Full).ToList();
            var local = members.Select((global, at) => (global, at)).ToDictionary(x => x.global, x => x.at);
            var bundles = members.ConvertAll(i => _bundles[i]);
            chains.Add(
                new BackupChain
                {
                    ChainId = bundles[0].Id[..12],
                    Engine = bundles[0].Engine,
                    Folder = folder,
                    Full = bundles[0].Kind == BundleKind.Full ? bundles[0] : null,
                    Bundles = bundles,
                    HasSiblings = _siblingsAreFine,
                    Parents = members.ConvertAll(i => _parents[i] >= 0 ? local[_parents[i]] : -1),
                    Problems = bundles
                        .Where(b => _problems.ContainsKey(b.Id))
                        .SelectMany(b => _problems[b.Id])
                        .Concat(bundles.SelectMany(b => b.Notes))
                        .ToList(),
                }
            );
        }
        return chains;
    }

    /// <summary>
    /// The full that each bundle belongs to. A stray (no parent) is shown with the youngest older full of its series,
    /// so that an admin sees it where it is missing; without any full it makes a chain of its own kind.
    /// </summary>
    private int[] AssignRoots()
    {
        var roots = new int[_bundles.Count];
        var resolved = new bool[_bundles.Count];
        int Resolve(int i)
        {
            if (!resolved[i])
            {
                roots[i] =
                    _bundles[i].Kind == BundleKind.Full ? i
                    : _parents[i] >= 0 ? Resolve(_parents[i])
                    : PlaceStray(i);
                resolved[i] = true;
            }
            return roots[i];
        }
        for (var i = 0; i < _bundles.Count; i++)
        {
            // Deep chains would overflow the stack if each were resolved from its tip: parents come first.
            Resolve(i);
        }
        NameForeign(roots);
        return roots;
    }

    private int PlaceStray(int stray)
    {
        var bundle = _bundles[stray];
        var full = -1;
        var before = -1;
        for (var i = 0; i < _bundles.Count; i++)
        {
            var other = _bundles[i];
            if (i == stray || !ChainLinks.AreOfOneSeries(other, bundle))
            {
                continue;
            }
            if (other.Kind == BundleKind.Full && (full < 0 || i < stray))
            {
                full = i;
            }
            if (i < stray && other.End < bundle.Start && (before < 0 || _bundles[before].End < other.End))
            {
                before = i;
            }
        }
        ProblemsOf(_bundles[stray]).Add(StrayProblem(stray, before, full));
        return full >= 0 ? full : FirstStray();
    }

    private ChainProblem StrayProblem(int stray, int before, int full)
    {
        var bundle = _bundles[stray];
        if (full < 0)
        {
            return Broken(
                ErrorCode.NoFullBackup,
                $"{bundle.Name} builds on position {bundle.Start} but there is no full backup here",
                "Bring back the full backup it was made on."
            );
        }
        if (bundle.ParentId is { } parent)
        {
            return Broken(
                ErrorCode.ChainGap,
                $"gap before {bundle.Name}: the bundle it was made on ({parent[..12]}, position {bundle.Start}) is missing",
                "Bring back that bundle; this one cannot be restored without it."
            );
        }
        // Only what was there before: of two that begin after the same gap, the gap is reported for the first.
        var overlapped = _bundles
            .Take(stray)
            .FirstOrDefault(b =>
                b.Kind == BundleKind.Incremental
                && ChainLinks.AreOfOneSeries(b, bundle)
                && b.Start <= bundle.Start
                && bundle.Start < b.End
            );
        if (overlapped is not null || bundle.Start < _bundles[full].End)
        {
            var other = overlapped ?? _bundles[full];
            return Broken(
                ErrorCode.ChainOverlap,
                $"{bundle.Name} starts at {bundle.Start}, inside {other.Name} ({other.Start}..{other.End})"
            );
        }
        var end = before >= 0 ? _bundles[before].End : _bundles[full].End;
        return Broken(
            ErrorCode.ChainGap,
            $"gap before {bundle.Name}: nothing covers {end}..{bundle.Start}",
            $"Add the bundle that covers {end}..{bundle.Start}, or take a new full backup."
        );

        ChainProblem Broken(ErrorCode code, string message, string? recommendation = null) =>
            new(ProblemSeverity.Error, code, message, bundle.FullName, Recommendation: recommendation);
    }

    private int FirstStray() =>
        Enumerable
            .Range(0, _bundles.Count)
            .FirstOrDefault(i => _bundles[i].Kind == BundleKind.Incremental && _parents[i] < 0);

    private void NameForeign(int[] roots)
    {
        // Youngest full before each bundle, per series: walking in order of time keeps this linear.
        var lastFull = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < _bundles.Count; i++)
        {
            var bundle = _bundles[i];
            var series = bundle.Series ?? "";
            if (bundle.Kind == BundleKind.Full)
            {
                lastFull[series] = i;
            }
            else if (
                bundle.ParentId is null
                && _parents[i] >= 0
                && lastFull.TryGetValue(series, out var full)
                && full != roots[i]
                && full > _parents[i]
                && _bundles[full].End < bundle.Start
            )
            {
                ProblemsOf(_bundles[i])
                    .Add(
                        new ChainProblem(
                            ProblemSeverity.Error,
                            ErrorCode.ForeignEpoch,
                            $"{bundle.Name} continues {_bundles[_parents[i]].Name} by position only: "
                                + $"the log was restarted before {_bundles[full].Name} was taken",
                            bundle.FullName
                        )
                    );
                _parents[i] = -1;
            }
        }
    }

    private void NameForks()
    {
        if (_siblingsAreFine)
        {
            return;
        }
        foreach (
            var siblings in Enumerable
                .Range(0, _bundles.Count)
                .Where(i => _parents[i] >= 0)
                .GroupBy(i => _parents[i])
                .Where(g => g.Skip(1).Any())
        )
        {
            var names = string.Join(" and ", siblings.Select(i => _bundles[i].Name));
            ProblemsOf(_bundles[siblings.Last()])
                .Add(
                    new ChainProblem(
                        ProblemSeverity.Warning,
                        ErrorCode.ChainFork,
                        $"{names} all build on {_bundles[siblings.Key].Name}",
                        _bundles[siblings.Last()].FullName
                    )
                );
        }
    }

    /// <summary>Dates that cannot be: before that of the parent, or after now.</summary>
    private void NameClocks(DateTimeOffset? now, int[] roots)
    {
        for (var i = 0; i < _bundles.Count; i++)
        {
            var bundle = _bundles[i];
            if (_parents[i] >= 0 && ClockOrder.IsAfter(_bundles[_parents[i]].CreatedUtc, bundle.CreatedUtc))
            {
                Doubt(bundle, $"{bundle.Name} is dated before {_bundles[_parents[i]].Name}, which it builds on");
            }
        }
        foreach (
            var late in Enumerable
                .Range(0, _bundles.Count)
                .Where(i => now is { } n && ClockOrder.IsAfter(_bundles[i].CreatedUtc, n))
                .GroupBy(i => roots[i], i => _bundles[i])
        )
        {
            // One finding for each chain: with a clock that is behind, all bundles are dated after now.
            var (latest, others) = (late.MaxBy(b => b.CreatedUtc)!, late.Count() - 1);
            Doubt(
                latest,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{latest.Name} is dated {latest.CreatedUtc.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'}, which is after now"
                ) + (others > 0 ? $", and so are {others} more of its chain" : "")
            );
        }
    }

    private void Doubt(BundleHeader bundle, string message) =>
        ProblemsOf(bundle)
            .Add(new ChainProblem(ProblemSeverity.Warning, ErrorCode.ClockDoubtful, message, bundle.FullName));

    private List<ChainProblem> ProblemsOf(BundleHeader bundle) =>
        CollectionsMarshal.GetValueRefOrAddDefault(_problems, bundle.Id, out _) ??= [];
}
