using System.Runtime.InteropServices;

namespace BackupTools.Chains;

/// <summary>
/// Finds what each bundle builds on and the order in which the bundles were taken. What is proved decides: the parent
/// that a bundle names, the position it continues from, the place that it says it has
/// (<see cref="BundleHeader.TakenAfterUtc"/>). Dates decide only between what is left.
/// </summary>
internal sealed class ChainLinks
{
    private readonly IReadOnlyList<BundleHeader> _found;
    private readonly bool _isOneLine;
    private readonly int[] _parents;

    private ChainLinks(IReadOnlyList<BundleHeader> found, bool isOneLine)
    {
        (_found, _isOneLine) = (found, isOneLine);
        _parents = new int[found.Count];
    }

    /// <summary>The bundles in the order they were taken, each after its parent.</summary>
    public List<BundleHeader> Bundles { get; } = [];

    /// <summary>The parent of each of <see cref="Bundles"/> by index into it; −1 for fulls and for a missing parent.</summary>
    public List<int> Parents { get; } = [];

    /// <summary>Links bundles, each of which is there once.</summary>
    /// <param name="found">The bundles as <see cref="Sorted"/> gives them.</param>
    /// <param name="isOneLine">
    /// The log has one line and no differentials: an increment that holds nothing lies before all that start where it
    /// does.
    /// </param>
    /// <param name="now">The clock; dates after it tell nothing. Null: every date is taken as it is.</param>
    public static ChainLinks Of(IReadOnlyList<BundleHeader> found, bool isOneLine, DateTimeOffset? now)
    {
        var links = new ChainLinks(found, isOneLine);
        links.FindParents();
        links.PutInOrder(now);
        return links;
    }

    /// <summary>By place; what is of the same place by position, so that parents come before children.</summary>
    public static IEnumerable<BundleHeader> Sorted(IEnumerable<BundleHeader> headers) =>
        headers
            .OrderBy(h => h.OrderUtc)
            .ThenBy(h => h.Kind)
            .ThenBy(h => h.End.Value)
            .ThenBy(h => h.Start.Value)
            .ThenBy(h => h.FullName, StringComparer.Ordinal);

    public static bool AreOfOneSeries(BundleHeader a, BundleHeader b) =>
        a.Series is null || b.Series is null || string.Equals(a.Series, b.Series, StringComparison.Ordinal);

    private void FindParents()
    {
        var byId = new Dictionary<string, int>(StringComparer.Ordinal);
        var byEnd = new Dictionary<ChainPosition, List<int>>();
        for (var i = 0; i < _found.Count; i++)
        {
            byId[_found[i].Id] = i;
            if (!IsEmpty(_found[i]))
            {
                ListAt(byEnd, _found[i].End).Add(i);
            }
        }
        var empties = new Dictionary<int, List<int>>();
        for (var i = 0; i < _found.Count; i++)
        {
            var bundle = _found[i];
            _parents[i] =
                bundle.Kind == BundleKind.Full ? -1
                : bundle.ParentId is { } id ? byId.GetValueOrDefault(id, -1)
                : byEnd.TryGetValue(bundle.Start, out var candidates) ? Choose(candidates, i)
                : -1;
            if (_parents[i] >= 0 && IsEmpty(bundle))
            {
                ListAt(empties, _parents[i]).Add(i);
            }
        }
        foreach (var row in empties.Values)
        {
            for (var i = 1; i < row.Count; i++)
            {
                _parents[row[i]] = row[i - 1];
            }
        }
        for (var i = 0; i < _found.Count; i++)
        {
            if (
                _found[i] is { Kind: BundleKind.Incremental, ParentId: null } bundle
                && !IsEmpty(bundle)
                && empties.TryGetValue(_parents[i], out var row)
            )
            {
                var last = _isOneLine ? row.Count - 1 : Before(row, i);
                _parents[i] = last >= 0 ? row[last] : _parents[i];
            }
        }
    }

    /// <summary>It ends where it starts and names no parent: only its date tells it from others like it.</summary>
    private static bool IsEmpty(BundleHeader bundle) =>
        bundle is { Kind: BundleKind.Incremental, ParentId: null } && bundle.Start == bundle.End;

    /// <summary>
    /// Of the bundles that end where this one starts the last that was taken before it; when all are dated after it,
    /// the last of all: it cannot have been taken before what it continues.
    /// </summary>
    private int Choose(List<int> candidates, int increment)
    {
        var before = Before(candidates, increment);
        var chosen = ChooseUpTo(candidates, before, increment);
        return chosen >= 0 ? chosen : ChooseUpTo(candidates, candidates.Count - 1, increment);
    }

    private int ChooseUpTo(List<int> candidates, int last, int increment)
    {
        var best = -1;
        for (var at = last; at >= 0; at--)
        {
            var candidate = candidates[at];
            if (candidate == increment || !AreOfOneSeries(_found[candidate], _found[increment]))
            {
                continue;
            }
            if (best >= 0 && _found[candidate].OrderUtc < _found[best].OrderUtc)
            {
                break;
            }
            // A merged full has the place of the increment that it ends with. It is the one to continue.
            if (best < 0 || _found[candidate].Kind == BundleKind.Full)
            {
                best = candidate;
            }
        }
        return best;
    }

    /// <summary>Where in a rising list the last number below this one is; −1 for nowhere.</summary>
    private static int Before(List<int> rising, int number)
    {
        var at = rising.BinarySearch(number);
        return (at < 0 ? ~at : at) - 1;
    }

    private static List<int> ListAt<TKey>(Dictionary<TKey, List<int>> lists, TKey key)
        where TKey : notnull => CollectionsMarshal.GetValueRefOrAddDefault(lists, key, out _) ??= [];

    private void PutInOrder(DateTimeOffset? now)
    {
        var placed = new BundleHeader?[_found.Count];
        var depths = new int[_found.Count];
        foreach (var i in ParentsFirst())
        {
            var (bundle, parent) = (_found[i], _parents[i] >= 0 ? placed[_parents[i]] : null);
            depths[i] = parent is null ? 0 : depths[_parents[i]] + 1;
            var place = parent?.OrderUtc > bundle.OrderUtc ? parent.OrderUtc : bundle.OrderUtc;
            var state =
                !IsKnown(parent, now) ? bundle.CreatedUtc
                // Later than what it builds on, however little: the date of that one means that one.
                : !IsKnown(bundle, now) ? ClockOrder.After(parent!.StateUtc)
                : bundle.CreatedUtc > parent!.StateUtc ? bundle.CreatedUtc
                : parent.StateUtc;
            placed[i] =
                place == bundle.OrderUtc && state == bundle.StateUtc
                    ? bundle
                    : bundle with
                    {
                        OrderUtc = place,
                        StateUtc = state,
                    };
        }
        var order = Enumerable
            .Range(0, placed.Length)
            .OrderBy(i => placed[i]!.OrderUtc)
            .ThenBy(i => depths[i])
            .ToList();
        var places = new int[placed.Length];
        for (var at = 0; at < order.Count; at++)
        {
            places[order[at]] = at;
        }
        Bundles.AddRange(order.Select(i => placed[i]!));
        Parents.AddRange(order.Select(i => _parents[i] < 0 ? -1 : places[_parents[i]]));
    }

    private static bool IsKnown(BundleHeader? bundle, DateTimeOffset? now) =>
        bundle is not null && !(now is { } n && ClockOrder.IsAfter(bundle.StateUtc, n));

    /// <summary>Every index, after that of its parent. Bundles that name each other as parents are cut apart.</summary>
    private List<int> ParentsFirst()
    {
        const int Waiting = 1;
        const int Done = 2;
        var states = new int[_found.Count];
        var order = new List<int>(_found.Count);
        var way = new Stack<int>();
        for (var start = 0; start < _found.Count; start++)
        {
            for (var i = start; i >= 0 && states[i] != Done; i = _parents[i])
            {
                if (states[i] == Waiting)
                {
                    _parents[way.Peek()] = -1;
                    break;
                }
                states[i] = Waiting;
                way.Push(i);
            }
            while (way.TryPop(out var i))
            {
                states[i] = Done;
                order.Add(i);
            }
        }
        return order;
    }
}
