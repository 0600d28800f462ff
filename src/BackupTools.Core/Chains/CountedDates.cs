namespace BackupTools.Chains;

/// <summary>
/// The dates by which rules of days and spans count. A date that is earlier than that of a point taken before, or later
/// than now, is wrong, or the other one is; what the clock showed does not tell which.
/// </summary>
internal static class CountedDates
{
    /// <summary>
    /// The points, newest first, each with the date it counts by: its own, or, where that is not believed, the one of the
    /// point taken before; null where no date tells. Where dates contradict each other there are two such lists: in one
    /// the later date is believed, in the other those dates of which most agree. Only what neither keeps may go.
    /// </summary>
    /// <param name="points">Restore points of one database.</param>
    /// <param name="now">The clock; no date after it is believed.</param>
    public static IReadOnlyList<IReadOnlyList<(BundleHeader Bundle, DateTimeOffset? Date)>> Of(
        IEnumerable<BundleHeader> points,
        DateTimeOffset now
    )
    {
        var ordered = points.OrderBy(b => b.OrderUtc).ToList();
        var possible = ordered.Where(b => !ClockOrder.IsAfter(b.CreatedUtc, now)).ToList();
        var agreeing = Agreeing(possible);
        return agreeing.Count == possible.Count
            ? [Dated(ordered, possible)]
            : [Dated(ordered, possible), Dated(ordered, agreeing)];
    }

    private static List<(BundleHeader Bundle, DateTimeOffset? Date)> Dated(
        List<BundleHeader> ordered,
        List<BundleHeader> believed
    )
    {
        var isBelieved = believed.ToHashSet<BundleHeader>(ReferenceEqualityComparer.Instance);
        var date = believed.Count > 0 ? believed[0].CreatedUtc : (DateTimeOffset?)null;
        var dated = new List<(BundleHeader, DateTimeOffset?)>(ordered.Count);
        foreach (var point in ordered)
        {
            date = point.CreatedUtc > date && isBelieved.Contains(point) ? point.CreatedUtc : date;
            dated.Add((point, date));
        }
        dated.Reverse();
        return dated;
    }

    /// <summary>As many as possible of which none is dated before one that was taken earlier.</summary>
    private static List<BundleHeader> Agreeing(List<BundleHeader> ordered)
    {
        // ends[n]: of the runs of n + 1 dates so far, the last place of the one that ends earliest.
        var ends = new List<int>();
        var before = new int[ordered.Count];
        for (var i = 0; i < ordered.Count; i++)
        {
            var (low, high) = (0, ends.Count);
            while (low < high)
            {
                var middle = (low + high) / 2;
                (low, high) =
                    ordered[ends[middle]].CreatedUtc <= ordered[i].CreatedUtc ? (middle + 1, high) : (low, middle);
            }
            before[i] = low > 0 ? ends[low - 1] : -1;
            if (low == ends.Count)
                ends.Add(i);
            else
                ends[low] = i;
        }
        var run = new List<BundleHeader>();
        for (var i = ends.Count > 0 ? ends[^1] : -1; i >= 0; i = before[i])
            run.Add(ordered[i]);
        run.Reverse();
        return run;
    }
}
