namespace BackupTools.Reports;

/// <summary>The state of one database in one folder of bundles.</summary>
public sealed class DatabaseStatus
{
    /// <summary>SQLite, SPG, Grafeo, Alopex or PowDB.</summary>
    public required string Engine { get; init; }

    /// <summary>The database id, as far as names or headers tell; otherwise null.</summary>
    public string? Series { get; init; }

    /// <summary>What people call the database: its name, or that of the folder where the bundles tell none.</summary>
    public string? Database { get; init; }

    /// <summary>The folder that holds the bundles.</summary>
    public required string FullName { get; init; }

    /// <summary>
    /// True when no chain of it has a finding that is an error. Of contents it says something only with
    /// <see cref="IsTested"/>.
    /// </summary>
    public required bool IsValid { get; init; }

    /// <summary>True when each of its chains was tested and found valid (<see cref="ChainStatus.IsTested"/>).</summary>
    public bool IsTested => Chains.Count > 0 && Chains.All(c => c.IsTested);

    /// <summary>How many bundles were taken after the tests that make it tested, and only listed.</summary>
    internal int ListedSinceTest => IsTested ? Chains.Sum(c => c.ListedSinceTest) : 0;

    /// <summary>
    /// True when the newest restorable state is older than the objective, or there is none, or all are dated after now, so
    /// that nobody can say how old they are; null without an objective.
    /// </summary>
    public bool? IsLate { get; init; }

    /// <summary>
    /// When the newest state that can be restored was taken; UTC; null when none can. Dates after now count only where
    /// there is no other.
    /// </summary>
    public DateTime? RestorableUtc { get; init; }

    /// <summary>
    /// Until when that state is known to be the database's own, since a backup found that nothing had changed; UTC;
    /// null if none did.
    /// </summary>
    public DateTime? CurrentUntilUtc { get; init; }

    /// <summary>
    /// For how many seconds nothing is known about the database: since <see cref="CurrentUntilUtc"/> or, without it,
    /// <see cref="RestorableUtc"/>. Null when there is no such state, or it is dated after now.
    /// </summary>
    public double? AgeSeconds { get; init; }

    /// <summary>The last restore drill of one of its chains; null when none is known.</summary>
    public ChainReport? LastDrill { get; init; }

    /// <summary>Bytes of all its bundles on disk.</summary>
    public required long Length { get; init; }

    /// <summary>Its chains, the newest first.</summary>
    public required IReadOnlyList<ChainStatus> Chains
    {
        get;
        init => field = new FlatList<ChainStatus>(value);
    }

    /// <summary>State, name, age and folder in one line.</summary>
    public override string ToString() =>
        $"{State}{(IsLate == true ? ", LATE" : "")}  {Engine} {Database}  "
        + $"newest restorable state {(RestorableUtc is null ? "none" : ReportText.Time(RestorableUtc))}, in {FullName}";

    private string State =>
        ListedSinceTest > 0 ? $"valid at the last test, {ReportText.ListedSince(ListedSinceTest)}"
        : IsTested ? "valid"
        : IsValid ? "listed, not tested"
        : "NOT VALID";
}
