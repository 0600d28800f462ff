using BackupTools.Errors;

namespace BackupTools.Formats.Grafeo;

/// <summary>A stretch of bytes of one of several inputs.</summary>
/// <param name="Input">Which input, as numbered by the caller.</param>
/// <param name="Start">First byte.</param>
/// <param name="End">First byte behind.</param>
internal readonly record struct GrafeoStretch(int Input, long Start, long End);

/// <summary>
/// Decides which frames of a 0.5.x log belong to the epochs of a range, as the engine's recovery does (Grafeo format,
/// §5.4): data waits for its commit and is dropped by an abort; commits wait for their epoch; what has no epoch yet
/// is in no state that can be named.
/// </summary>
/// <param name="after">Epochs up to this one are left out: they are in the image or a backup already.</param>
/// <param name="until">Epochs behind this one are left out, and the log ends with the first of them.</param>
/// <remarks>Frames that follow one another are joined, so that memory does not grow with their number.</remarks>
internal sealed class GrafeoEpochFilter(ulong after, ulong until)
{
    /// <summary>Holes that are kept in mind: sessions that commit at once leave a few for a moment, lost files one each.</summary>
    public const int MaxMissing = 1024;

    private readonly List<GrafeoStretch> _pending = [];
    private readonly List<GrafeoStretch> _committed = [];
    private readonly List<GrafeoStretch> _kept = [];

    /// <summary>The first epoch of the range that was met; null for none.</summary>
    public ulong? First { get; private set; }

    /// <summary>The last epoch of the range that was met; null for none.</summary>
    public ulong? Last { get; private set; }

    /// <summary>The last epoch that was met at all.</summary>
    public ulong? LastSeen { get; private set; }

    /// <summary>Where the frames of the epoch before the range end, if they were met: its last stretch.</summary>
    public GrafeoStretch? AfterAt { get; private set; }

    /// <summary>Epochs that should have come before the last one and did not, ascending.</summary>
    public List<(ulong From, ulong To)> Missing { get; } = [];

    /// <summary>An epoch behind the range was met: nothing that follows matters.</summary>
    public bool IsPast { get; private set; }

    /// <summary>A transaction committed, but its epoch has not been met: the last thing a crashed engine wrote.</summary>
    public bool HasCommitWithoutEpoch => _committed.Count > 0;

    /// <summary>Takes the next frame.</summary>
    /// <exception cref="BackupException">Malformed: more than <see cref="MaxMissing"/> holes in the epochs.</exception>
    public void Add(int input, GrafeoRecord record)
    {
        if (IsPast)
        {
            return;
        }
        switch (record.Kind)
        {
            case GrafeoRecordKind.Data:
                Join(_pending, input, record);
                break;
            case GrafeoRecordKind.TransactionAbort:
                _pending.Clear();
                break;
            case GrafeoRecordKind.TransactionCommit:
                Move(_pending, _committed);
                Join(_committed, input, record);
                break;
            case GrafeoRecordKind.Checkpoint:
                Join(_committed, input, record);
                break;
            case GrafeoRecordKind.EpochAdvance:
                Advance(input, record);
                break;
        }
    }

    /// <summary>The stretches kept so far, in order; they are handed out once.</summary>
    public IReadOnlyList<GrafeoStretch> TakeKept()
    {
        var kept = _kept.ToArray();
        _kept.Clear();
        return kept;
    }

    private void Advance(int input, GrafeoRecord record)
    {
        if (record.Value > until)
        {
            IsPast = true;
            _committed.Clear();
            return;
        }
        if (IsNew(record))
        {
            Move(_committed, _kept);
            Join(_kept, input, record);
            First = Math.Min(First ?? record.Value, record.Value);
        }
        else
        {
            if (record.Value == after)
            {
                Join(_committed, input, record);
                AfterAt = _committed[^1];
            }
            _committed.Clear();
        }
        LastSeen = record.Value;
    }

    /// <summary>
    /// Whether an epoch is no repetition. Sessions that commit at once write their epochs in any order, so one may
    /// still fill a hole; the same epoch twice in a row is kept, for only what earlier backups hold is known to repeat.
    /// </summary>
    private bool IsNew(GrafeoRecord record)
    {
        var epoch = record.Value;
        var known = Last ?? after;
        if (epoch > known)
        {
            if (epoch - known > 1)
            {
                AddHole(Missing.Count, known + 1, epoch - 1, record);
            }
            Last = epoch;
            return true;
        }
        var hole = Missing.FindIndex(m => m.From <= epoch && epoch <= m.To);
        if (hole < 0)
        {
            return epoch == Last;
        }
        var (from, to) = Missing[hole];
        Missing.RemoveAt(hole);
        if (epoch < to)
        {
            AddHole(hole, epoch + 1, to, record);
        }
        if (from < epoch)
        {
            AddHole(hole, from, epoch - 1, record);
        }
        return true;
    }

    private void AddHole(int index, ulong from, ulong to, GrafeoRecord record)
    {
        if (Missing.Count == MaxMissing)
        {
            throw new BackupException(
                ErrorCode.Malformed,
                $"the log lacks epochs at more than {MaxMissing} places",
                offset: record.Offset
            );
        }
        Missing.Insert(index, (from, to));
    }

    private static void Move(List<GrafeoStretch> from, List<GrafeoStretch> to)
    {
        foreach (var stretch in from)
        {
            Join(to, stretch);
        }
        from.Clear();
    }

    private static void Join(List<GrafeoStretch> list, int input, GrafeoRecord record) =>
        Join(list, new GrafeoStretch(input, record.Offset, record.End));

    private static void Join(List<GrafeoStretch> list, GrafeoStretch next)
    {
        if (list.Count > 0 && list[^1] is var last && last.Input == next.Input && last.End == next.Start)
        {
            list[^1] = last with { End = next.End };
        }
        else
        {
            list.Add(next);
        }
    }
}
