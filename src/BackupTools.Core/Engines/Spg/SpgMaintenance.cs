using System.IO.Hashing;
using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Spg;

namespace BackupTools.Engines.Spg;

/// <summary>Merges, copies and removes bundles, for which no server and no database is needed.</summary>
internal sealed class SpgMaintenance(StagingArea staging, EngineContext context)
{
    private const string Staged = "bundle";

    /// <summary>
    /// One full of our shape: the snapshot, and after the mark the log of all bundles up to the cut. It restores to
    /// every position from the old full's start on.
    /// </summary>
    public CaptureResult Merge(RestorePlan plan, string folder)
    {
        var full = plan.Full;
        var start = full.Start.Value;
        context.Progress.Activity = "merging";
        context.Progress.Expect(plan.BundleBytes);
        using (var target = staging.CreateFile(Staged, plan.BundleBytes))
        {
            var snapLength = (long)SpgBundle.Of(full).Header.SnapLen;
            var writer = new SpgBundleWriter(target, context);
            var reader = new SpgChainReader(context, deep: false, problem => context.Warn(problem.ToString()))
            {
                StopAtErrors = true,
                TakesDatabaseCrc = true,
                DatabaseCopy = new OffsetFile(target, SpgBundleHeader.FixedLength),
                WalCopy = new OffsetFile(target, SpgBundleWriter.SliceOffset(snapLength, marked: true)),
                LogLimit = plan.CutAt is { } cut ? (long)(cut.Value - start) : long.MaxValue,
            };
            reader.Read(plan.Bundles);
            writer.TakeSnapshot(reader.DatabaseLength, reader.DatabaseCrc);
            var header = SpgBundleHeader.New(SpgBundleHeader.Full, plan.Last.CreatedUtc) with
            {
                WalPos = start + (ulong)reader.LogLength,
            };
            writer.Finish(header, reader.LogLength, reader.LogCrc, marked: reader.LogLength > 0);
        }
        var path = SpgBundles.NewPath(
            folder,
            full.Series ?? Path.GetFileNameWithoutExtension(full.Name) + "-merged",
            plan.Last.CreatedUtc,
            ClockOrder.InPlaceOf(plan.Last),
            BundleKind.Full,
            context.Disk
        );
        return new CaptureResult { Steps = [PublishStep.Place(Staged, path)], BundlePath = path };
    }

    /// <summary>Copies the file, comparing its CRC on the way; v1 has none to compare.</summary>
    public CaptureResult Copy(BundleHeader bundle, string folder)
    {
        var path = Path.Combine(folder, bundle.Name);
        using (var source = context.Disk.OpenRead(bundle.FullName))
        using (var target = staging.CreateFile(Staged, bundle.Length))
        using (context.Progress.BeginFile(bundle.FullName, bundle.Length))
        {
            var read = SpgBundle.Read(source);
            var crc = new Crc32();
            var body = read.Header.BodyLength;
            var end = Math.Min(body, read.FileLength);
            context.Copy(source, new FileRange(0, end), target, 0, crc.Append);
            context.Copy(source, new FileRange(end, read.FileLength), target, end);
            if (read.StoredCrc is { } stored)
            {
                BackupException.Naming(
                    bundle.FullName,
                    () => SpgBundleHeader.CheckCrc(stored, crc.GetCurrentHashAsUInt32())
                );
            }
        }
        return new CaptureResult { Steps = [PublishStep.Place(Staged, path)], BundlePath = path };
    }
}
