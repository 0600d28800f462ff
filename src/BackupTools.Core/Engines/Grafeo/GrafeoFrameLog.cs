using System.Buffers.Binary;
using System.IO.Hashing;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Grafeo;

namespace BackupTools.Engines.Grafeo;

/// <summary>
/// Captures the log of 0.6.0 into an increment (Grafeo format, §7.2 and §7.3): whole segment files, the last one cut
/// after its last complete group.
/// </summary>
/// <remarks>
/// A segment that the chain holds in part is taken again from its beginning, up to 64 MiB. A shorter increment could be
/// made by giving the new part a header of its own, and the engine would restore it; but its own next increment takes
/// whole files, and it refuses a chain in which one of these overlaps such a part ("the WAL has a gap"; tried).
/// </remarks>
internal sealed class GrafeoFrameLog(GrafeoSource source, GrafeoContainerHeader header, EngineContext context)
{
    private readonly GrafeoIncrementWriter _writer = new();
    private ulong _groups;
    private ulong _newGroups;
    private ulong? _lastEpoch;
    private ulong? _epochBefore;

    /// <summary>
    /// Captures everything from a position on, up to the last complete group.
    /// </summary>
    /// <param name="head">What the increment builds on.</param>
    /// <param name="target">The increment, to be written.</param>
    /// <returns>Null when there is no commit after the position.</returns>
    /// <exception cref="BackupException">
    /// LogIsGone, SinceBeyondLog, SinceInsideFrame, ForeignEpoch, or what is wrong with the log.
    /// </exception>
    public GrafeoCapturedLog? Capture(GrafeoHead head, IDiskFile target)
    {
        var logs = source.Logs(context.Disk, paged: true);
        var since = head.Lsn ?? FindEpoch(logs, head.Epoch);
        var first = LastBeginningAt(logs, since);
        if (first < 0)
        {
            return logs.Count > 0 || header.Active.CheckpointLsn > since ? throw IsGone(logs, head, since)
                : header.Active.CheckpointLsn < since
                    ? throw Beyond(head, since, source.Path, header.Active.CheckpointLsn)
                : null;
        }
        ulong? expected = null;
        ulong end = 0;
        for (var i = first; i < logs.Count; i++)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            using var file = context.Disk.OpenRead(logs[i].Path);
            var segment = GrafeoWalSegment.ReadLog(file, logs[i].Number);
            CheckPlace(segment, expected);
            if (i == first)
            {
                CheckHead(logs, i, file, segment, head, since);
            }
            expected = segment.EndLsn;
            if (segment.EndLsn > since)
            {
                end = Take(file, segment, since, target, isLast: i == logs.Count - 1);
            }
            else if (i == logs.Count - 1)
            {
                end = segment.EndLsn;
            }
        }
        if (end < since)
        {
            throw Beyond(head, since, logs[^1].Path, end);
        }
        return _newGroups == 0 ? null : Finish(head, target, logs[^1].Number);
    }

    /// <summary>Refuses early, from names and lengths alone, what <see cref="Capture"/> would refuse.</summary>
    public void Foresee(GrafeoHead head)
    {
        if (head.Lsn is not { } since)
        {
            return;
        }
        var logs = source.Logs(context.Disk, paged: true);
        if (LastBeginningAt(logs, since) < 0 && (logs.Count > 0 || header.Active.CheckpointLsn > since))
        {
            throw IsGone(logs, head, since);
        }
    }

    /// <summary>Bytes that an increment since a position would take.</summary>
    public static long BytesSince(IReadOnlyList<GrafeoLogFile> logs, ulong since)
    {
        var first = LastBeginningAt(logs, since);
        return first < 0 ? 0 : logs.Skip(first).Sum(l => l.Length);
    }

    private static int LastBeginningAt(IReadOnlyList<GrafeoLogFile> logs, ulong since)
    {
        var first = logs.Count - 1;
        while (first >= 0 && logs[first].Number > since)
        {
            first--;
        }
        return first;
    }

    private void CheckPlace(GrafeoWalSegment segment, ulong? expected)
    {
        if (!string.Equals(segment.Header.DatabaseId, header.DatabaseId, StringComparison.Ordinal))
        {
            throw new BackupException(
                ErrorCode.SourceDamaged,
                $"the WAL at {segment.Path} belongs to database {segment.Header.DatabaseId}, not {header.DatabaseId}",
                segment.Path,
                16
            );
        }
        if (expected is { } lsn && segment.FirstLsn != lsn)
        {
            throw new BackupException(
                ErrorCode.SourceDamaged,
                $"the WAL has a gap: the segment before ends at LSN {lsn}, this one starts at LSN {segment.FirstLsn}",
                segment.Path,
                32
            );
        }
    }

    /// <summary>The bytes before the position, here or at the end of the segment before, are those of the chain.</summary>
    private void CheckHead(
        IReadOnlyList<GrafeoLogFile> logs,
        int index,
        IDiskFile file,
        GrafeoWalSegment segment,
        GrafeoHead head,
        ulong since
    )
    {
        if (since > segment.FirstLsn && since <= segment.EndLsn)
        {
            // A restored database continues in a segment of its own, from the last commit that it was cut after. Both
            // would hold the same bytes, and no engine restores segments that overlap.
            if (head.SegmentLsn is { } begin && begin != segment.FirstLsn)
            {
                throw head.Foreign(
                    $"its log continues in a segment from LSN {segment.FirstLsn}, the chain's in one from LSN {begin}",
                    segment.Path
                );
            }
            head.CheckFollows(file, new FileRange(segment.Frames.Start, segment.OffsetOf(since)));
        }
        else if (since == segment.FirstLsn && index > 0)
        {
            using var before = context.Disk.OpenRead(logs[index - 1].Path);
            var previous = GrafeoWalSegment.ReadLog(before, logs[index - 1].Number);
            if (previous.EndLsn == since)
            {
                head.CheckFollows(before, previous.Frames);
            }
        }
    }

    /// <summary>Copies a segment up to its last complete group; the position after it.</summary>
    private ulong Take(IDiskFile file, GrafeoWalSegment segment, ulong since, IDiskFile target, bool isLast)
    {
        var start = _writer.NextSegment;
        var inside = false;
        var scan = new GrafeoGroupScan(
            segment,
            onGroup: frame =>
            {
                inside |= frame.GroupLsn < since && since < frame.EndLsn;
                Count(frame, since);
            }
        );
        var crc = new Crc32();
        var head = file.UpTo(0, GrafeoWalHeader.Size);
        crc.Append(head);
        target.Write(head, start);
        var cut = crc.GetCurrentHashAsUInt32();
        var at = segment.Frames.Start;
        context.Copy(
            file,
            segment.Frames,
            target,
            start + GrafeoWalHeader.Size,
            block =>
            {
                scan.Take(block);
                var whole = (int)Math.Clamp(scan.GroupEnd - at, 0, block.Length);
                crc.Append(block[..whole]);
                if (whole > 0)
                {
                    cut = crc.GetCurrentHashAsUInt32();
                }
                crc.Append(block[whole..]);
                at += block.Length;
            }
        );
        if (inside)
        {
            throw new BackupException(
                ErrorCode.SinceInsideFrame,
                $"position {since} lies inside a commit",
                file.Path,
                segment.OffsetOf(since)
            );
        }
        if (scan.Tail is { } tail)
        {
            CheckTail(file, segment, scan, tail, isLast);
        }
        if (scan.GroupEndLsn > since)
        {
            _writer.Add(scan.GroupEnd - segment.Offset, cut);
            _groups += scan.Groups;
        }
        return scan.GroupEndLsn;
    }

    private void Count(GrafeoFrame frame, ulong since)
    {
        if (frame.Epoch is not { } epoch)
        {
            return;
        }
        if (frame.GroupLsn < since)
        {
            _epochBefore = epoch;
        }
        else
        {
            _lastEpoch = Math.Max(_lastEpoch ?? 0, epoch);
            _newGroups++;
        }
    }

    /// <summary>
    /// What follows the last complete group is what a writer has not finished or a crash has left, if it is at the
    /// very end. A whole frame after it proves that it is damage: the engine would silently drop what follows.
    /// </summary>
    private void CheckTail(
        IDiskFile file,
        GrafeoWalSegment segment,
        GrafeoGroupScan scan,
        BackupException tail,
        bool isLast
    )
    {
        if (!isLast || FrameBehind(file, segment, scan.FrameEnd) is not null)
        {
            throw tail.At(file.Path).AsSourceDamaged(tail.Message + ", and the log continues after it");
        }
        context.Verbose($"{file.Path}: {tail.Message}; the unfinished part is left out");
    }

    /// <summary>
    /// The offset of the first frame after damage; frames record their position, so it is easy to find.
    /// </summary>
    private long? FrameBehind(IDiskFile file, GrafeoWalSegment segment, long from)
    {
        const int block = 1 << 20;
        for (var at = from + 1; at < segment.Frames.End; at += block)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            ReadOnlySpan<byte> bytes = file.UpTo(at, block + GrafeoFrameReader.HeaderSize);
            for (var i = 0; i < block && i + GrafeoFrameReader.HeaderSize <= bytes.Length; i++)
            {
                var lsn = segment.FirstLsn + (ulong)(at + i - segment.Frames.Start);
                if (BinaryPrimitives.ReadUInt64LittleEndian(bytes[(i + 8)..]) == lsn)
                {
                    return at + i;
                }
            }
        }
        return null;
    }

    private GrafeoCapturedLog Finish(GrafeoHead head, IDiskFile target, ulong cursor)
    {
        // An engine that had only read since the last commit forgets the epochs it spent on that when it is restarted:
        // what the chain claims may be more than the log says, if its own bytes show that it is this log.
        if (_epochBefore > head.Epoch || (_lastEpoch < head.Epoch && !head.HasTail))
        {
            throw head.Foreign(
                $"its log has epoch {(_epochBefore > head.Epoch ? _epochBefore : _lastEpoch)} there",
                source.LogFolder
            );
        }
        // Changes of the schema alone carry no new epoch: then the end is that of the chain, and the start one more, as the
        // engine writes it.
        var last = Math.Max(_lastEpoch!.Value, head.Epoch);
        // A segment that is taken again brings groups that earlier increments hold; the engine counts them, too.
        var gbak = new GbakHeader(GbakHeader.Segments, head.Epoch + 1, last, _groups);
        return _writer.Finish(target, gbak) with { CursorLsn = cursor };
    }

    /// <summary>
    /// The position after the last group up to an epoch, for increments since an epoch without a bundle.
    /// </summary>
    private ulong FindEpoch(IReadOnlyList<GrafeoLogFile> logs, ulong epoch)
    {
        ulong? found = header.Active.Epoch == epoch ? header.Active.CheckpointLsn : null;
        var last = header.Active.Epoch;
        foreach (var log in logs)
        {
            using var file = context.Disk.OpenRead(log.Path);
            var segment = GrafeoWalSegment.ReadLog(file, log.Number);
            var scan = new GrafeoGroupScan(
                segment,
                onGroup: f =>
                {
                    found = f.Epoch <= epoch ? f.EndLsn : found;
                    last = Math.Max(last, f.Epoch ?? 0);
                }
            );
            context.Read(file, segment.Frames, scan.Take);
        }
        return last < epoch
            ? throw new BackupException(
                ErrorCode.SinceBeyondLog,
                $"the database is at epoch {last}, before epoch {epoch}",
                source.Path
            )
            : found
                ?? throw new BackupException(
                    ErrorCode.LogIsGone,
                    $"the log no longer holds what follows epoch {epoch}",
                    source.LogFolder
                );
    }

    private static BackupException Beyond(GrafeoHead head, ulong since, string path, ulong end) =>
        new(
            ErrorCode.SinceBeyondLog,
            $"the chain ends at epoch {head.Epoch} (LSN {since}), but the database's log ends before it, at LSN {end}",
            path,
            recommendation: "Take a new full backup: the database was restored or replaced since the last one."
        );

    private BackupException IsGone(IReadOnlyList<GrafeoLogFile> logs, GrafeoHead head, ulong since)
    {
        var left =
            logs.Count == 0
                ? $"the last checkpoint, {GrafeoTime.Text(header.Active.TimestampMs)}, left no log before LSN "
                    + $"{header.Active.CheckpointLsn} (epoch {header.Active.Epoch})"
                : $"what is left begins at LSN {logs[0].Number}, written since {GrafeoTime.Text(CreatedOf(logs[0]))}";
        return new BackupException(
            ErrorCode.LogIsGone,
            $"the log that follows epoch {head.Epoch} (LSN {since}) is gone: {left}",
            source.LogFolder,
            recommendation: "Take a new full backup. The engine keeps the log for increments while the backup cursor "
                + $"is beside the database (leave out {Spelling.Of("NoCursor")})."
        );
    }

    private ulong CreatedOf(GrafeoLogFile log)
    {
        using var file = context.Disk.OpenRead(log.Path);
        return GrafeoWalSegment.ReadLog(file, log.Number).Header.CreatedMs;
    }
}
