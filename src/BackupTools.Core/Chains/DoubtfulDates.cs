namespace BackupTools.Chains;

/// <summary>
/// Finds the restore points of a database whose dates are contradicted (by now, or by the date of what was taken after
/// them) and do not tell whether they were taken before or after some other point, of which nothing else tells it either.
/// </summary>
internal sealed class DoubtfulDates
{
    private readonly List<Point> _points = [];

    private DoubtfulDates() { }

    /// <summary>The points in doubt.</summary>
    /// <param name="chains">The chains of one database.</param>
    /// <param name="now">The clock.</param>
    public static IReadOnlySet<BundleHeader> Of(IEnumerable<BackupChain> chains, DateTimeOffset now)
    {
        var dates = new DoubtfulDates();
        foreach (var chain in chains)
        {
            dates.Add(chain);
        }
        dates.Span(now);
        return dates
            ._points.Where(p => p.To - p.From > ClockOrder.Tolerance.Ticks && dates.IsContested(p))
            .Select(p => p.Bundle)
            .ToHashSet<BundleHeader>(ReferenceEqualityComparer.Instance);
    }

    private void Add(BackupChain chain)
    {
        var reachable = chain.Reachable();
        var points = new Point[chain.Bundles.Count];
        for (var i = 0; i < points.Length; i++)
        {
            if (reachable[i])
            {
                points[i] = new Point(chain.Bundles[i], chain.Parents[i] >= 0 ? points[chain.Parents[i]] : null);
                _points.Add(points[i]);
            }
        }
    }

    /// <summary>
    /// Between which dates each point lies: not after any that was taken after it, where its own date is later than now
    /// perhaps before all, and not before any that it was taken after.
    /// </summary>
    private void Span(DateTimeOffset now)
    {
        // Children come after their parents.
        foreach (var point in _points.AsEnumerable().Reverse())
        {
            point.Parent?.Limit(point.From);
            point.Parent?.Count += point.Count;
        }
        _ = _points.Aggregate(0, (free, point) => point.Number(free));
        var recorded = _points.OrderByDescending(p => p.TakenAfter).ToList();
        var earliest = long.MaxValue;
        var next = 0;
        foreach (var point in _points.OrderByDescending(p => p.To))
        {
            for (; next < recorded.Count && recorded[next].TakenAfter >= point.To; next++)
            {
                earliest = Math.Min(earliest, recorded[next].From);
            }
            point.Limit(earliest);
        }
        foreach (var point in _points.Where(p => p.From - now.UtcTicks > ClockOrder.Tolerance.Ticks))
        {
            point.Limit(0);
        }
    }

    private bool IsContested(Point point) =>
        _points.Exists(other =>
            other.From <= point.To
            && point.From <= other.To
            && other.TakenAfter < point.To
            && point.TakenAfter < other.To
            && !other.IsBelow(point)
            && !point.IsBelow(other)
        );

    private sealed class Point(BundleHeader bundle, Point? parent)
    {
        private int _place;
        private int _next;

        public BundleHeader Bundle => bundle;

        public Point? Parent => parent;

        /// <summary>It and all that builds on it.</summary>
        public int Count { get; set; } = 1;

        /// <summary>What it or anything that it builds on says, in ticks like all that follows; −1 for nothing.</summary>
        public long TakenAfter { get; } = Math.Max(bundle.TakenAfterUtc?.UtcTicks ?? -1, parent?.TakenAfter ?? -1);

        public long From { get; private set; } = bundle.CreatedUtc.UtcTicks;

        public long To { get; } = bundle.OrderUtc.UtcTicks;

        public void Limit(long latest) => From = Math.Min(From, latest);

        /// <summary>Numbers the points so that those of a subtree follow its root; returns the number after it.</summary>
        public int Number(int free)
        {
            _place = parent?._next ?? free;
            _next = _place + 1;
            if (parent is null)
            {
                return free + Count;
            }
            parent._next += Count;
            return free;
        }

        /// <summary>True for the point itself and for what builds on it.</summary>
        public bool IsBelow(Point other) => other._place <= _place && _place < other._place + other.Count;
    }
}
