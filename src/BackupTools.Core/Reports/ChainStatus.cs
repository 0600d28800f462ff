namespace BackupTools.Reports;

/// <summary>The state of one chain, bundle by bundle.</summary>
public sealed class ChainStatus
{
    /// <summary>Stable name of the chain.</summary>
    public required string ChainId { get; init; }

    /// <summary>
    /// True when no finding is an error, in the listing or in the test that was given. Of contents it says something only with
    /// <see cref="IsTested"/>.
    /// </summary>
    public required bool IsValid { get; init; }

    /// <summary>
    /// True when it is valid and <see cref="LastTest"/> read its contents to the end and found them so; what was taken after
    /// that test was only listed.
    /// </summary>
    public bool IsTested => IsValid && IsTestedToEnd;

    /// <summary>
    /// The newest known test, where a test that went well up to an earlier position only counts last; null when only the
    /// headers were read.
    /// </summary>
    public ChainReport? LastTest { get; init; }

    /// <summary>True when <see cref="LastTest"/> ended before the end that there was.</summary>
    internal bool IsTestPartial { get; init; }

    /// <summary>True when <see cref="LastTest"/> went well, to the end that there was.</summary>
    internal bool IsTestedToEnd => LastTest?.IsValid == true && !IsTestPartial;

    /// <summary>How many bundles were taken after <see cref="LastTest"/>, and only listed.</summary>
    internal int ListedSinceTest { get; init; }

    /// <summary>The bundles, the full first, each after the one it builds on.</summary>
    public required IReadOnlyList<BundleStatus> Bundles
    {
        get;
        init => field = new FlatList<BundleStatus>(value);
    }

    /// <summary>How many bundles it has.</summary>
    public int BundleCount => Bundles.Count;

    /// <summary>When <see cref="LastTest"/> began; UTC; null without one.</summary>
    public DateTime? LastTestUtc => LastTest?.TestedUtc;

    /// <summary>Findings of the headers and of the last test, errors first.</summary>
    public required IReadOnlyList<ProblemInfo> Problems
    {
        get;
        init => field = new FlatList<ProblemInfo>(value);
    }

    /// <summary>How many findings there are.</summary>
    public int ProblemCount => Problems.Count;

    /// <summary>Bytes of all bundles on disk.</summary>
    public long Length => Bundles.Sum(b => b.Length);
}
