using BackupTools.Chains;

namespace BackupTools.Engines.Alopex;

/// <summary>What the name of a snapshot and the dates of its files tell of the time at which it was taken.</summary>
/// <param name="CreatedUtc">When.</param>
/// <param name="TakenAfterUtc">The time of the snapshot that it is named after.</param>
/// <param name="PerhapsAtUtc">
/// The earliest that it can have been; anything when the name is later than its files, for a reason that nobody knows.
/// </param>
/// <param name="TellsOrder">It is ours: what was there and is dated later would stand in its name.</param>
/// <remarks>
/// The name is the place in the order. After a snapshot of the future it is not a time, and the log is dated by the
/// clock instead. A copy made without the dates of files makes such dates of its own, so they count only beside a
/// manifest that is dated as the name says: we do that to the snapshots we take, no engine does, and no such copy.
/// Otherwise the name is the date; where the files are older, a warning (ClockDoubtful) names what may be newer.
/// </remarks>
internal sealed record AlopexDates(
    DateTimeOffset CreatedUtc,
    DateTimeOffset? TakenAfterUtc,
    DateTimeOffset PerhapsAtUtc,
    bool TellsOrder
)
{
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(1);

    /// <summary>Reads them.</summary>
    /// <param name="name">The snapshot's name.</param>
    /// <param name="log">The date of lsm.wal.</param>
    /// <param name="manifest">The date of the manifest; null without one.</param>
    public static AlopexDates Of(string name, DateTimeOffset log, DateTimeOffset? manifest)
    {
        if (AlopexNames.SnapshotTime(name) is not { } named)
        {
            return new AlopexDates(log, null, log, false);
        }
        if (manifest == named)
        {
            return log < named
                ? new AlopexDates(log, named - Step, log, true)
                // Where dates are whole seconds, the engine's are the same.
                : new AlopexDates(named, null, named, log.Ticks % Step.Ticks != 0);
        }
        // The manifest is the last that is written, however long a backup takes.
        var written = manifest > log ? manifest.Value : log;
        var earliest = ClockOrder.IsAfter(named, written) ? DateTimeOffset.MinValue : named;
        return new AlopexDates(named, null, earliest, false);
    }
}
