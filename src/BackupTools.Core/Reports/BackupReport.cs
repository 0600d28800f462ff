namespace BackupTools.Reports;

/// <summary>
/// What Export-BackupReport wrote: the state of the databases in some folders, as data and as a file.
/// </summary>
public sealed class BackupReport
{
    /// <summary>The title of the page.</summary>
    public required string Title { get; init; }

    /// <summary>When it was made; ages refer to this moment; UTC.</summary>
    public required DateTime CreatedUtc { get; init; }

    /// <summary>How old the newest restorable state of a database may be, in seconds; null if not given.</summary>
    public double? RecoveryPointObjectiveSeconds { get; init; }

    /// <summary>
    /// True when there are databases and none is late, nothing is damaged, every folder could be read and there are no
    /// notes.
    /// </summary>
    public bool IsHealthy =>
        Databases.Count > 0 && LateCount == 0 && InvalidCount == 0 && Problems.Count == 0 && Notes.Count == 0;

    /// <summary>How many databases miss the recovery point objective.</summary>
    public int LateCount => Databases.Count(d => d.IsLate == true);

    /// <summary>How many databases have findings that are errors.</summary>
    public int InvalidCount => Databases.Count(d => !d.IsValid);

    /// <summary>Bytes of all bundles on disk.</summary>
    public long Length => Databases.Sum(d => d.Length);

    /// <summary>Every database of every folder, those with trouble first.</summary>
    public required IReadOnlyList<DatabaseStatus> Databases
    {
        get;
        init => field = new FlatList<DatabaseStatus>(value);
    }

    /// <summary>Notes of the run that made the report, such as the errors of the night.</summary>
    public required IReadOnlyList<string> Notes
    {
        get;
        init => field = new FlatList<string>(value);
    }

    /// <summary>Folders that could not be read or hold nothing.</summary>
    public required IReadOnlyList<ProblemInfo> Problems
    {
        get;
        init => field = new FlatList<ProblemInfo>(value);
    }

    /// <summary>How many findings there are.</summary>
    public int ProblemCount => Problems.Count;

    /// <summary>The file; absolute.</summary>
    public required string FullName { get; init; }

    /// <summary>Bytes of the file that was written; null for a plan.</summary>
    public long? PageLength { get; internal set; }

    /// <summary>The report in lines for people.</summary>
    public IReadOnlyList<string> Describe() =>
        [
            $"report on {ReportPage.Count(Databases.Count, "database")} to {FullName}",
            .. Databases.Select(d => $"  {d}"),
            .. Problems.Select(p => $"  {p}"),
            .. Notes.Select(n => $"  note  {n}"),
        ];
}
