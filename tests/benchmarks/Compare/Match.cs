namespace BackupTools.Benchmarks.Compare;

/// <summary>Lets contestants do the same work in turn, so that a machine that slows down slows all of them down.</summary>
internal sealed class Match(Workshop workshop)
{
    /// <summary>Runs one round that does not count, then the others.</summary>
    /// <param name="engine">Whose data it is.</param>
    /// <param name="operation">What is done.</param>
    /// <param name="contestants">The first is the baseline.</param>
    public IEnumerable<MatchRow> Play(string engine, string operation, IReadOnlyList<Contestant> contestants)
    {
        workshop.Say($"{engine}: {operation}");
        var rounds = new List<Measurement[]>();
        for (var round = 0; round <= workshop.Runs; round++)
        {
            var results = contestants.Select(RunOnce).ToArray();
            if (round > 0)
            {
                rounds.Add(results);
            }
        }
        return contestants.Select((c, i) => Row(engine, operation, contestants, i, rounds));
    }

    private Measurement RunOnce(Contestant contestant)
    {
        contestant.Prepare();
        workshop.Settle();
        var result = contestant.Run();
        workshop.Say($"  {contestant.Name, -12} {result.Seconds:F3} s");
        return result;
    }

    private MatchRow Row(
        string engine,
        string operation,
        IReadOnlyList<Contestant> contestants,
        int index,
        List<Measurement[]> rounds
    )
    {
        var mine = rounds.Select(r => r[index]).ToList();
        var median = Median(mine.Select(m => m.Seconds));
        var memory = mine.Max(m => m.PeakMemory);
        var ours = contestants[index].Name == Workshop.OurName;
        return new MatchRow
        {
            Engine = engine,
            Operation = operation,
            Contestant = contestants[index].Name,
            Runs = mine.Count,
            MedianSeconds = median,
            MinSeconds = mine.Min(m => m.Seconds),
            MaxSeconds = mine.Max(m => m.Seconds),
            AfterStartSeconds = ours ? median - workshop.Idle.Seconds : null,
            Baseline = contestants[0].Name,
            Ratio = Median(rounds.Select(r => r[index].Seconds / r[0].Seconds)),
            CpuSeconds = MedianOrNull(mine.Select(m => m.CpuSeconds)),
            PeakMemory = memory,
            MemoryAboveIdle = ours ? memory - workshop.Idle.PeakMemory : null,
            BytesWritten = mine.Max(m => m.BytesWritten),
        };
    }

    public static double? MedianOrNull(IEnumerable<double?> values) =>
        values.All(v => v is not null) ? Median(values.Select(v => v!.Value)) : null;

    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
    }
}
