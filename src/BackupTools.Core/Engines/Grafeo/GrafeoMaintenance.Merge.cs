using System.IO.Hashing;
using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Grafeo;

namespace BackupTools.Engines.Grafeo;

/// <summary>Makes one chain of at most two bundles from a longer one.</summary>
internal sealed partial class GrafeoMaintenance
{
    private const string StagedImage = "image";
    private const string StagedLog = "log";

    /// <summary>
    /// The image as it is (a new one would need the engine) and, if anything came after it, one increment with all of the
    /// log up to the cut, so that it restores to the same bytes as the chain. Both are dated like the state they lead to,
    /// as a full and what only the log has when they are taken together.
    /// </summary>
    public CaptureResult Merge(RestorePlan plan, string folder)
    {
        var destination = GrafeoFolder.For(plan.Full, folder, context);
        destination.RefuseOlder(plan.End.Value, null, context);
        context.Progress.Activity = "merging";
        context.Progress.Expect(plan.BundleBytes + plan.Bundles.Skip(1).Sum(b => b.Length));
        var state = new GrafeoStateReader(plan, context);
        long length;
        using (var target = staging.CreateFile(StagedImage, plan.Full.Length))
        {
            state.Read(target);
            length = target.Length;
        }
        var paged = state.Image.IsPaged;
        var end = plan.Full.End.Value;
        var (log, lsn) = paged ? MergeSegments(state, end + 1) : (MergeFrames(plan, state), null);
        destination.RefuseOlder(log?.LastEpoch ?? end, lsn, context);

        var full = new GrafeoSegment(
            GrafeoSegmentKind.Full,
            destination.Manifest.NextName(GrafeoSegmentKind.Full),
            0,
            end,
            state.ImageChecksum,
            (ulong)length,
            state.TimeMs
        );
        destination.Add(full, StagedImage, paged);
        var last = full;
        if (log is not null)
        {
            var name = destination.Manifest.NextName(GrafeoSegmentKind.Incremental);
            last = log.Entry(name, end + 1, state.TimeMs);
            destination.Add(last, StagedLog, paged);
        }
        var ids = GrafeoBundles.IdsOf(destination.Manifest.Segments);
        if (Array.IndexOf(ids, ids[^1]) < ids.Length - 1)
        {
            throw new BackupException(
                ErrorCode.DestinationExists,
                "the folder holds this chain already, as short as the format allows",
                folder,
                recommendation: "No action is needed."
            );
        }
        return destination.Result(last, staging, context.Disk) with { ChainId = destination.IdOf(full)[..12] };
    }

    /// <summary>
    /// 0.6.0: the segments as captured (why no shorter: <see cref="GrafeoFrameLog"/>), the last one up to the cut; and the
    /// position after it.
    /// </summary>
    private (GrafeoCapturedLog? Log, ulong? Lsn) MergeSegments(GrafeoStateReader state, ulong start)
    {
        ulong? lsn = state.Image.Active.CheckpointLsn;
        if (state.Groups == 0)
        {
            return (null, lsn);
        }
        using var target = staging.CreateFile(StagedLog);
        var writer = new GrafeoIncrementWriter();
        ulong groups = 0;
        foreach (var (segment, stop) in state.Segments)
        {
            using var file = context.Disk.OpenRead(segment.Path);
            var crc = new Crc32();
            var head = file.UpTo(segment.Offset, GrafeoWalHeader.Size);
            crc.Append(head);
            target.Write(head, writer.NextSegment);
            var scan = new GrafeoGroupScan(segment);
            context.Copy(
                file,
                new FileRange(segment.Frames.Start, stop),
                target,
                writer.NextSegment + head.Length,
                block =>
                {
                    crc.Append(block);
                    scan.Take(block);
                }
            );
            if (scan.Tail is { } tail)
            {
                throw tail.At(segment.Path);
            }
            groups += scan.Groups;
            lsn = scan.GroupEndLsn;
            writer.Add(stop - segment.Offset, crc.GetCurrentHashAsUInt32());
        }
        return (writer.Finish(target, new GbakHeader(GbakHeader.Segments, start, state.End, groups)), lsn);
    }

    /// <summary>
    /// 0.5.x: the frames of every epoch up to the cut, once, and the log files they come from, as they were counted.
    /// </summary>
    private GrafeoCapturedLog? MergeFrames(RestorePlan plan, GrafeoStateReader state)
    {
        var kept = state.TakeFrames();
        if (kept.Count == 0)
        {
            return null;
        }
        using var target = staging.CreateFile(StagedLog);
        var files = kept.Select(k => k.Input)
            .Distinct()
            .Aggregate(0ul, (sum, input) => sum + GrafeoBundle.Of(plan.Bundles[input + 1]).Gbak!.Value.RecordCount);
        var header = new GbakHeader(GbakHeader.Frames, plan.Full.End.Value + 1, state.End, files);
        var writer = new GrafeoFrameWriter(target, context);
        writer.Copy(state.Inputs, kept, epoch => epoch);
        return writer.Finish(header);
    }
}
