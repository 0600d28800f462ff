using System.Security.Cryptography;
using BackupTools.Chains;
using BackupTools.Engines;
using BackupTools.Errors;
using BackupTools.Files;

namespace BackupTools.Tests.Conformance.Toy;

/// <summary>Makes bundles, and databases of them, in staging.</summary>
internal sealed class ToyFiles(StagingArea staging, EngineContext context)
{
    private const string Staged = "toy";

    /// <summary>Its program replaces the file whole, so the one that is open is one state.</summary>
    public CaptureResult Capture(CapturePlan plan)
    {
        var request = plan.Request;
        context.Progress.Activity = "reading";
        context.Progress.Expect(plan.ExpectedBytes);
        using var source = context.Disk.OpenRead(request.SourcePath);
        var version = ToyEngine.RequireVersion(request.SourcePath, context.Disk);
        var digest = Digest(source, new FileRange(0, source.Length));
        var now = context.Clock.GetUtcNow();
        var bundle = new ToyBundle(
            request.Parent?.Id,
            request.Parent?.End.Value ?? version,
            version,
            now,
            ClockOrder.TakenAfter(now, request.NewestUtc),
            source.Length,
            digest
        );
        var series = Path.GetFileNameWithoutExtension(request.Name);
        var path = bundle.NewPath(request.DestinationFolder, series, context.Disk);
        Write(bundle, source, 0);
        return new CaptureResult
        {
            Steps = [PublishStep.Place(Staged, path)],
            BundlePath = path,
            IsUnchanged = request.Parent?.Checksum == digest,
        };
    }

    public RestoreResult Restore(RestoreRequest request)
    {
        var last = request.Plan.Last;
        context.Progress.Activity = "restoring";
        context.Progress.Expect(request.Plan.BundleBytes);
        foreach (var earlier in request.Plan.Bundles.SkipLast(1))
        {
            Pass(earlier, null, context);
        }
        using (var target = staging.CreateFile(Staged, last.Length))
        {
            Pass(last, target, context);
        }
        var length = context.Disk.Stat(staging.PathOf(Staged))!.Length;
        return new RestoreResult
        {
            Steps =
            [
                context.Disk.Stat(request.DestinationPath) is null
                    ? PublishStep.Place(Staged, request.DestinationPath)
                    : PublishStep.Replace(Staged, request.DestinationPath),
            ],
            End = last.End,
            Files = [request.DestinationPath],
            Length = length,
        };
    }

    /// <summary>The last state as a full, in the place that the last bundle has.</summary>
    public CaptureResult Merge(RestorePlan plan, string folder)
    {
        context.Progress.Activity = "merging";
        context.Progress.Expect(plan.BundleBytes);
        foreach (var earlier in plan.Bundles.SkipLast(1))
        {
            Pass(earlier, null, context);
        }
        using var source = context.Disk.OpenRead(plan.Last.FullName);
        var (header, bundle, start) = ToyBundle.Read(source, plan.Last.FullName);
        Require(bundle, Digest(source, new FileRange(start, source.Length)), source.Path);
        var merged = bundle with
        {
            Parent = null,
            ParentVersion = bundle.Version,
            After = ClockOrder.InPlaceOf(plan.Last),
        };
        var path = merged.NewPath(folder, header.Series ?? Path.GetFileNameWithoutExtension(header.Name), context.Disk);
        Write(merged, source, start);
        return new CaptureResult { Steps = [PublishStep.Place(Staged, path)], BundlePath = path };
    }

    public CaptureResult Copy(BundleHeader of, string folder)
    {
        using var source = context.Disk.OpenRead(of.FullName);
        var (_, bundle, start) = ToyBundle.Read(source, of.FullName);
        Write(bundle, source, start);
        var path = Path.Combine(folder, of.Name);
        return new CaptureResult { Steps = [PublishStep.Place(Staged, path)], BundlePath = path };
    }

    /// <summary>Reads a bundle's database, into a file where one is given, and compares its digest.</summary>
    public static void Pass(BundleHeader of, IDiskFile? target, EngineContext context)
    {
        using var file = context.Disk.OpenRead(of.FullName);
        var (_, bundle, start) = ToyBundle.Read(file, of.FullName);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var range = new FileRange(start, file.Length);
        using (context.Progress.BeginFile(file.Path, file.Length))
        {
            if (target is null)
            {
                HashingCopy.Read(file, range, hash.AppendData, context.Progress, context.Cancellation);
            }
            else
            {
                HashingCopy.Copy(file, range, target, 0, hash.AppendData, context.Progress, context.Cancellation);
            }
        }
        Require(bundle, Convert.ToHexStringLower(hash.GetCurrentHash()), file.Path);
    }

    private static void Require(ToyBundle bundle, string digest, string path)
    {
        if (bundle.Sha256 != digest)
        {
            throw new BackupException(
                ErrorCode.ChecksumMismatch,
                "the database in it is not the one that was captured",
                path,
                expected: bundle.Sha256,
                actual: digest
            );
        }
    }

    private string Digest(IDiskFile file, FileRange range)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        HashingCopy.Read(file, range, hash.AppendData, new TransferProgress(), context.Cancellation);
        return Convert.ToHexStringLower(hash.GetCurrentHash());
    }

    /// <summary>The bundle as a staged file: its line, and what lies in the file from an offset on.</summary>
    private void Write(ToyBundle bundle, IDiskFile from, long start)
    {
        var line = bundle.Line();
        using var target = staging.CreateFile(Staged, line.Length + bundle.Length);
        target.Write(line, 0);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var range = new FileRange(start, start + bundle.Length);
        using (context.Progress.BeginFile(from.Path, bundle.Length))
        {
            HashingCopy.Copy(from, range, target, line.Length, hash.AppendData, context.Progress, context.Cancellation);
        }
        Require(bundle, Convert.ToHexStringLower(hash.GetCurrentHash()), from.Path);
    }
}
