using BackupTools.Chains;
using BackupTools.Engines;
using BackupTools.Files;

namespace BackupTools.Tests.Engines;

/// <summary>
/// Drives one engine the way the operations do (plan, stage, capture, publish, read back), without locks and without
/// choosing chains, in a temporary folder of its own. Knows nothing of any engine.
/// </summary>
internal sealed class EngineHarness : IDisposable
{
    private readonly TimeProvider _clock;

    public EngineHarness(IBackupEngine engine, IDisk? disk = null, TimeProvider? clock = null)
    {
        Engine = engine;
        Disk = disk ?? LocalDisk.Instance;
        _clock = clock ?? TimeProvider.System;
        Folder = Directory.CreateTempSubdirectory("backuptools-").FullName;
    }

    public IBackupEngine Engine { get; }

    public IDisk Disk { get; }

    /// <summary>A temporary folder, removed with the harness.</summary>
    public string Folder { get; }

    /// <summary>Everything the engine warned about, in order.</summary>
    public List<string> Warnings { get; } = [];

    /// <summary>What the engine told of its work, in order.</summary>
    public List<string> Told { get; } = [];

    /// <summary>A path inside <see cref="Folder"/>.</summary>
    public string At(params string[] parts) => Path.GetFullPath(Path.Combine([Folder, .. parts]));

    public EngineContext Context(CancellationToken cancellation = default) =>
        new()
        {
            Disk = Disk,
            Clock = _clock,
            Progress = new TransferProgress(),
            Cancellation = cancellation,
            ThrottleLimit = 2,
            Warn = Warnings.Add,
            Verbose = Told.Add,
        };

    /// <summary>Takes a full into <paramref name="destination"/> and returns its header as read back from there.</summary>
    public BundleHeader Full(string source, string destination, EngineOptions? options = null) =>
        Capture(
            new CaptureRequest
            {
                SourcePath = source,
                DestinationFolder = destination,
                Kind = BundleKind.Full,
                Options = options ?? new EngineOptions(),
            }
        );

    /// <summary>Takes an increment on the last bundle of <paramref name="path"/> (full first).</summary>
    public BundleHeader Increment(
        string source,
        string destination,
        IReadOnlyList<BundleHeader> path,
        EngineOptions? options = null
    ) =>
        Capture(
            new CaptureRequest
            {
                SourcePath = source,
                DestinationFolder = destination,
                Kind = BundleKind.Incremental,
                Options = options ?? new EngineOptions(),
                Chain = ChainOf(path),
                Parent = path[^1],
            }
        );

    /// <summary>Plans, captures and publishes as asked.</summary>
    public BundleHeader Capture(CaptureRequest request, CancellationToken cancellation = default)
    {
        var context = Context(cancellation);
        var plan = Engine.PlanCapture(request, context);
        using var staging = StagingArea.Create(Disk, request.DestinationFolder, _clock);
        request.Options.Checkpoint?.Invoke();
        var result = Engine.Capture(plan, staging, context);
        staging.Publish(result.Steps, cancellation);
        result.AfterPublish?.Invoke();
        return Read(result.BundlePath).Single(h => result.BundleId is null || h.Id == result.BundleId);
    }

    /// <summary>The headers of the bundles at a path; throws the first error found.</summary>
    public IReadOnlyList<BundleHeader> Read(string path) =>
        [.. Engine.ReadBundles(path, Context()).Select(r => r.Header ?? throw r.Error!)];

    /// <summary>What the engine finds in a way through a chain.</summary>
    public IReadOnlyList<ChainProblem> Verify(
        IReadOnlyList<BundleHeader> path,
        VerifyDepth depth = VerifyDepth.Deep,
        CancellationToken cancellation = default
    ) => Engine.Verify(path, 0, depth, Context(cancellation));

    /// <summary>Restores a way through a chain, cut at a position or a time, and publishes the result.</summary>
    public RestoreResult Restore(
        IReadOnlyList<BundleHeader> path,
        string destination,
        ulong? cutAt = null,
        DateTimeOffset? cutTime = null,
        string? walPath = null,
        bool deep = false,
        CancellationToken cancellation = default
    )
    {
        var context = Context(cancellation);
        using var staging = StagingArea.Create(Disk, Path.GetDirectoryName(destination)!, _clock);
        var request = new RestoreRequest
        {
            Plan = PlanOf(path, cutAt, cutTime),
            DestinationPath = destination,
            WalPath = walPath,
            Deep = deep,
        };
        var result = Engine.Restore(request, staging, context);
        staging.Publish(result.Steps, cancellation);
        return result;
    }

    /// <summary>Merges a way through a chain into a folder.</summary>
    public BundleHeader Merge(IReadOnlyList<BundleHeader> path, string destination) =>
        Keep(destination, staging => Engine.Merge(PlanOf(path), destination, staging, Context()));

    /// <summary>Copies a bundle into another folder.</summary>
    public BundleHeader Copy(BundleHeader bundle, string destination) =>
        Keep(destination, staging => Engine.CopyBundle(bundle, destination, staging, Context()));

    /// <summary>Removes bundles of a folder.</summary>
    public void Remove(string folder, params BundleHeader[] bundles)
    {
        using var staging = StagingArea.Create(Disk, folder, _clock);
        staging.Publish(Engine.RemovalOf(bundles, staging, Context()), default);
    }

    private BundleHeader Keep(string destination, Func<StagingArea, CaptureResult> make)
    {
        using var staging = StagingArea.Create(Disk, destination, _clock);
        var result = make(staging);
        staging.Publish(result.Steps, default);
        result.AfterPublish?.Invoke();
        return Read(result.BundlePath).Single(h => result.BundleId is null || h.Id == result.BundleId);
    }

    /// <summary>A plan that applies the bundles in order.</summary>
    public RestorePlan PlanOf(IReadOnlyList<BundleHeader> path, ulong? cutAt = null, DateTimeOffset? cutTime = null) =>
        new()
        {
            Chain = ChainOf(path),
            Target =
                cutAt is { } p ? new RestoreTarget.PositionTarget(p)
                : cutTime is { } t ? new RestoreTarget.TimeTarget(t)
                : RestoreTarget.Latest,
            Bundles = path,
            CutAt = cutAt is { } c ? new ChainPosition(c, Engine.Capabilities.Unit) : null,
            CutTime = cutTime,
        };

    /// <summary>A chain in which each bundle is the parent of the next.</summary>
    public BackupChain ChainOf(IReadOnlyList<BundleHeader> path) =>
        new()
        {
            ChainId = path[0].Id[..12],
            Engine = Engine.Name,
            Folder = Path.GetDirectoryName(path[0].FullName)!,
            Full = path[0].Kind == BundleKind.Full ? path[0] : null,
            Bundles = path,
            Parents = [.. Enumerable.Range(-1, path.Count)],
            Problems = [],
        };

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
