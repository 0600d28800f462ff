namespace BackupTools.Errors;

/// <summary>The one table from <see cref="ErrorCode"/> to its family and to the advice given when a site has none.</summary>
public static class ErrorCodes
{
    private static readonly (ErrorKind Kind, ErrorCode[] Codes)[] Families =
    [
        (
            ErrorKind.Usage,
            [
                ErrorCode.InvalidOption,
                ErrorCode.UnknownEngine,
                ErrorCode.PathIsAmbiguous,
                ErrorCode.ProviderNotSupported,
                ErrorCode.TimeIsAmbiguous,
                ErrorCode.PositionIsInvalid,
                ErrorCode.NameTooLong,
                ErrorCode.DestinationOverlapsSource,
            ]
        ),
        (
            ErrorKind.NotFound,
            [
                ErrorCode.PathNotFound,
                ErrorCode.SourceNotRecognised,
                ErrorCode.BundleNotRecognised,
                ErrorCode.NoBundles,
                ErrorCode.ChainNotFound,
                ErrorCode.NoFullBackup,
                ErrorCode.NothingToBackUp,
            ]
        ),
        (
            ErrorKind.Damaged,
            [
                ErrorCode.BadMagic,
                ErrorCode.Truncated,
                ErrorCode.Malformed,
                ErrorCode.ChecksumMismatch,
                ErrorCode.LengthMismatch,
                ErrorCode.UnsafeName,
                ErrorCode.MissingFile,
                ErrorCode.VerificationFailed,
                ErrorCode.SignatureInvalid,
            ]
        ),
        (
            ErrorKind.Chain,
            [
                ErrorCode.ChainGap,
                ErrorCode.ChainOverlap,
                ErrorCode.ChainFork,
                ErrorCode.ChainDuplicate,
                ErrorCode.ForeignEpoch,
                ErrorCode.ChainIsAmbiguous,
                ErrorCode.TargetNotCovered,
                ErrorCode.SinceBeyondLog,
                ErrorCode.SinceInsideFrame,
                ErrorCode.LogIsGone,
                ErrorCode.ClockDoubtful,
                ErrorCode.ContinuityNotProved,
            ]
        ),
        (ErrorKind.Busy, [ErrorCode.BackupRunning, ErrorCode.SourceInUse, ErrorCode.SourceChanging]),
        (ErrorKind.Exists, [ErrorCode.DestinationExists, ErrorCode.DestinationNotRecognised]),
        (
            ErrorKind.Denied,
            [
                ErrorCode.AccessDenied,
                ErrorCode.StoreAccessDenied,
                ErrorCode.StoreClockSkewed,
                ErrorCode.IdentityRequired,
                ErrorCode.IdentityMismatch,
                ErrorCode.StoreRetained,
            ]
        ),
        (
            ErrorKind.Disk,
            [
                ErrorCode.DiskFull,
                ErrorCode.ReadFailed,
                ErrorCode.WriteFailed,
                ErrorCode.StoreUnavailable,
                ErrorCode.ObjectArchived,
            ]
        ),
        (
            ErrorKind.Unsupported,
            [
                ErrorCode.UnsupportedVersion,
                ErrorCode.UnsupportedFormat,
                ErrorCode.EncryptedNotSupported,
                ErrorCode.ConditionalWritesMissing,
            ]
        ),
        (
            ErrorKind.SourceState,
            [
                ErrorCode.ColdSegments,
                ErrorCode.SourceDamaged,
                ErrorCode.WalNotEmpty,
                ErrorCode.WalMissing,
                ErrorCode.OpenTransaction,
            ]
        ),
    ];

    /// <summary>The family of a code; it decides exit code and error category.</summary>
    public static ErrorKind KindOf(ErrorCode code)
    {
        foreach (var (kind, codes) in Families)
        {
            if (Array.IndexOf(codes, code) >= 0)
            {
                return kind;
            }
        }
        return ErrorKind.Failed;
    }

    /// <summary>One sentence that says what to do, for a site that gives no better one.</summary>
    public static string DefaultRecommendation(ErrorCode code) =>
        OfWhatWasNamed(code)
        ?? OfChains(code)
        ?? OfSurroundings(code)
        ?? throw new ArgumentOutOfRangeException(nameof(code), code, "unknown error code");

    private static string? OfWhatWasNamed(ErrorCode code) =>
        code switch
        {
            ErrorCode.Unexpected =>
                $"Run again with {Spelling.Of("Verbose")}; if it persists, report it with the full error.",
            ErrorCode.OutOfMemory => $"Lower {Spelling.Of("ThrottleLimit")}, or allow the process more memory.",
            ErrorCode.InvalidOption => "See the help of the command for the options that go together.",
            ErrorCode.UnknownEngine => "Leave the name out to have the engine detected.",
            ErrorCode.PathIsAmbiguous => "Give the path of the one you mean.",
            ErrorCode.ProviderNotSupported => "Give a path in the file system.",
            ErrorCode.TimeIsAmbiguous => "Give the time as ISO 8601, such as 2026-11-20T04:10:00Z.",
            ErrorCode.PositionIsInvalid => "Give a whole number from the StartPosition and EndPosition of the bundles.",
            ErrorCode.NameTooLong => "Use a shorter name, or a folder nearer to the root.",
            ErrorCode.DestinationOverlapsSource => "Choose a destination outside the source.",
            ErrorCode.PathNotFound => "Check the spelling of the path.",
            ErrorCode.SourceNotRecognised =>
                $"Give the database's own file or folder, or name the engine with {Spelling.Of("Engine")}.",
            ErrorCode.BundleNotRecognised => "Give a bundle, or the folder that holds the bundles.",
            ErrorCode.NoBundles => "Give the folder that the backups were written to.",
            ErrorCode.ChainNotFound => $"List the chains with {Spelling.Of("ReadChains")} and use one of their ids.",
            ErrorCode.NoFullBackup => "Take a full backup first.",
            ErrorCode.NothingToBackUp => "No action is needed: the chain already holds every change.",
            ErrorCode.BadMagic or ErrorCode.Malformed =>
                "The file is damaged or of another kind: use another copy, or take a new full backup into another folder.",
            ErrorCode.Truncated or ErrorCode.ChecksumMismatch or ErrorCode.LengthMismatch =>
                "The file is damaged: use another copy, or take a new full backup into another folder.",
            ErrorCode.UnsafeName => "Do not restore this backup unless you know where it comes from.",
            ErrorCode.MissingFile => "Bring back the missing file, or take a new full backup into another folder.",
            ErrorCode.VerificationFailed => "Restore to an earlier position, or from another chain.",
            _ => null,
        };

    private static string? OfChains(ErrorCode code) =>
        code switch
        {
            ErrorCode.ChainGap => "Add the bundle that covers the gap, or take a new full backup.",
            ErrorCode.ChainOverlap => "Remove the bundle that does not belong to the chain.",
            ErrorCode.ChainFork => "Remove one branch, or name a position that only one of them covers.",
            ErrorCode.ChainDuplicate => "Remove the copy.",
            ErrorCode.ForeignEpoch => "Take a new full backup: the log was restarted since the last one.",
            ErrorCode.ChainIsAmbiguous =>
                $"Name one chain with {Spelling.Of("ChainId")}; {Spelling.Of("ReadChains")} lists them.",
            ErrorCode.TargetNotCovered =>
                $"Choose a target inside the chain; {Spelling.Of("ReadChains")} shows its range.",
            ErrorCode.SinceBeyondLog or ErrorCode.SinceInsideFrame or ErrorCode.LogIsGone => "Take a new full backup.",
            ErrorCode.ClockDoubtful =>
                $"Check the clocks of the machines that write here; {Spelling.Of("PointInTime")} may not find the intended state.",
            ErrorCode.ContinuityNotProved =>
                $"Take a new full backup, or use {Spelling.Of("FullIfNeeded")}, which does.",
            _ => null,
        };

    private static string? OfSurroundings(ErrorCode code) =>
        code switch
        {
            ErrorCode.BackupRunning =>
                $"Wait until the other run has ended, or allow a longer wait with {Spelling.Of("LockTimeout")}.",
            ErrorCode.SourceInUse => "Stop the program that uses it, then try again.",
            ErrorCode.SourceChanging => "Try again at a quieter time, or stop the writers for the copy.",
            ErrorCode.DestinationExists => "Choose another destination, or move away what is there.",
            ErrorCode.DestinationNotRecognised => "Move away what is there, or choose another destination.",
            ErrorCode.AccessDenied => "Run with an account that may read the source and write the destination.",
            ErrorCode.DiskFull => "Free space at the destination, then try again.",
            ErrorCode.ReadFailed => "Check the disk that holds the file.",
            ErrorCode.WriteFailed => "Check the disk that holds the destination.",
            ErrorCode.StoreUnavailable => "Check the network and AWS_ENDPOINT_URL, and try again.",
            ErrorCode.StoreAccessDenied =>
                "Give credentials that may do this (docs/stores.md lists the rights): AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
            ErrorCode.StoreClockSkewed => "Set the clock of this machine (NTP), then try again.",
            ErrorCode.ObjectArchived =>
                "Ask the store to restore the object (aws s3api restore-object), then try again.",
            ErrorCode.StoreRetained => "Prune again when the store releases it, or with credentials that may delete.",
            ErrorCode.ConditionalWritesMissing =>
                $"Make sure that only one machine writes there, and confirm it with {Spelling.Of("SingleWriter")}.",
            ErrorCode.IdentityRequired => $"Give the file of your secret key with {Spelling.Of("IdentityPath")}.",
            ErrorCode.IdentityMismatch =>
                "Give the identity that belongs to one of the recipients: another key, or the passphrase.",
            ErrorCode.SignatureInvalid =>
                $"Find out who wrote it. Bundles that were signed come from a copy elsewhere; without {Spelling.Of("TrustedKey")} signatures are not asked for.",
            ErrorCode.UnsupportedVersion => "Use a version of BackupTools that knows this format version.",
            ErrorCode.UnsupportedFormat => "Use the tool that belongs to this format.",
            ErrorCode.EncryptedNotSupported => "Use the engine's own backup for encrypted databases.",
            ErrorCode.ColdSegments => "Copy the segment files with the server stopped; see docs/engines/spg.md.",
            ErrorCode.SourceDamaged => "Repair or restore the database; the newest sound backup is kept as it is.",
            ErrorCode.WalNotEmpty =>
                $"Run a checkpoint in the engine, or include the log with {Spelling.Of("IncludeWal")}.",
            ErrorCode.WalMissing => $"Name the log with {Spelling.Of("WalPath")}.",
            ErrorCode.OpenTransaction => "Take a new full backup while no transaction is open.",
            _ => null,
        };
}
