namespace BackupTools.Reports;

/// <summary>What Restore-BackupChain did.</summary>
public sealed class RestoreReport
{
    /// <summary>SQLite, SPG, Grafeo, Alopex or PowDB.</summary>
    public required string Engine { get; init; }

    /// <summary>The chain that was restored.</summary>
    public required string ChainId { get; init; }

    /// <summary>What was asked for: Latest, a position, or a time.</summary>
    public required string Target { get; init; }

    /// <summary>The position that was reached.</summary>
    public required ulong EndPosition { get; init; }

    /// <summary>What positions count: WalBytes, Epoch, Lsn or Txid.</summary>
    public required string PositionUnit { get; init; }

    /// <summary>When the last bundle that was applied was taken; UTC.</summary>
    public required DateTime StateUtc { get; init; }

    /// <summary>Absolute path of the restored database.</summary>
    public required string FullName { get; init; }

    /// <summary>All files that were written, absolute.</summary>
    public required IReadOnlyList<string> Files
    {
        get;
        init => field = new FlatList<string>(value);
    }

    /// <summary>The bundles that were applied, in order, full names.</summary>
    public required IReadOnlyList<string> Bundles
    {
        get;
        init => field = new FlatList<string>(value);
    }

    /// <summary>Bytes restored.</summary>
    public required long Length { get; init; }

    /// <summary>The tables of the database and their rows; null unless the restore was a deep one, and for engines other than SQLite.</summary>
    public IReadOnlyList<TableInfo>? Tables
    {
        get;
        init => field = value is null ? null : new FlatList<TableInfo>(value);
    }

    /// <summary>Findings that did not stop the restore.</summary>
    public required IReadOnlyList<ProblemInfo> Problems
    {
        get;
        init => field = new FlatList<ProblemInfo>(value);
    }

    /// <summary>How many findings there are.</summary>
    public int ProblemCount => Problems.Count;

    /// <summary>How long it took, in seconds.</summary>
    public required double DurationSeconds { get; init; }
}
