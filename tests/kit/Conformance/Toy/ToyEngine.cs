using System.Buffers.Text;
using BackupTools.Chains;
using BackupTools.Engines;
using BackupTools.Errors;
using BackupTools.Files;

namespace BackupTools.Tests.Conformance.Toy;

/// <summary>
/// The smallest engine that there can be: a database is one file that begins with "toy VERSION" and that its program
/// replaces whole; a bundle is a line of JSON and a copy of it. It shows what a new engine needs (docs/new-engine.md).
/// </summary>
internal sealed class ToyEngine : IBackupEngine
{
    public const string EngineName = "Toy";

    public string Name => EngineName;

    public EngineCapabilities Capabilities { get; } =
        new()
        {
            Unit = PositionUnit.Lsn,
            CutsInsideBundle = false,
            CutsByTime = false,
            SiblingIncrements = false,
            IsOneFile = true,
            Options = [nameof(EngineOptions.Checkpoint)],
        };

    public static ChainPosition Position(ulong version) => new(version, PositionUnit.Lsn);

    public bool RecognisesSource(string path, EngineContext context) =>
        context.Disk.Stat(path) is { Kind: DiskEntryKind.File } && VersionOf(path, context.Disk) is not null;

    public IEnumerable<BundleReadResult> ReadBundles(string path, EngineContext context)
    {
        var disk = context.Disk;
        var entry =
            disk.Stat(path) ?? throw new BackupException(ErrorCode.PathNotFound, "the path does not exist", path);
        var files = entry.Kind == DiskEntryKind.Directory ? disk.List(path) : [entry];
        return files
            .Where(f => f.Kind == DiskEntryKind.File && ToyBundle.IsName(f.Name))
            .Select(f =>
                Strangers.Of(f, ToyBundle.IsName, disk) is { } stranger
                    ? BundleReadResult.Passed(f.Path, stranger)
                    : ReadOne(f.Path, disk)
            );
    }

    public string? SeriesOf(string sourcePath, string destination, EngineContext context) =>
        Path.GetFileNameWithoutExtension(sourcePath);

    public string NameOf(BundleHeader full) => full.Series + ".toy";

    public CapturePlan PlanCapture(CaptureRequest request, EngineContext context)
    {
        var version = RequireVersion(request.SourcePath, context.Disk);
        if (request.Parent is { } parent && version < parent.End.Value)
        {
            throw new BackupException(
                ErrorCode.ForeignEpoch,
                $"the database has version {version}, older than {parent.Name}",
                request.SourcePath
            );
        }
        return new CapturePlan
        {
            Request = request,
            BundlePath = Path.Combine(
                request.DestinationFolder,
                Path.GetFileNameWithoutExtension(request.Name) + "-" + ToyBundle.Extension
            ),
            ExpectedBytes = context.Disk.Stat(request.SourcePath)!.Length,
            SourceFiles = [request.SourcePath],
            Start = request.Parent?.End,
        };
    }

    public CaptureResult Capture(CapturePlan plan, StagingArea staging, EngineContext context) =>
        new ToyFiles(staging, context).Capture(plan);

    public IReadOnlyList<ChainProblem> Verify(
        IReadOnlyList<BundleHeader> path,
        int known,
        VerifyDepth depth,
        EngineContext context
    )
    {
        var problems = new List<ChainProblem>();
        context.Progress.Activity = "verifying";
        foreach (var bundle in path.Skip(known))
        {
            try
            {
                ToyFiles.Pass(bundle, null, context);
            }
            catch (BackupException e) when (e.Kind == ErrorKind.Damaged)
            {
                problems.Add(ChainProblem.From(e.At(bundle.FullName)));
            }
        }
        return problems;
    }

    public IReadOnlyList<string> OccupiedBy(RestoreRequest request, EngineContext context) =>
        context.Disk.Stat(request.DestinationPath) is null ? [] : [request.DestinationPath];

    public bool MayReplace(RestoreRequest request, EngineContext context) =>
        RecognisesSource(request.DestinationPath, context);

    public RestoreResult Restore(RestoreRequest request, StagingArea staging, EngineContext context) =>
        new ToyFiles(staging, context).Restore(request);

    public CaptureResult Merge(RestorePlan plan, string folder, StagingArea staging, EngineContext context) =>
        new ToyFiles(staging, context).Merge(plan, folder);

    public CaptureResult CopyBundle(BundleHeader bundle, string folder, StagingArea staging, EngineContext context) =>
        new ToyFiles(staging, context).Copy(bundle, folder);

    public IReadOnlyList<PublishStep> RemovalOf(
        IReadOnlyList<BundleHeader> bundles,
        StagingArea staging,
        EngineContext context
    ) => [.. bundles.Select(b => PublishStep.Remove(b.FullName))];

    /// <summary>The version of a database; refuses what is none.</summary>
    public static ulong RequireVersion(string path, IDisk disk) =>
        VersionOf(path, disk)
        ?? throw new BackupException(ErrorCode.SourceNotRecognised, "the source is no toy database", path, 0);

    private static ulong? VersionOf(string path, IDisk disk)
    {
        using var file = disk.OpenRead(path);
        var start = new byte[Math.Min(32, file.Length)];
        HashingCopy.ReadExactly(file, start, 0);
        return
            start.AsSpan().StartsWith("toy "u8)
            && Utf8Parser.TryParse(start.AsSpan(4), out ulong version, out var used)
            && used > 0
            ? version
            : null;
    }

    private static BundleReadResult ReadOne(string path, IDisk disk)
    {
        try
        {
            using var file = disk.OpenRead(path);
            return BundleReadResult.Ok(ToyBundle.Read(file, path).Header);
        }
        catch (BackupException e)
        {
            return BundleReadResult.Bad(path, e) with
            {
                Series = ToyBundle.SeriesOf(Path.GetFileName(path)),
                OrderUtc = ToyBundle.PlaceOf(Path.GetFileName(path)),
            };
        }
    }
}
