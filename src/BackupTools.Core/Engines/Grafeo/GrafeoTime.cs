using System.Globalization;

namespace BackupTools.Engines.Grafeo;

/// <summary>Times as Grafeo stores them: milliseconds since 1970, unsigned, untrusted.</summary>
internal static class GrafeoTime
{
    private const ulong Last = 253402300799999;

    /// <summary>Now, as a stored time.</summary>
    public static ulong Now(TimeProvider clock) => Of(clock.GetUtcNow());

    /// <summary>An instant as a stored time.</summary>
    public static ulong Of(DateTimeOffset instant) => (ulong)Math.Max(0, instant.ToUnixTimeMilliseconds());

    /// <summary>The instant, or null for what is outside the calendar.</summary>
    public static DateTimeOffset? Instant(ulong milliseconds) =>
        milliseconds <= Last ? DateTimeOffset.FromUnixTimeMilliseconds((long)milliseconds) : null;

    /// <summary>For messages.</summary>
    public static string Text(ulong milliseconds) =>
        Instant(milliseconds)?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)
        ?? $"{milliseconds} ms after 1970";
}
