using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Grafeo;

namespace BackupTools.Engines.Grafeo;

/// <summary>
/// Reads the bundles that a plan names, proves them, and finds what of their log makes the wanted state: what a restore
/// and a merge have in common.
/// </summary>
internal sealed class GrafeoStateReader
{
    private readonly RestorePlan _plan;
    private readonly IReadOnlyList<BundleHeader> _bundles;
    private readonly EngineContext _context;
    private readonly GrafeoChainCheck _check;
    private ulong? _cutLsn;
    private ulong? _lastCommitMs;
    private bool _isPast;

    public GrafeoStateReader(RestorePlan plan, EngineContext context)
    {
        _plan = plan;
        _context = context;
        _bundles = WithinTime(plan, context);
        _check = new GrafeoChainCheck(context, checkFrames: true, Target ?? ulong.MaxValue) { OnGroup = OnGroup };
    }

    /// <summary>The image's header. Like all that follows, known once <see cref="Read"/> has returned.</summary>
    public GrafeoContainerHeader Image => _check.Image!;

    /// <summary>CRC-32 of the image's file.</summary>
    public uint ImageChecksum => _check.ImageChecksum;

    /// <summary>
    /// The last epoch of the state. In 0.6.0 read-only transactions spend epochs without a commit: a target among these is
    /// the state of the commit before it, and this is the epoch of that.
    /// </summary>
    public ulong Reached { get; private set; }

    /// <summary>The position up to which the state is whole: epochs without a commit may follow the last one.</summary>
    public ulong End =>
        _plan.CutTime is null ? _plan.End.Value
        : Image.IsPaged ? Math.Max(Reached, _plan.Full.End.Value)
        : _bundles[^1].End.Value;

    /// <summary>
    /// When the database was in this state: at the time that was asked for, at the last commit of what was cut, else when
    /// its bundle was taken.
    /// </summary>
    public ulong TimeMs
    {
        get
        {
            var taken = GrafeoTime.Of(_bundles[^1].CreatedUtc);
            if (!Image.IsPaged || (_plan.CutAt is null && _plan.CutTime is null))
            {
                return taken;
            }
            return _plan.CutTime is { } instant
                ? GrafeoTime.Of(instant)
                // The clock of the engine's machine is not ours: within the bundle that it was cut from.
                : Math.Min(Math.Max(_lastCommitMs ?? 0, GrafeoTime.Of(_bundles[^2].CreatedUtc)), taken);
        }
    }

    /// <summary>0.6.0: commits and changes of the schema after the image.</summary>
    public int Groups { get; private set; }

    /// <summary>0.6.0: the segments of the log up to the cut, and where each ends in its file.</summary>
    public IEnumerable<(GrafeoWalSegment Segment, long Stop)> Segments
    {
        get
        {
            var start = Image.Active.CheckpointLsn;
            var end = _cutLsn ?? (_plan.CutTime is null ? ulong.MaxValue : start);
            return _check
                .Segments.Where(s => s.EndLsn > start && s.FirstLsn < end)
                .Select(s => (s, s.EndLsn <= end ? s.Frames.End : s.OffsetOf(end)));
        }
    }

    /// <summary>0.5.x: where the frames are that <see cref="TakeFrames"/> numbers.</summary>
    public IReadOnlyList<GrafeoRecordInput> Inputs => _check.Inputs;

    private ulong? Target =>
        _plan.Target is RestoreTarget.PositionTarget position ? position.Value : _plan.CutAt?.Value;

    /// <summary>0.5.x: the frames of the log up to the cut, in order; they are handed out once.</summary>
    public IReadOnlyList<GrafeoStretch> TakeFrames() => _check.Filter!.TakeKept();

    /// <summary>Reads everything, copying the image.</summary>
    /// <exception cref="BackupException">A bundle is damaged or does not fit; TargetNotCovered.</exception>
    public void Read(IDiskFile image)
    {
        var full = _plan.Full;
        using (_context.Progress.BeginFile(full.FullName, full.Length))
        {
            _check.AddImage(full, image);
            _check.ThrowIfUnsound();
        }
        Reached = Image.Container == GrafeoContainer.Empty ? full.End.Value : Image.Active.Epoch;
        if (Target < Reached)
        {
            throw NotCovered($"the image is of epoch {Reached} already", full);
        }
        foreach (var bundle in _bundles.Skip(1))
        {
            using var shown = _context.Progress.BeginFile(bundle.FullName, bundle.Length);
            _check.AddIncrement(bundle);
            _check.ThrowIfUnsound();
        }
        if (!Image.IsPaged)
        {
            Reached = _check.Filter!.Last ?? Reached;
            if (_check.Filter.ComesAgain)
            {
                throw NotCovered(
                    "the epochs of its log go up and down, so no epoch names a single state",
                    _bundles[^1]
                );
            }
            if (Target is { } target && target != Reached)
            {
                throw NotCovered(
                    $"the segments hold no epoch {target}, the last one before it is {Reached}",
                    _bundles[^1]
                );
            }
        }
    }

    /// <summary>Logs of 0.5.x carry no times: whole increments up to the instant are all that can be had.</summary>
    private static IReadOnlyList<BundleHeader> WithinTime(RestorePlan plan, EngineContext context)
    {
        if (plan.CutTime is not { } instant || GrafeoBundle.Of(plan.Full).IsPaged)
        {
            return plan.Bundles;
        }
        var kept = plan.Bundles.TakeWhile((b, i) => i == 0 || b.StateUtc <= instant).ToList();
        context.Verbose($"the log carries no times: the state of {kept[^1].Name} is restored");
        return kept;
    }

    private void OnGroup(GrafeoFrame group)
    {
        if (group.Epoch is not { } epoch)
        {
            return;
        }
        if (_plan.CutTime is { } instant)
        {
            if (GrafeoTime.Instant(group.TimestampMs ?? 0) is { } committed && committed <= instant)
            {
                _cutLsn = group.EndLsn;
                Keep(group, epoch);
            }
            return;
        }
        if (epoch > Target)
        {
            _cutLsn ??= group.GroupLsn;
            _isPast = true;
        }
        else if (_isPast)
        {
            throw new BackupException(
                ErrorCode.TargetNotCovered,
                $"epoch {epoch} was committed after a later one, at LSN {group.GroupLsn}: the log cannot be cut there",
                recommendation: "Restore to a later epoch."
            );
        }
        else
        {
            Keep(group, epoch);
        }
    }

    private void Keep(GrafeoFrame group, ulong epoch)
    {
        Reached = Math.Max(Reached, epoch);
        Groups++;
        _lastCommitMs = group.TimestampMs;
    }

    private BackupException NotCovered(string why, BundleHeader bundle) =>
        new(ErrorCode.TargetNotCovered, $"epoch {Target} cannot be restored: {why}", bundle.FullName);
}
