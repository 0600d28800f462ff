using BackupTools.Files;

namespace BackupTools.Engines;

/// <summary>A complete and verified bundle in staging.</summary>
internal sealed record CaptureResult
{
    /// <summary>The renames that make it visible, in order; the one that makes it a bundle comes last.</summary>
    public required IReadOnlyList<PublishStep> Steps { get; init; }

    /// <summary>Absolute path to read the finished bundle's header from.</summary>
    public required string BundlePath { get; init; }

    /// <summary>
    /// Which of the bundles found at <see cref="BundlePath"/> is the new one, by <see cref="Chains.BundleHeader.Id"/>;
    /// null when there is only one.
    /// </summary>
    public string? BundleId { get; init; }

    /// <summary>
    /// What appears together with it, as paths and ids: Grafeo's full of an open database comes with an increment of what
    /// only the log holds, a merged one likewise.
    /// </summary>
    public IReadOnlyList<(string Path, string Id)> Others { get; init; } = [];

    /// <summary>
    /// The chain that the bundle belongs to, by <see cref="Chains.BackupChain.ChainId"/>; null when it is a full, which
    /// begins one, or when the caller knows.
    /// </summary>
    public string? ChainId { get; init; }

    /// <summary>
    /// Proved: the source is in the very state of the bundle that the increment builds on, so that it holds nothing.
    /// </summary>
    public bool IsUnchanged { get; init; }

    /// <summary>What remains to be done once the bundle is durable (Grafeo's cursor); null for nothing.</summary>
    public Action? AfterPublish { get; init; }
}
