namespace BackupTools.Reports;

/// <summary>What a copy of chains into a second folder did.</summary>
public sealed class CopyReport
{
    /// <summary>The folder that was copied from.</summary>
    public required string SourceFullName { get; init; }

    /// <summary>The folder that was copied to.</summary>
    public required string FullName { get; init; }

    /// <summary>Bundles copied by this run.</summary>
    public required IReadOnlyList<BundleInfo> Copied
    {
        get;
        init => field = new FlatList<BundleInfo>(value);
    }

    /// <summary>How many bundles were there already.</summary>
    public required int PresentCount { get; init; }

    /// <summary>Bytes of the bundles copied by this run.</summary>
    public required long Length { get; init; }

    /// <summary>
    /// False when a bundle was found damaged, in the source or the copy; true when the copy was read again and is
    /// sound; null when it was not read again.
    /// </summary>
    public bool? IsValid { get; init; }

    /// <summary>Findings, errors first.</summary>
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
