namespace BackupTools.Benchmarks.Compare;

/// <summary>What a comparison covers.</summary>
internal sealed record CompareSettings
{
    /// <summary>Bytes of the database.</summary>
    public required long Size { get; init; }

    /// <summary>Of full, increment, test and restore those to measure; all when empty.</summary>
    public IReadOnlyList<string> Operations { get; init; } = [];

    /// <summary>Whether borg and restic take part; they need most of the time.</summary>
    public bool WithArchivers { get; init; } = true;

    /// <summary>How much of the size changes before an increment, one match each.</summary>
    public IReadOnlyList<double> Shares { get; init; } = [0.001, 0.01, 0.1];

    /// <summary>Increments after the full, one restore match each.</summary>
    public IReadOnlyList<int> ChainLengths { get; init; } = [1, 10, 100];

    /// <summary>How much of the size changes before each increment of those chains.</summary>
    public double ChainShare { get; init; } = 0.01;

    public bool Covers(string operation) =>
        Operations.Count == 0 || Operations.Contains(operation, StringComparer.OrdinalIgnoreCase);
}
