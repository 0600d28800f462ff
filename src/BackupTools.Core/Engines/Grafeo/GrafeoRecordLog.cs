using System.IO.Hashing;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Grafeo;

namespace BackupTools.Engines.Grafeo;

/// <summary>Bytes of a 0.5.x log: a file of the log, or what follows the header of an increment.</summary>
/// <param name="Path">The file.</param>
/// <param name="Range">The frames in it.</param>
internal readonly record struct GrafeoRecordInput(string Path, FileRange Range);

/// <summary>
/// Captures the log of 0.5.x into an increment by epoch, not by file (Grafeo format, §6): so it also holds what the
/// engine's own increments lose.
/// </summary>
internal sealed class GrafeoRecordLog(GrafeoSource source, GrafeoContainerHeader header, EngineContext context)
{
    /// <summary>Captures every epoch behind the head's, up to the last complete one.</summary>
    /// <returns>Null when there is none.</returns>
    /// <exception cref="BackupException">LogIsGone, SinceBeyondLog, ForeignEpoch, or what is wrong with the log.</exception>
    public GrafeoCapturedLog? Capture(GrafeoHead head, IDiskFile target)
    {
        var inputs = source
            .Logs(context.Disk, paged: false)
            .Select(l => new GrafeoRecordInput(l.Path, new FileRange(0, l.Length)))
            .ToList();
        var first = FirstNeeded(inputs, head.Epoch);
        var filter = Filter(inputs, first, head.Epoch);
        if (filter.Missing.Count > 0 && first > 0)
        {
            // Sessions that commit at once may have written an epoch into the file before.
            filter = Filter(inputs, 0, head.Epoch);
        }
        CheckHead(filter, inputs, head);
        if (filter.Missing.Count > 0)
        {
            throw IsGone(head, filter.Missing[0].From, filter.Missing[^1].To);
        }
        if (filter.HasCommitWithoutEpoch)
        {
            context.Verbose($"{source.LogFolder}: the last commit has no epoch yet and is left out");
        }
        if (filter.Last is not { } last)
        {
            // What is in the image and no longer in the log cannot be had as an increment.
            return header.Active.Epoch > head.Epoch ? throw IsGone(head, head.Epoch + 1, header.Active.Epoch)
                : Math.Max(filter.LastSeen ?? 0, header.Active.Epoch) < head.Epoch ? throw Beyond(head, filter.LastSeen)
                : null;
        }
        var kept = filter.TakeKept();
        var files = kept.Select(k => k.Input).Distinct().Count();
        return Write(
            inputs,
            kept,
            new GbakHeader(GbakHeader.Frames, head.Epoch + 1, last, (ulong)files),
            target,
            context
        );
    }

    /// <summary>Runs the frames of all inputs from one on through a filter.</summary>
    /// <param name="inputs">In order of recovery.</param>
    /// <param name="first">The first to read.</param>
    /// <param name="filter">Takes every frame.</param>
    /// <param name="context">For reading.</param>
    /// <param name="mayBeTorn">A frame cut off at the very end of a file is what a live or crashed engine leaves.</param>
    /// <exception cref="BackupException">A frame is damaged.</exception>
    public static void Scan(
        IReadOnlyList<GrafeoRecordInput> inputs,
        int first,
        GrafeoEpochFilter filter,
        EngineContext context,
        bool mayBeTorn
    )
    {
        for (var i = first; i < inputs.Count && !filter.IsPast; i++)
        {
            var (path, range) = inputs[i];
            var reader = new GrafeoRecordReader(range.Start);
            using var file = context.Disk.OpenRead(path);
            try
            {
                HashingCopy.Read(
                    file,
                    range,
                    block =>
                    {
                        while (reader.Read(ref block, out var record))
                        {
                            filter.Add(i, record);
                        }
                    },
                    context.Progress,
                    context.Cancellation
                );
            }
            catch (BackupException e)
            {
                throw e.At(path);
            }
            if (
                reader.Torn() is { } torn
                && (!mayBeTorn || GoesOn(file, range with { Start = reader.End + 1 }, context))
            )
            {
                throw torn.At(path);
            }
        }
    }

    /// <summary>Writes an increment of stretches of frames, each of which is proved once more.</summary>
    /// <exception cref="BackupException">SourceChanging, or a frame is damaged.</exception>
    public static GrafeoCapturedLog Write(
        IReadOnlyList<GrafeoRecordInput> inputs,
        IReadOnlyList<GrafeoStretch> kept,
        GbakHeader gbak,
        IDiskFile target,
        EngineContext context
    )
    {
        var crc = new Crc32();
        var head = gbak.Write();
        target.Write(head, 0);
        crc.Append(head);
        long at = head.Length;
        foreach (var stretch in kept)
        {
            using var file = context.Disk.OpenRead(inputs[stretch.Input].Path);
            var range = new FileRange(stretch.Start, stretch.End);
            var proof = new GrafeoRecordReader(stretch.Start);
            HashingCopy.Copy(
                file,
                range,
                target,
                at,
                block =>
                {
                    crc.Append(block);
                    while (proof.Read(ref block, out _)) { }
                },
                context.Progress,
                context.Cancellation
            );
            if (!proof.AtBoundary)
            {
                throw new BackupException(ErrorCode.SourceChanging, "the log changed while it was read", file.Path);
            }
            at += range.Length;
        }
        return new GrafeoCapturedLog(gbak.EndEpoch, crc.GetCurrentHashAsUInt32(), at, null);
    }

    /// <summary>A commit behind a frame that seems cut off: not its end is missing, its length is wrong.</summary>
    private static bool GoesOn(IDiskFile file, FileRange range, EngineContext context)
    {
        const int block = 1 << 20;
        for (var at = range.Start; at < range.End; at += block)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            var length = (int)Math.Min(block + GrafeoRecordReader.MaxEpochFrame, range.End - at);
            if (GrafeoRecordReader.IndexOfEpoch(GrafeoImage.ReadAt(file, at, length)) >= 0)
            {
                return true;
            }
        }
        return false;
    }

    private GrafeoEpochFilter Filter(List<GrafeoRecordInput> inputs, int first, ulong after)
    {
        var filter = new GrafeoEpochFilter(after, ulong.MaxValue);
        Scan(inputs, first, filter, context, mayBeTorn: true);
        return filter;
    }

    /// <summary>
    /// The file from which on frames can be of a later epoch: the last one whose first epoch is not later. What of a
    /// transaction lies in the file before belongs to that first epoch.
    /// </summary>
    private int FirstNeeded(List<GrafeoRecordInput> inputs, ulong after)
    {
        for (var i = inputs.Count - 1; i > 0; i--)
        {
            if (FirstEpoch(inputs[i]) <= after)
            {
                return i;
            }
        }
        return 0;
    }

    private ulong? FirstEpoch(GrafeoRecordInput input)
    {
        const int block = 64 << 10;
        using var file = context.Disk.OpenRead(input.Path);
        var reader = new GrafeoRecordReader(checkCrc: false);
        for (var at = input.Range.Start; at < input.Range.End; at += block)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            ReadOnlySpan<byte> bytes = GrafeoImage.ReadAt(file, at, (int)Math.Min(block, input.Range.End - at));
            while (reader.Read(ref bytes, out var record))
            {
                if (record.Kind == GrafeoRecordKind.EpochAdvance)
                {
                    return record.Value;
                }
            }
        }
        return null;
    }

    /// <summary>
    /// Where the log still holds the chain's last epoch, its bytes must be those that end the increment; engines may
    /// have put unfinished frames behind it, and then nothing can be compared.
    /// </summary>
    private void CheckHead(GrafeoEpochFilter filter, List<GrafeoRecordInput> inputs, GrafeoHead head)
    {
        if (filter.AfterAt is not { } at || !head.EndsWithEpoch())
        {
            return;
        }
        using var file = context.Disk.OpenRead(inputs[at.Input].Path);
        head.CheckFollows(file, new FileRange(at.Start, at.End));
    }

    private BackupException IsGone(GrafeoHead head, ulong from, ulong to)
    {
        var checkpoint = ReadCheckpoint();
        var since = checkpoint is null
            ? $"the image is of epoch {header.Active.Epoch}, {GrafeoTime.Text(header.Active.TimestampMs)}"
            : $"the checkpoint of epoch {checkpoint.Epoch}, {GrafeoTime.Text(checkpoint.TimestampMs)}, "
                + $"left the log from file {checkpoint.LogSequence} on";
        return new BackupException(
            ErrorCode.LogIsGone,
            $"the chain stands at epoch {head.Epoch}, and the log no longer holds epochs {from}..{to}: {since}",
            source.LogFolder,
            recommendation: "Take a new full backup. Engines of this version remove their log when they close."
        );
    }

    private GrafeoCheckpointMeta? ReadCheckpoint()
    {
        if (context.Disk.Stat(source.CheckpointMeta) is null)
        {
            return null;
        }
        using var file = context.Disk.OpenRead(source.CheckpointMeta);
        try
        {
            return GrafeoCheckpointMeta.Read(GrafeoImage.ReadAt(file, 0, 64));
        }
        catch (BackupException e)
        {
            context.Verbose(e.At(source.CheckpointMeta).Describe());
            return null;
        }
    }

    private BackupException Beyond(GrafeoHead head, ulong? last) =>
        new(
            ErrorCode.SinceBeyondLog,
            $"the chain stands at epoch {head.Epoch}, the database only at {last ?? header.Active.Epoch}",
            source.Path,
            recommendation: "Take a new full backup: the database was restored, or its epochs were restarted."
        );
}
