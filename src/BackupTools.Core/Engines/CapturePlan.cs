using BackupTools.Chains;

namespace BackupTools.Engines;

/// <summary>What a backup will do, for dry runs and for the run itself.</summary>
internal record CapturePlan
{
    public required CaptureRequest Request { get; init; }

    /// <summary>Absolute path under which the bundle will appear (an expected one where the name depends on the end).</summary>
    public required string BundlePath { get; init; }

    /// <summary>Bytes expected to be read from the source; a live source may grow.</summary>
    public required long ExpectedBytes { get; init; }

    /// <summary>The files of the source that will be read, absolute.</summary>
    public required IReadOnlyList<string> SourceFiles { get; init; }

    /// <summary>Files that will be written beside the source, absolute (only Grafeo's backup cursor).</summary>
    public IReadOnlyList<string> WritesBesideSource { get; init; } = [];

    /// <summary>The position the increment builds on; null for a full.</summary>
    public ChainPosition? Start { get; init; }

    /// <summary>Results that will be good but perhaps not what is expected.</summary>
    public IReadOnlyList<ChainProblem> Warnings { get; init; } = [];
}

/// <summary>A plan with what its engine found out while planning, for that engine's capture.</summary>
/// <typeparam name="T">What the engine found.</typeparam>
internal sealed record CapturePlan<T> : CapturePlan
    where T : class
{
    public required T Found { get; init; }
}
