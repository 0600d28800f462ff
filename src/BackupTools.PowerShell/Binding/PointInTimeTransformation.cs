using System.Management.Automation;
using BackupTools.Errors;
using BackupTools.Operations;

namespace BackupTools.PowerShell.Binding;

/// <summary>
/// Takes a DateTime, a DateTimeOffset or an ISO 8601 text with an offset. PowerShell's own conversion reads texts by
/// the session's culture, so the same runbook would restore to another day on another machine.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class PointInTimeTransformationAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        try
        {
            return (inputData is PSObject wrapped ? wrapped.BaseObject : inputData) switch
            {
                DateTimeOffset time => time.ToUniversalTime(),
                // A time without a kind means the local clock, as everywhere in PowerShell.
                DateTime time => new DateTimeOffset(time).ToUniversalTime(),
                string text => TargetText.ParseTime(text),
                var other => throw new BackupException(ErrorCode.TimeIsAmbiguous, $"'{other}' is not a time"),
            };
        }
        catch (BackupException error)
        {
            throw TransformationError.From(error);
        }
    }
}
