using BackupTools.Errors;

namespace BackupTools.Chains;

/// <summary>
/// Orders the headers found in one folder into chains and names what does not fit. Pure: reads nothing but headers.
/// </summary>
/// <remarks>
/// An increment's parent is the bundle its own side data names, else the youngest older bundle of the same series
/// that ends where the increment starts. Positions grow within one epoch of a log, so a full that is younger than
/// such a parent but ends before it proves that the log was restarted in between: the increment is then foreign.
/// </remarks>
internal sealed class ChainBuilder
{
    private readonly List<BundleHeader> _bundles = [];
    private readonly List<int> _parents = [];
    private readonly Dictionary<string, int> _byId = new(StringComparer.Ordinal);
    private readonly Dictionary<ChainPosition, List<int>> _byEnd = [];
    private readonly Dictionary<int, List<ChainProblem>> _problems = [];
    private readonly Dictionary<string, List<ChainProblem>> _copies = new(StringComparer.Ordinal);
    private readonly bool _siblingsAreFine;

    private ChainBuilder(bool siblingsAreFine) => _siblingsAreFine = siblingsAreFine;

    /// <summary>
    /// Builds the chains of one engine's bundles in one folder, oldest first.
    /// </summary>
    /// <param name="folder">The folder, for the result only.</param>
    /// <param name="headers">The headers in any order; copies of one bundle share their Id.</param>
    /// <param name="siblingsAreFine">Several increments on one bundle are differentials, not a fork.</param>
    public static IReadOnlyList<BackupChain> Build(
        string folder,
        IEnumerable<BundleHeader> headers,
        bool siblingsAreFine
    )
    {
        var builder = new ChainBuilder(siblingsAreFine);
        // Parents come before children: by time, and for bundles of the same instant by position.
        foreach (
            var header in builder
                .WithoutCopies(headers)
                .OrderBy(h => h.CreatedUtc)
                .ThenBy(h => h.Kind)
                .ThenBy(h => h.End.Value)
                .ThenBy(h => h.Start.Value)
                .ThenBy(h => h.FullName, StringComparer.Ordinal)
        )
        {
            builder.Add(header);
        }
        builder.LinkLateParents();
        return builder.Chains(folder);
    }

    /// <summary>
    /// Each bundle once. Of several copies the one counts that still has the name it was given, which says whose it is;
    /// a copy made by hand is called "NAME (1)" or "NAME copy".
    /// </summary>
    private IEnumerable<BundleHeader> WithoutCopies(IEnumerable<BundleHeader> headers)
    {
        foreach (var same in headers.GroupBy(h => h.ContentId ?? h.Id, StringComparer.Ordinal))
        {
            var originals = new Dictionary<string, BundleHeader>(StringComparer.Ordinal);
            foreach (
                var header in same.OrderByDescending(h => h.HasOwnName)
                    .ThenBy(h => h.Name.Length)
                    .ThenBy(h => h.FullName, StringComparer.Ordinal)
            )
            {
                var original =
                    originals.GetValueOrDefault(header.Id)
                    ?? originals.Values.FirstOrDefault(o => o.HasOwnName && !header.HasOwnName);
                if (original is null)
                {
                    originals.Add(header.Id, header);
                    yield return header;
                    continue;
                }
                if (!_copies.TryGetValue(original.Id, out var copies))
                {
                    _copies[original.Id] = copies = [];
                }
                copies.Add(
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

    private void Add(BundleHeader header)
    {
        var index = _bundles.Count;
        _bundles.Add(header);
        _byId.Add(header.Id, index);
        if (_copies.TryGetValue(header.Id, out var copies))
        {
            ProblemsOf(index).AddRange(copies);
        }
        _parents.Add(header.Kind == BundleKind.Full ? -1 : FindParent(header, index));
        if (!_byEnd.TryGetValue(header.End, out var sameEnd))
        {
            _byEnd[header.End] = sameEnd = [];
        }
        sameEnd.Add(index);
    }

    /// <summary>The youngest bundle before <paramref name="before"/> that the increment can build on; −1 for none.</summary>
    private int FindParent(BundleHeader increment, int before)
    {
        if (increment.ParentId is { } id)
        {
            return _byId.TryGetValue(id, out var named) && named != before ? named : -1;
        }
        if (!_byEnd.TryGetValue(increment.Start, out var candidates))
        {
            return -1;
        }
        var best = -1;
        for (var i = candidates.Count - 1; i >= 0; i--)
        {
            var candidate = candidates[i];
            if (candidate == before || !SameSeries(_bundles[candidate], increment))
            {
                continue;
            }
            if (best >= 0 && _bundles[candidate].CreatedUtc < _bundles[best].CreatedUtc)
            {
                break;
            }
            // A merged full is dated like the increment that it ends with. It is the one to go on with.
            if (best < 0 || _bundles[candidate].Kind == BundleKind.Full)
            {
                best = candidate;
            }
        }
        return best;
    }

    /// <summary>
    /// A clock that was set back can make a parent look younger than its child. Where positions grow, or an id names
    /// the parent, that is harmless: look once more among all bundles.
    /// </summary>
    private void LinkLateParents()
    {
        for (var i = 0; i < _bundles.Count; i++)
        {
            var bundle = _bundles[i];
            if (bundle.Kind != BundleKind.Incremental || _parents[i] >= 0)
            {
                continue;
            }
            var parent = bundle.ParentId is not null || bundle.End > bundle.Start ? FindParent(bundle, i) : -1;
            if (parent >= 0 && !IsAncestor(i, parent))
            {
                _parents[i] = parent;
                ProblemsOf(i)
                    .Add(
                        new ChainProblem(
                            ProblemSeverity.Warning,
                            ErrorCode.ChainOverlap,
                            $"{bundle.Name} is dated before {_bundles[parent].Name}, which it builds on: "
                                + "the clock was set back between them",
                            bundle.FullName,
                            Recommendation: "Nothing is to be done; restores to a point in time may choose oddly here."
                        )
                    );
            }
        }
    }

    private bool IsAncestor(int ancestor, int of)
    {
        for (var i = of; i >= 0; i = _parents[i])
        {
            if (i == ancestor)
            {
                return true;
            }
        }
        return false;
    }

    private static bool SameSeries(BundleHeader a, BundleHeader b) =>
        a.Series is null || b.Series is null || string.Equals(a.Series, b.Series, StringComparison.Ordinal);

    private List<BackupChain> Chains(string folder)
    {
        var roots = AssignRoots();
        NameForks();
        var chains = new List<BackupChain>();
        foreach (var group in roots.Select((root, i) => (root, i)).GroupBy(x => x.root, x => x.i))
        {
            var members = InOrder(group);
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
                    Parents = members.ConvertAll(i => _parents[i] >= 0 ? local[_parents[i]] : -1),
                    Problems = members
                        .Where(_problems.ContainsKey)
                        .SelectMany(i => _problems[i])
                        .Concat(bundles.SelectMany(b => b.Notes))
                        .ToList(),
                }
            );
        }
        return chains;
    }

    /// <summary>Members with every parent before its children; indexes already are, but for parents linked late.</summary>
    private List<int> InOrder(IEnumerable<int> group)
    {
        int Depth(int i) => _parents[i] < 0 ? 0 : 1 + Depth(_parents[i]);
        var members = group.ToList();
        return members.TrueForAll(i => _parents[i] < i)
            ? members.OrderByDescending(i => _bundles[i].Kind == BundleKind.Full).ThenBy(i => i).ToList()
            : members.OrderByDescending(i => _bundles[i].Kind == BundleKind.Full).ThenBy(Depth).ThenBy(i => i).ToList();
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
            if (i == stray || !SameSeries(other, bundle))
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
        ProblemsOf(stray).Add(StrayProblem(stray, before, full));
        return full >= 0 ? full : FirstStray();
    }

    private ChainProblem StrayProblem(int stray, int before, int full)
    {
        var bundle = _bundles[stray];
        if (full < 0)
        {
            return new ChainProblem(
                ProblemSeverity.Error,
                ErrorCode.NoFullBackup,
                $"{bundle.Name} builds on position {bundle.Start} but there is no full backup here",
                bundle.FullName,
                Recommendation: "Bring back the full backup it was made on."
            );
        }
        if (bundle.ParentId is { } parent)
        {
            return new ChainProblem(
                ProblemSeverity.Error,
                ErrorCode.ChainGap,
                $"gap before {bundle.Name}: the bundle it was made on ({parent[..12]}, position {bundle.Start}) is missing",
                bundle.FullName
            );
        }
        // Only what was there before: of two that begin behind the same gap, the first is told of the gap.
        var overlapped = _bundles
            .Take(stray)
            .FirstOrDefault(b =>
                b.Kind == BundleKind.Incremental
                && SameSeries(b, bundle)
                && b.Start <= bundle.Start
                && bundle.Start < b.End
            );
        if (overlapped is not null || bundle.Start < _bundles[full].End)
        {
            var other = overlapped ?? _bundles[full];
            return new ChainProblem(
                ProblemSeverity.Error,
                ErrorCode.ChainOverlap,
                $"{bundle.Name} starts at {bundle.Start}, inside {other.Name} ({other.Start}..{other.End})",
                bundle.FullName
            );
        }
        var end = before >= 0 ? _bundles[before].End : _bundles[full].End;
        return new ChainProblem(
            ProblemSeverity.Error,
            ErrorCode.ChainGap,
            $"gap before {bundle.Name}: nothing covers {end}..{bundle.Start}",
            bundle.FullName,
            Recommendation: $"Add the bundle that covers {end}..{bundle.Start}, or take a new full backup."
        );
    }

    private int FirstStray()
    {
        for (var i = 0; i < _bundles.Count; i++)
        {
            if (_bundles[i].Kind == BundleKind.Incremental && _parents[i] < 0)
            {
                return i;
            }
        }
        return 0;
    }

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
                ProblemsOf(i)
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
            ProblemsOf(siblings.Last())
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

    private List<ChainProblem> ProblemsOf(int index)
    {
        if (!_problems.TryGetValue(index, out var list))
        {
            _problems[index] = list = [];
        }
        return list;
    }
}
