using BackupTools.Errors;
using BackupTools.Formats.Primitives;

namespace BackupTools.Formats.Grafeo;

/// <summary>A range of bytes of one of several inputs.</summary>
/// <param name="Input">Which input, as numbered by the caller.</param>
/// <param name="Start">First byte.</param>
/// <param name="End">First byte after.</param>
internal readonly record struct GrafeoStretch(int Input, long Start, long End);

/// <summary>
/// Decides which frames of a 0.5.x log make the state of an epoch, as the engine's recovery does (Grafeo format, §5.4):
/// data waits for its commit and is dropped by an abort, commits wait for their epoch. No frame is left out because of
/// the number of its epoch: the engine restarts counting whenever it opens a database, so an epoch that falls begins
/// another session, whose commits are as new as any.
/// </summary>
/// <param name="until">The log ends before the first epoch after this one.</param>
/// <remarks>
/// <para>Frames that follow one another are joined, so that memory does not grow with their number.</para>
/// <para>Unlike the engine's, an abort keeps changes of the schema, which the running engine does not undo.</para>
/// <para>
/// Nothing tells of which transaction a frame is: those of one that was open at a kill, which no abort clears, become
/// part of the next commit, as in the engine's recovery.
/// </para>
/// </remarks>
internal sealed class GrafeoEpochFilter(ulong until = ulong.MaxValue)
{
    /// <summary>Holes that are kept in mind: sessions that commit at once leave a few for a moment, lost files one each.</summary>
    public const int MaxMissing = 1024;

    private readonly List<GrafeoStretch> _pending = [];
    private readonly List<GrafeoStretch> _pendingSchema = [];
    private readonly List<GrafeoStretch> _committed = [];
    private readonly List<GrafeoStretch> _kept = [];
    private bool _schemaIsContent;
    private bool _committedIsContent;
    private ulong? _highestOfSession;

    /// <summary>The epoch before the first one, where it is known: what is missing after it is a hole.</summary>
    public ulong? Follows { get; init; }

    /// <summary>The first epoch that was met; null for none.</summary>
    public ulong? First { get; private set; }

    /// <summary>The last epoch that was kept; null for none.</summary>
    public ulong? Last { get; private set; }

    /// <summary>The highest epoch that was kept; null for none.</summary>
    public ulong? Highest { get; private set; }

    /// <summary>Epochs that should have come before a later one of their session and did not, ascending.</summary>
    public List<(ulong From, ulong To)> Missing { get; } = [];

    /// <summary>An epoch after the range was met: nothing that follows is kept.</summary>
    public bool IsPast { get; private set; }

    /// <summary>An epoch of the range came after one outside it: its state is not one place in the log.</summary>
    public bool ComesAgain { get; private set; }

    /// <summary>The last transaction that was committed; the engine begins with 1.</summary>
    public ulong LastTransaction { get; private set; } = 1;

    /// <summary>Takes the next frame.</summary>
    /// <exception cref="BackupException">Malformed: more than <see cref="MaxMissing"/> holes in the epochs.</exception>
    public void Add(int input, GrafeoRecord record)
    {
        if (IsPast)
        {
            ComesAgain |= record.Kind == GrafeoRecordKind.EpochAdvance && record.Value <= until;
            return;
        }
        switch (record.Kind)
        {
            case GrafeoRecordKind.Data:
                Join(_pending, input, record);
                break;
            case GrafeoRecordKind.Schema:
            case GrafeoRecordKind.SwitchGraph:
                Join(_pending, input, record);
                Join(_pendingSchema, input, record);
                _schemaIsContent |= record.Kind == GrafeoRecordKind.Schema;
                break;
            case GrafeoRecordKind.TransactionAbort:
                _pending.Clear();
                _pending.AddRange(_pendingSchema);
                break;
            case GrafeoRecordKind.TransactionCommit:
                LastTransaction = record.Value;
                _committedIsContent |= _pending.Count > 0;
                Move(_pending, _committed);
                ForgetSchema();
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

    /// <summary>
    /// The log ends here and the database that wrote it is to be captured: what was committed and got no epoch is kept (the
    /// log of a directory database is full of that), and so are changes of the schema, which the engine has acknowledged
    /// though nothing says so in the log.
    /// </summary>
    /// <returns>True when a commit must be put after the last frame for the engine to apply it.</returns>
    public bool Close()
    {
        if (_committedIsContent)
        {
            Move(_committed, _kept);
        }
        if (!_schemaIsContent)
        {
            return false;
        }
        Move(_pendingSchema, _kept);
        return true;
    }

    /// <summary>The ranges kept so far, in order; they are returned once.</summary>
    public IReadOnlyList<GrafeoStretch> TakeKept()
    {
        var kept = _kept.ToArray();
        _kept.Clear();
        return kept;
    }

    private void Advance(int input, GrafeoRecord record)
    {
        var epoch = record.Value;
        if (epoch > until)
        {
            IsPast = true;
            _committed.Clear();
            return;
        }
        Move(_committed, _kept);
        Join(_kept, input, record);
        _committedIsContent = false;
        Count(epoch, record);
        First ??= epoch;
        Last = epoch;
        Highest = Math.Max(Highest ?? 0, epoch);
    }

    /// <summary>
    /// Looks for epochs that were lost. Transactions that end at once write theirs in any order, so that one may still
    /// fill a hole; any other that does not rise begins a session.
    /// </summary>
    private void Count(ulong epoch, GrafeoRecord record)
    {
        if ((_highestOfSession ?? Follows) is not { } known)
        {
            _highestOfSession = epoch;
        }
        else if (epoch > known)
        {
            if (epoch - known > 1)
            {
                AddHole(Missing.Count, known + 1, epoch - 1, record);
            }
            _highestOfSession = epoch;
        }
        else if (!FillsHole(epoch, record))
        {
            _highestOfSession = epoch;
        }
    }

    private bool FillsHole(ulong epoch, GrafeoRecord record)
    {
        var hole = Missing.FindIndex(m => m.From <= epoch && epoch <= m.To);
        if (hole < 0)
        {
            return false;
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
            throw Fault.Malformed($"the log lacks epochs at more than {MaxMissing} places", record.Offset);
        }
        Missing.Insert(index, (from, to));
    }

    private void ForgetSchema()
    {
        _pendingSchema.Clear();
        _schemaIsContent = false;
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
