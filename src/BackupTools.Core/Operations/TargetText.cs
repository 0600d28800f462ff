using System.Globalization;
using System.Text.RegularExpressions;
using BackupTools.Errors;
using BackupTools.Files;

namespace BackupTools.Operations;

/// <summary>Positions, times and durations as people write them, parsed the same for both front ends.</summary>
public static partial class TargetText
{
    /// <summary>
    /// An instant in ISO 8601 with its offset ("2026-11-20T04:10:00Z", "2026-11-20 05:10+01:00"). A time without an
    /// offset is refused: it would mean a different instant on another machine.
    /// </summary>
    /// <exception cref="BackupException">TimeIsAmbiguous.</exception>
    public static DateTimeOffset ParseTime(string text)
    {
        var trimmed = text.Trim();
        return
            Iso8601().IsMatch(trimmed)
            && DateTimeOffset.TryParse(trimmed, CultureInfo.InvariantCulture, DateTimeStyles.None, out var time)
            ? time.ToUniversalTime()
            : throw new BackupException(ErrorCode.TimeIsAmbiguous, $"'{text}' is not an ISO 8601 time with an offset");
    }

    /// <summary>A whole number from 0 on; neither signs nor fractions nor separators.</summary>
    /// <exception cref="BackupException">PositionIsInvalid.</exception>
    public static ulong ParsePosition(string text) =>
        ulong.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var position)
            ? position
            : throw new BackupException(ErrorCode.PositionIsInvalid, $"'{text}' is not a position");

    /// <summary>A duration as [d.]hh:mm[:ss] ("30.00:00", "01:15"). A bare number is refused: days, or hours?</summary>
    /// <exception cref="BackupException">InvalidOption.</exception>
    public static TimeSpan ParseSpan(string text) =>
        text.Contains(':', StringComparison.Ordinal)
        && TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var span)
            ? span
            : throw new BackupException(
                ErrorCode.InvalidOption,
                $"'{text}' is not a duration",
                recommendation: "Give it as [d.]hh:mm[:ss], such as 30.00:00 for thirty days or 01:15 for 75 minutes."
            );

    [GeneratedRegex(
        @"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,7})?)?(Z|[+-]\d{2}:\d{2})$",
        RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant | RegexOptions.IgnoreCase,
        matchTimeoutMilliseconds: NameMatching.TimeoutMilliseconds
    )]
    private static partial Regex Iso8601();
}
