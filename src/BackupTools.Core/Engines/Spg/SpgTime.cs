namespace BackupTools.Engines.Spg;

/// <summary>Time as a bundle has it: µs since 1970 UTC.</summary>
internal static class SpgTime
{
    public static ulong Now(TimeProvider clock) =>
        (ulong)Math.Max(0, (clock.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond);
}
