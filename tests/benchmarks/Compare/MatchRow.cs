namespace BackupTools.Benchmarks.Compare;

/// <summary>One contestant's result in one match; what a line of the table and an object of the JSON show.</summary>
internal sealed record MatchRow
{
    public required string Engine { get; init; }

    public required string Operation { get; init; }

    public required string Contestant { get; init; }

    public required int Runs { get; init; }

    public required double MedianSeconds { get; init; }

    public required double MinSeconds { get; init; }

    public required double MaxSeconds { get; init; }

    /// <summary>The median less that of starting our program for nothing; for our own program only.</summary>
    public double? AfterStartSeconds { get; init; }

    /// <summary>The contestant whose median is 1.</summary>
    public required string Baseline { get; init; }

    /// <summary>The median of the ratios of the runs, each to the baseline's run of the same round.</summary>
    public required double Ratio { get; init; }

    public double? CpuSeconds { get; init; }

    public long? PeakMemory { get; init; }

    /// <summary>Peak memory above that of the idle process; for our own program only.</summary>
    public long? MemoryAboveIdle { get; init; }

    public long? BytesWritten { get; init; }
}
