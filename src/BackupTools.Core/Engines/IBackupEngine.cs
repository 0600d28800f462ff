using BackupTools.Chains;
using BackupTools.Files;

namespace BackupTools.Engines;

/// <summary>
/// What each database needs, in one shape. An engine knows file names, framing and order of copying; it never
/// locks, publishes, prompts or chooses a chain: operations do. Engines never see each other.
/// Every failure is a <see cref="Errors.BackupException"/> with the file concerned.
/// </summary>
internal interface IBackupEngine
{
    /// <summary>One of <see cref="Options.EngineNames"/>.</summary>
    string Name { get; }

    EngineCapabilities Capabilities { get; }

    /// <summary>True when the path is a database of this engine; reads a few bytes at most, never throws for bad data.</summary>
    bool RecognisesSource(string path, EngineContext context);

    /// <summary>
    /// The bundles that the path is, or (a folder) directly holds, in order of name. What does not look like a bundle
    /// of this engine yields nothing; what claims to be one and cannot be read yields an error, and so does what lacks a
    /// file that its header or manifest names, or has it in another length. Reads headers only, whatever the size of the
    /// bundles. Throws only when the path itself cannot be read.
    /// </summary>
    IEnumerable<BundleReadResult> ReadBundles(string path, EngineContext context);

    /// <summary>
    /// The folder that is read to find a bundle and the rest of its chain, by the bundle's path alone; null where that
    /// is the folder that the bundle lies in, or where the path is none of this engine's.
    /// </summary>
    string? HomeOf(string path) => null;

    /// <summary>
    /// The <see cref="BundleHeader.Series"/> that backups of this source get at a destination; null when nothing tells.
    /// </summary>
    string? SeriesOf(string sourcePath, string destination, EngineContext context);

    /// <summary>
    /// What the database of a full is called, as the name of a file or folder. Where the bundle does not say, it is the
    /// name of the folder that the bundle lies in.
    /// </summary>
    string NameOf(BundleHeader full) => LastName.Of(Path.GetDirectoryName(full.FullName)!);

    /// <summary>Finds out what a backup would do and refuses it early; writes nothing.</summary>
    CapturePlan PlanCapture(CaptureRequest request, EngineContext context);

    /// <summary>Captures into staging and verifies the copy; the source is only read.</summary>
    CaptureResult Capture(CapturePlan plan, StagingArea staging, EngineContext context);

    /// <summary>
    /// What the next increment must know of a new bundle, so that it can be taken where the bundle is encrypted and cannot be
    /// read. Null: increments of this engine, or on this bundle, must read it.
    /// </summary>
    /// <param name="bundle">The bundle, which can be read.</param>
    /// <param name="parent">What it builds on; null for a full.</param>
    /// <param name="context">The run. Of the parent it can read what its own traces tell, or all of it.</param>
    BundleTraces? TracesOf(BundleHeader bundle, BundleHeader? parent, EngineContext context) => null;

    /// <summary>
    /// Checks the bundles of one path through a chain (full first), each alone and each against the one before.
    /// A path may also be one increment alone: then what can be said without its predecessors is checked.
    /// Reports every finding it can make; throws only for cancellation and for a disk that fails.
    /// </summary>
    /// <param name="path">The bundles.</param>
    /// <param name="known">
    /// So many of the first bundles were checked on another path that was verified before: their own files may be
    /// passed over, with what there is to say about them.
    /// </param>
    /// <param name="depth">How much is read.</param>
    /// <param name="context">Disk, progress, cancellation.</param>
    IReadOnlyList<ChainProblem> Verify(
        IReadOnlyList<BundleHeader> path,
        int known,
        VerifyDepth depth,
        EngineContext context
    );

    /// <summary>About how many bytes <see cref="Verify"/> will read, for progress.</summary>
    long BytesToVerify(IReadOnlyList<BundleHeader> path, int known, VerifyDepth depth) =>
        path.Skip(known).Sum(b => b.Length);

    /// <summary>
    /// What is at a restore's destination: the absolute paths that a restore would replace or remove. Empty when
    /// nothing is in the way.
    /// </summary>
    IReadOnlyList<string> OccupiedBy(RestoreRequest request, EngineContext context);

    /// <summary>What is in the destination folder, does not belong to the database and stays: absolute paths.</summary>
    IReadOnlyList<string> KeptBy(RestoreRequest request, EngineContext context) => [];

    /// <summary>
    /// True when what is at the destination is a database of this engine that nobody has open, so that Force may
    /// replace it. Throws SourceInUse when an engine holds it.
    /// </summary>
    bool MayReplace(RestoreRequest request, EngineContext context);

    /// <summary>Rebuilds the database in staging, verifying all that it reads and the result.</summary>
    RestoreResult Restore(RestoreRequest request, StagingArea staging, EngineContext context);

    /// <summary>
    /// Builds a new full (or the fewest bundles that the format allows) that restores to exactly what the plan restores
    /// to, byte-compatible, and from which increments of the database can continue. The bundles are verified as they
    /// are read; they stay as they are. The new bundle is dated like the state it holds, not like the day of the merge.
    /// Of several the result names the last, and the chain they make.
    /// </summary>
    CaptureResult Merge(RestorePlan plan, string folder, StagingArea staging, EngineContext context);

    /// <summary>
    /// Copies one bundle into another folder, where what it builds on lies already; each byte is read once and every
    /// checksum that the format has is compared on the way. The copy has the same Id.
    /// </summary>
    CaptureResult CopyBundle(BundleHeader bundle, string folder, StagingArea staging, EngineContext context);

    /// <summary>
    /// The steps that take bundles of one folder away, children before parents, and keep what the engine stores about
    /// them (manifest, marker) true. Only what is named is taken.
    /// </summary>
    IReadOnlyList<PublishStep> RemovalOf(
        IReadOnlyList<BundleHeader> bundles,
        StagingArea staging,
        EngineContext context
    ) => [.. bundles.Select(b => PublishStep.Remove(b.FullName))];
}
