using BackupTools.Errors;
using BackupTools.Formats.Grafeo;
using Blake3;

namespace BackupTools.Engines.Grafeo;

/// <summary>
/// Proves that a database of 0.5.x is a later state of what a chain ends with: its image is the one of the chain's
/// full, and its log begins with everything that the chain's increments hold. Nothing less does, as neither has an
/// identity and epochs restart at every open. The proof needs the bundles only, so it outlives copies, merges and
/// moves. It costs reading the log and the increments, which are as long as one session.
/// </summary>
internal sealed class GrafeoContinuity(GrafeoSource source, GrafeoHead head, EngineContext context)
{
    /// <summary>Bytes in the chain's increments that change the database; known once <see cref="Behind"/> has returned.</summary>
    public long Held { get; private set; }

    /// <summary>Refuses a database whose image is not the one that the chain builds on.</summary>
    /// <param name="header">Of the database.</param>
    /// <param name="logIsEmpty">The log changes nothing.</param>
    /// <exception cref="BackupException">ContinuityNotProved; LogIsGone when the log went with a clean close.</exception>
    public void CheckImage(GrafeoContainerHeader header, bool logIsEmpty)
    {
        if (head.Way is not [var full, ..] || GrafeoBundle.Of(full).Image is not { } image)
        {
            throw NotProved("no full backup of the chain says from which image it began", source.Path);
        }
        if (!IsSame(header, image, GrafeoBundle.Of(full).Path))
        {
            var when = GrafeoTime.Text(header.Active.TimestampMs);
            throw logIsEmpty && header.Container != GrafeoContainer.Empty
                ? IsGone($"the database was rewritten at {when}, and its log was removed")
                : NotProved(
                    $"the image was rewritten at {when}, and what was logged before that is in no backup",
                    source.Path
                );
        }
    }

    /// <summary>What of the log lies after all that the chain holds.</summary>
    /// <exception cref="BackupException">ContinuityNotProved; SinceBeyondLog when the log is shorter.</exception>
    public IReadOnlyList<GrafeoStretch> Behind(
        IReadOnlyList<GrafeoRecordInput> inputs,
        IReadOnlyList<GrafeoStretch> kept
    )
    {
        var pieces = Pieces();
        Held = pieces.Sum(p => p.Length);
        if (Held == 0)
        {
            return kept;
        }
        var hasher = Hasher.New();
        long seen = 0;
        var (piece, end) = (0, pieces[0].Length);
        var isSame = true;
        (int Input, long Offset)? cut = null;
        GrafeoFrames.Read(
            inputs,
            kept,
            (input, offset, bytes) =>
            {
                var old = (int)Math.Min(bytes.Length, Held - seen);
                for (var at = 0; at < old; )
                {
                    var part = (int)Math.Min(old - at, end - seen);
                    hasher.Update(bytes.Slice(at, part));
                    (at, seen) = (at + part, seen + part);
                    if (seen == end)
                    {
                        isSame &= hasher.Finalize().ToString() == pieces[piece].Digest;
                        hasher = Hasher.New();
                        piece++;
                        end += piece < pieces.Count ? pieces[piece].Length : 0;
                    }
                }
                if (old < bytes.Length)
                {
                    cut = (input, offset + old);
                }
                return cut is null;
            },
            _ => { },
            context
        );
        if (seen < Held)
        {
            throw new BackupException(
                ErrorCode.SinceBeyondLog,
                $"the chain ends at epoch {head.Epoch}, but the database's log ends before that",
                source.LogFolder,
                recommendation: "Take a new full backup: the database was restored or replaced since the last one."
            );
        }
        if (!isSame)
        {
            throw NotProved("its log does not begin with what the chain holds", source.LogFolder);
        }
        return cut is { } at
            ?
            [
                .. kept.SkipWhile(k => k.Input < at.Input || (k.Input == at.Input && k.End <= at.Offset))
                    .Select(k => k.Input == at.Input && k.Start < at.Offset ? k with { Start = at.Offset } : k),
            ]
            : [];
    }

    /// <summary>
    /// The same checkpoint, or one with the same content: an engine that only opened and closed a database may have
    /// written the same once more.
    /// </summary>
    private bool IsSame(GrafeoContainerHeader header, GrafeoContainerHeader image, string bundle)
    {
        if (header.Active with { Epoch = 0 } == image.Active with { Epoch = 0 })
        {
            return true;
        }
        if (source.IsDirectory || header.Container != image.Container)
        {
            return false;
        }
        using var ours = context.Disk.OpenRead(bundle);
        using var theirs = context.Disk.OpenRead(source.Image(context.Disk));
        return GrafeoImage.HoldTheSame(ours, theirs, context);
    }

    /// <summary>
    /// What the chain's increments hold: all of it together, or of increments that cannot be read what stands for each.
    /// </summary>
    private List<GrafeoTraces> Pieces()
    {
        var paths = head.Way.Skip(1).Select(b => GrafeoBundle.Of(b).Path).ToList();
        var kept = paths.Select(p => GrafeoTraces.Behind(p, context)).OfType<GrafeoTraces>().ToList();
        List<GrafeoTraces> pieces =
            paths.Count > 0 && kept.Count == paths.Count ? kept
            : paths.Count > 0 ? [GrafeoTraces.OfRecords(paths, context)]
            : [];
        return [.. pieces.Where(p => p.Length > 0)];
    }

    private BackupException IsGone(string why) =>
        new(
            ErrorCode.LogIsGone,
            $"the log that follows {head.Name} (epoch {head.Epoch}) is gone: {why}",
            source.LogFolder,
            recommendation: "Take a new full backup. Engines of this version remove their log when they close."
        );

    private BackupException NotProved(string why, string path) =>
        new(
            ErrorCode.ContinuityNotProved,
            $"nothing proves that the database continues {head.Name} (epoch {head.Epoch}): {why}",
            path,
            recommendation: "Take a new full backup. Engines of this version write their image and remove their log when "
                + "they close, so a chain is continued within one session only."
        );
}
