namespace BackupTools.Chains;

/// <summary>
/// What is kept of the order of bundles when the clock cannot be trusted. A bundle that is dated no later than one that
/// was there already says so itself (<see cref="BundleHeader.TakenAfterUtc"/>), which makes the dates a logical clock:
/// it agrees with the wall clock as long as that runs forward, and keeps growing when it is set back.
/// </summary>
internal static class ClockOrder
{
    /// <summary>
    /// How far two clocks may differ without a word: several machines write to one folder, and Alopex' snapshots of one
    /// second are named for the seconds after it.
    /// </summary>
    public static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(1);

    // What names and side files can say.
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(1);

    /// <summary>
    /// What a bundle taken now has to say about its order; null when its date says enough.
    /// </summary>
    /// <param name="now">Its own date.</param>
    /// <param name="newest">The latest <see cref="BundleHeader.OrderUtc"/> of its database's bundles in the folder.</param>
    public static DateTimeOffset? TakenAfter(DateTimeOffset now, DateTimeOffset? newest) =>
        newest is { } last && last >= Truncate(now) ? RoundUp(last) : null;

    /// <summary>What a merged full has to say, so that it takes the place of the bundle whose date and state it has.</summary>
    public static DateTimeOffset? InPlaceOf(BundleHeader last) =>
        last.OrderUtc > last.CreatedUtc ? RoundUp(last.OrderUtc - Step) : null;

    /// <summary>The place of a bundle that was taken after what has this one.</summary>
    public static DateTimeOffset After(DateTimeOffset place) =>
        place > DateTimeOffset.MaxValue - Step ? DateTimeOffset.MaxValue : place + Step;

    /// <summary>True when the date cannot be right, or this machine's clock is not.</summary>
    public static bool IsAfter(DateTimeOffset created, DateTimeOffset now) => created - now > Tolerance;

    private static DateTimeOffset Truncate(DateTimeOffset time) => time.AddTicks(-(time.Ticks % Step.Ticks));

    /// <summary>A place as records can say it.</summary>
    public static DateTimeOffset RoundUp(DateTimeOffset time) =>
        Truncate(time) is var whole && whole < time ? After(whole) : whole;
}
