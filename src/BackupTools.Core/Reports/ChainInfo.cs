namespace BackupTools.Reports;

/// <summary>One chain: a full and what builds on it. Get-BackupChain emits it; Test- and Restore- accept it.</summary>
public sealed class ChainInfo
{
    /// <summary>SQLite, SPG, Grafeo, Alopex or PowDB.</summary>
    public required string Engine { get; init; }

    /// <summary>Stable name of the chain, the same wherever it is copied to.</summary>
    public required string ChainId { get; init; }

    /// <summary>Its database id, as far as names or headers tell; otherwise null.</summary>
    public string? Series { get; init; }

    /// <summary>What people call the database: its name, or that of the folder where the bundles tell none.</summary>
    public string? Database { get; init; }

    /// <summary>
    /// True when no problem is an error. Says nothing about contents: those are checked by Test-BackupChain.
    /// </summary>
    public required bool IsValid { get; init; }

    /// <summary>The earliest position that can be restored.</summary>
    public required ulong StartPosition { get; init; }

    /// <summary>The newest position that can be restored.</summary>
    public required ulong EndPosition { get; init; }

    /// <summary>What positions count: WalBytes, Epoch, Lsn or Txid.</summary>
    public required string PositionUnit { get; init; }

    /// <summary>When its first bundle was taken; UTC.</summary>
    public required DateTime CreatedUtc { get; init; }

    /// <summary>When its newest bundle was taken; UTC.</summary>
    public required DateTime NewestUtc { get; init; }

    /// <summary>
    /// Until when its newest state is known to be the database's own, since a backup found that nothing had changed;
    /// UTC. Null if none did since the newest bundle was taken.
    /// </summary>
    public DateTime? CurrentUntilUtc { get; init; }

    /// <summary>How many bundles it has.</summary>
    public required int BundleCount { get; init; }

    /// <summary>The names of the bundles, in the same order.</summary>
    public IReadOnlyList<string> BundleNames => new FlatList<string>([.. Bundles.Select(b => b.Name)]);

    /// <summary>The chain in one line, see <see cref="ReportText.Timeline"/>; with what a snapshot shares.</summary>
    public string Timeline
    {
        get
        {
            var ends = Bundles.ToLookup(b => b.Id, b => b.EndPosition, StringComparer.Ordinal);
            return ReportText.Timeline(
                    Bundles.Select(b =>
                        (string.Equals(b.Kind, "Full", StringComparison.Ordinal), StartOf(b, ends), b.EndPosition)
                    )
                ) + (SharedLength > 0 ? $" shares {ReportText.Size(SharedLength)}" : "");
        }
    }

    /// <summary>Bytes of all bundles on disk.</summary>
    public required long Length { get; init; }

    /// <summary>Of <see cref="Length"/>, the bytes shared with other bundles through hard links.</summary>
    public long SharedLength { get; init; }

    /// <summary>The folder that holds the bundles.</summary>
    public required string FullName { get; init; }

    /// <summary>The bundles, the full first, each after the one it builds on.</summary>
    public required IReadOnlyList<BundleInfo> Bundles
    {
        get;
        init => field = new FlatList<BundleInfo>(value);
    }

    /// <summary>Findings, errors first.</summary>
    public required IReadOnlyList<ProblemInfo> Problems
    {
        get;
        init => field = new FlatList<ProblemInfo>(value);
    }

    /// <summary>
    /// Where what it builds on ends: its own start, except for the first piece of a WAL file (Litestream 0.3), which
    /// begins wherever the previous file ended.
    /// </summary>
    private static ulong StartOf(BundleInfo bundle, ILookup<string, ulong> ends) =>
        bundle.ParentId is { } parent ? ends[parent].Append(bundle.StartPosition).Min() : bundle.StartPosition;

    /// <summary>How many findings there are.</summary>
    public int ProblemCount => Problems.Count;

    /// <summary>Chain id and folder.</summary>
    public override string ToString() => $"{ChainId} in {FullName}";
}
