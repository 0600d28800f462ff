namespace BackupTools.Reports;

/// <summary>The state of one database, as numbers for a monitoring system; null if unknown.</summary>
internal sealed class DatabaseFacts
{
    private readonly IReadOnlyList<ProblemInfo> _problems;

    public DatabaseFacts(DatabaseStatus status)
    {
        Status = status;
        _problems = status.Chains.SelectMany(c => c.Problems).ToList();
        var tested = status.Chains.Where(c => c.LastTest is not null).ToList();
        if (tested.Count > 0)
        {
            LastTestUtc = Utc(tested.Max(c => Utc(c.LastTest!.TestedUtc)));
            LastTestIsValid =
                tested.Exists(c => c.LastTest!.IsValid == false) ? false
                : tested.TrueForAll(c => c.IsTestedToEnd) ? true
                : null;
        }
    }

    public DatabaseStatus Status { get; }

    public string Name => ReportCard.NameOf(Status);

    /// <summary>When the newest test of any chain began.</summary>
    public DateTime? LastTestUtc { get; }

    /// <summary>
    /// True when the last test of every chain that was tested found it valid, false when one did not; null also where bundles
    /// are encrypted and were not opened, or the test ended before the end.
    /// </summary>
    public bool? LastTestIsValid { get; }

    public DateTime? LastDrillUtc => Status.LastDrill is { } drill ? Utc(drill.TestedUtc) : null;

    /// <summary>Tables that the last drill restored; null where it counted none.</summary>
    public int? LastDrillTables => Status.LastDrill?.DrillTables?.Count;

    /// <summary>Rows of all these tables.</summary>
    public double? LastDrillRows =>
        Status.LastDrill?.DrillTables is { } tables ? (double)ReportDrill.Rows(tables) : null;

    public int BundleCount => Status.Chains.Sum(c => c.BundleCount);

    public int Count(string severity) => Count(_problems, severity);

    public static int Count(IEnumerable<ProblemInfo> problems, string severity) =>
        problems.Count(p => string.Equals(p.Severity, severity, StringComparison.Ordinal));

    /// <summary>Results of tests come back from files, where a time may have lost its kind or changed its zone.</summary>
    public static DateTime Utc(DateTime time) =>
        time.Kind == DateTimeKind.Local ? time.ToUniversalTime() : DateTime.SpecifyKind(time, DateTimeKind.Utc);
}
