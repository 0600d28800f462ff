using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Grafeo;

namespace BackupTools.Engines.Grafeo;

/// <summary>
/// Captures the log of 0.5.x into an increment. The state of a database is its image with all of its log, whatever
/// epochs that carries: the engine restarts counting whenever it opens a database, but keeps the log of a session that
/// was killed. So a log may hold 1, 2, 3, 1, 2 over an image of epoch 5, and all of it is new. In the increment the epochs
/// continue the chain's, one for each commit, so that each names one state; the frames are not changed otherwise.
/// </summary>
internal sealed class GrafeoRecordLog(GrafeoSource source, GrafeoContainerHeader header, EngineContext context)
{
    private readonly GrafeoEpochFilter _filter = new();
    private IReadOnlyList<GrafeoRecordInput> _inputs = [];
    private IReadOnlyList<GrafeoStretch> _kept = [];
    private bool _lacksCommit;

    /// <summary>Captures all of the log, to follow the image of the same database.</summary>
    /// <param name="after">The position of the image in its folder.</param>
    /// <param name="target">The increment, to be written.</param>
    /// <returns>Null when there is nothing in it.</returns>
    /// <exception cref="BackupException">LogIsGone: it has a hole; or what is wrong with it.</exception>
    public GrafeoCapturedLog? CaptureAll(ulong after, IDiskFile target)
    {
        Read();
        return Write(after, target, isOneState: !ImageIsOlder);
    }

    /// <summary>Captures what the chain does not hold yet.</summary>
    /// <param name="head">What the increment builds on.</param>
    /// <param name="target">The increment, to be written.</param>
    /// <returns>Null when it is proved that there is nothing new.</returns>
    /// <exception cref="BackupException">ContinuityNotProved, LogIsGone, or what is wrong with the log.</exception>
    public GrafeoCapturedLog? CaptureSince(GrafeoHead head, IDiskFile target)
    {
        Read();
        var proof = new GrafeoContinuity(source, head, context);
        proof.CheckImage(header, logIsEmpty: _kept.Count == 0);
        _kept = proof.Behind(_inputs, _kept);
        return Write(head.Epoch, target, isOneState: proof.Held == 0 && !ImageIsOlder);
    }

    /// <summary>
    /// Whether it is certain that the log was begun after the image. Else a checkpoint in the middle of a session may
    /// have written it, and the log is to be applied over a state that holds some of it already: its end is right then,
    /// but what lies between never existed.
    /// </summary>
    private bool ImageIsOlder =>
        header.Container == GrafeoContainer.Empty
        || header.Active is { Iteration: <= 1, Epoch: 0, Nodes: 0, Edges: 0 }
        || _filter.First > header.Active.Epoch
        || header.Active.Epoch > _filter.Highest;

    private void Read()
    {
        _inputs = source
            .Logs(context.Disk, paged: false)
            .Select(l => new GrafeoRecordInput(l.Path, new FileRange(0, l.Length)))
            .ToList();
        GrafeoFrames.Scan(_inputs, _filter, context, mayBeTorn: true);
        _lacksCommit = _filter.Close();
        _kept = _filter.TakeKept();
        // A session counts from 1: what came before its first epoch in the log must be in the image.
        var image = header.Active.Epoch;
        if (_filter.First is > 1 and var first && first - 1 > image)
        {
            throw IsGone(image + 1, first - 1);
        }
        if (_filter.Missing.Count > 0)
        {
            throw IsGone(_filter.Missing[0].From, _filter.Missing[^1].To);
        }
    }

    private BackupException IsGone(ulong from, ulong to)
    {
        var checkpoint = ReadCheckpoint();
        var since = checkpoint is null
            ? $"the image is of epoch {header.Active.Epoch}, {GrafeoTime.Text(header.Active.TimestampMs)}"
            : $"the checkpoint of epoch {checkpoint.Epoch}, {GrafeoTime.Text(checkpoint.TimestampMs)}, "
                + $"left the log from file {checkpoint.LogSequence} on";
        return new BackupException(
            ErrorCode.LogIsGone,
            $"the log no longer holds epochs {from}..{to}: {since}",
            source.LogFolder,
            recommendation: "Take a new full backup once the engine has written a checkpoint or closed the database."
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
            return GrafeoCheckpointMeta.Read(file.UpTo(0, 64));
        }
        catch (BackupException e)
        {
            context.Verbose(e.At(source.CheckpointMeta).Describe());
            return null;
        }
    }

    private GrafeoCapturedLog? Write(ulong after, IDiskFile target, bool isOneState)
    {
        if (_kept.Count == 0)
        {
            return null;
        }
        var last = after;
        var writer = new GrafeoFrameWriter(target, context);
        writer.Copy(_inputs, _kept, _ => isOneState ? null : ++last);
        // Recovery drops what no commit and epoch follow; with both at the end the engine's restore keeps it too.
        if (_lacksCommit)
        {
            writer.Add(GrafeoRecordKind.TransactionCommit, _filter.LastTransaction);
        }
        if (writer.LacksEpoch)
        {
            writer.Add(GrafeoRecordKind.EpochAdvance, ++last);
        }
        var files = (ulong)_kept.Select(k => k.Input).Distinct().Count();
        return writer.Finish(new GbakHeader(GbakHeader.Frames, after + 1, last, files));
    }
}
