namespace BackupTools.Reports;

/// <summary>What Test-BackupChain found: whether the chain restores to the target, and everything it noticed.</summary>
public sealed class ChainReport
{
    /// <summary>SQLite, SPG, Grafeo, Alopex or PowDB.</summary>
    public required string Engine { get; init; }

    /// <summary>What people call the database; null in reports of older versions.</summary>
    public string? Database { get; init; }

    /// <summary>The chain that was tested.</summary>
    public required string ChainId { get; init; }

    /// <summary>
    /// True when nothing was found that would stop a restore to the target. Null where nothing was found either, but the
    /// contents, which are encrypted, were not looked at (<see cref="Checked"/> is Outer).
    /// </summary>
    public required bool? IsValid { get; init; }

    /// <summary>The target: Latest, a position, or a time.</summary>
    public required string Target { get; init; }

    /// <summary>
    /// What was checked: Checksums, Deep, or Drill; Outer for sizes and digests of encrypted files that could not be read.
    /// </summary>
    public required string Checked { get; init; }

    /// <summary>When the test began; UTC.</summary>
    public required DateTime TestedUtc { get; init; }

    /// <summary>The bundles that a restore would apply, in order, full names; empty when there is no path.</summary>
    public required IReadOnlyList<string> Plan
    {
        get;
        init => field = new FlatList<string>(value);
    }

    /// <summary>The earliest position that can be restored.</summary>
    public required ulong StartPosition { get; init; }

    /// <summary>The position that a restore to the target would reach.</summary>
    public required ulong EndPosition { get; init; }

    /// <summary>What positions count: WalBytes, Epoch, Lsn or Txid.</summary>
    public required string PositionUnit { get; init; }

    /// <summary>When the newest bundle of the plan was taken; UTC; null when there is no path.</summary>
    public DateTime? StateUtc { get; init; }

    /// <summary>Bytes of the bundles that were read and checked, each bundle counted once.</summary>
    public required long Length { get; init; }

    /// <summary>The folder that holds the bundles.</summary>
    public required string FullName { get; init; }

    /// <summary>Findings, errors first.</summary>
    public required IReadOnlyList<ProblemInfo> Problems
    {
        get;
        init => field = new FlatList<ProblemInfo>(value);
    }

    /// <summary>How many findings there are.</summary>
    public int ProblemCount => Problems.Count;

    /// <summary>Restore drill: bytes of the database that was restored; null without a drill.</summary>
    public long? DrillLength { get; init; }

    /// <summary>Restore drill: how long the restore took, in seconds; null without a drill.</summary>
    public double? DrillSeconds { get; init; }

    /// <summary>Restore drill: the tables of the database and their rows; null without a drill, and for engines other than SQLite.</summary>
    public IReadOnlyList<TableInfo>? DrillTables
    {
        get;
        init => field = value is null ? null : new FlatList<TableInfo>(value);
    }

    /// <summary>How long the test took, in seconds.</summary>
    public required double DurationSeconds { get; init; }
}
