namespace BackupTools.Engines.Spg;

/// <summary>Time as a bundle has it: µs since 1970 UTC.</summary>
internal static class SpgTime
{
    public static ulong Now(TimeProvider clock) => Of(clock.GetUtcNow());

    public static ulong Of(DateTimeOffset time) =>
        (ulong)Math.Max(0, (time - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond);
}
