using BackupTools.Chains;
using BackupTools.Files;

namespace BackupTools.Engines;

/// <summary>What an engine does for its chains without the database they are of: merge, copy, remove.</summary>
internal interface IChainKeeper
{
    /// <summary>
    /// Builds a new full (or the fewest bundles that the format allows) that restores to exactly what the plan restores
    /// to, byte-compatible, and on which increments of the database can go on. The bundles are verified as they are
    /// read; they stay as they are. The new bundle is dated like the state it holds, not like the day of the merge. Of
    /// several the result names the last, and the chain they make.
    /// </summary>
    CaptureResult Merge(RestorePlan plan, string destinationFolder, StagingArea staging, EngineContext context);

    /// <summary>
    /// Copies one bundle into another folder, where what it builds on lies already; each byte is read once and every
    /// checksum that the format has is compared on the way. The copy has the same Id.
    /// </summary>
    CaptureResult CopyBundle(BundleHeader bundle, string destinationFolder, StagingArea staging, EngineContext context);

    /// <summary>
    /// The steps that take bundles of one folder away, children before parents, and keep what the engine stores about
    /// them (manifest, marker) true. Only what is named is taken.
    /// </summary>
    IReadOnlyList<PublishStep> RemovalOf(
        IReadOnlyList<BundleHeader> bundles,
        StagingArea staging,
        EngineContext context
    );
}
