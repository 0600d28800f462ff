using System.Management.Automation;
using BackupTools.Errors;

namespace BackupTools.PowerShell.Pipeline;

/// <summary>The one table from our errors to PowerShell's: id, category, target and advice.</summary>
internal static class ErrorRecordMap
{
    /// <summary>The record of an error; the target is the file concerned, or the item that was being worked on.</summary>
    public static ErrorRecord ToRecord(BackupException error, object? target) =>
        new(error, error.Code.ToString(), CategoryOf(error.Code), error.FullName ?? target)
        {
            ErrorDetails = new ErrorDetails(error.Describe()) { RecommendedAction = error.Recommendation },
        };

    /// <summary>The category: by code where a code differs from its family, else by family.</summary>
    public static ErrorCategory CategoryOf(ErrorCode code) =>
        code switch
        {
            ErrorCode.TargetNotCovered or ErrorCode.LogIsGone or ErrorCode.WalMissing => ErrorCategory.ObjectNotFound,
            ErrorCode.ChainIsAmbiguous or ErrorCode.SinceBeyondLog or ErrorCode.SinceInsideFrame =>
                ErrorCategory.InvalidArgument,
            ErrorCode.SourceDamaged => ErrorCategory.InvalidData,
            ErrorCode.ReadFailed => ErrorCategory.ReadError,
            ErrorCode.StoreUnavailable => ErrorCategory.ConnectionError,
            ErrorCode.StoreClockSkewed => ErrorCategory.AuthenticationError,
            ErrorCode.ObjectArchived => ErrorCategory.ResourceUnavailable,
            _ => CategoryOf(ErrorCodes.KindOf(code)),
        };

    private static ErrorCategory CategoryOf(ErrorKind kind) =>
        kind switch
        {
            ErrorKind.Usage => ErrorCategory.InvalidArgument,
            ErrorKind.NotFound => ErrorCategory.ObjectNotFound,
            ErrorKind.Damaged or ErrorKind.Chain => ErrorCategory.InvalidData,
            ErrorKind.Busy => ErrorCategory.ResourceBusy,
            ErrorKind.Exists => ErrorCategory.ResourceExists,
            ErrorKind.Denied => ErrorCategory.PermissionDenied,
            ErrorKind.Disk => ErrorCategory.WriteError,
            ErrorKind.Unsupported => ErrorCategory.NotImplemented,
            ErrorKind.SourceState => ErrorCategory.InvalidOperation,
            _ => ErrorCategory.NotSpecified,
        };
}
