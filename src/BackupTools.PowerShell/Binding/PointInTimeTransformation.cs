using BackupTools.Errors;
using BackupTools.Operations;

namespace BackupTools.PowerShell.Binding;

/// <summary>
/// Takes a DateTime, a DateTimeOffset or an ISO 8601 text with an offset. PowerShell's own conversion reads texts by
/// the session's culture, so the same runbook would restore to another day on another machine.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class PointInTimeTransformationAttribute : TransformationAttribute
{
    private protected override object Take(object given, object bare) =>
        bare switch
        {
            DateTimeOffset time => time.ToUniversalTime(),
            // A time without a kind means the local clock, as everywhere in PowerShell.
            DateTime time => new DateTimeOffset(time).ToUniversalTime(),
            string text => TargetText.ParseTime(text),
            _ => throw new BackupException(ErrorCode.TimeIsAmbiguous, $"'{bare}' is not a time"),
        };
}
