namespace BackupTools.Errors;

/// <summary>The one table from <see cref="ErrorCode"/> to its family and to the advice given when a site has none.</summary>
public static class ErrorCodes
{
    /// <summary>The family of a code; it decides exit code and error category.</summary>
    public static ErrorKind KindOf(ErrorCode code) =>
        code switch
        {
            ErrorCode.InvalidOption
            or ErrorCode.UnknownEngine
            or ErrorCode.PathIsAmbiguous
            or ErrorCode.ProviderNotSupported
            or ErrorCode.TimeIsAmbiguous
            or ErrorCode.PositionIsInvalid
            or ErrorCode.NameTooLong
            or ErrorCode.DestinationOverlapsSource => ErrorKind.Usage,
            ErrorCode.PathNotFound
            or ErrorCode.SourceNotRecognised
            or ErrorCode.BundleNotRecognised
            or ErrorCode.NoBundles
            or ErrorCode.ChainNotFound
            or ErrorCode.NoFullBackup
            or ErrorCode.NothingToBackUp => ErrorKind.NotFound,
            ErrorCode.BadMagic
            or ErrorCode.Truncated
            or ErrorCode.Malformed
            or ErrorCode.ChecksumMismatch
            or ErrorCode.LengthMismatch
            or ErrorCode.UnsafeName
            or ErrorCode.MissingFile
            or ErrorCode.VerificationFailed
            or ErrorCode.SignatureInvalid => ErrorKind.Damaged,
            ErrorCode.ChainGap
            or ErrorCode.ChainOverlap
            or ErrorCode.ChainFork
            or ErrorCode.ChainDuplicate
            or ErrorCode.ForeignEpoch
            or ErrorCode.ChainIsAmbiguous
            or ErrorCode.TargetNotCovered
            or ErrorCode.SinceBeyondLog
            or ErrorCode.SinceInsideFrame
            or ErrorCode.LogIsGone
            or ErrorCode.ClockDoubtful
            or ErrorCode.ContinuityNotProved => ErrorKind.Chain,
            ErrorCode.BackupRunning or ErrorCode.SourceInUse or ErrorCode.SourceChanging => ErrorKind.Busy,
            ErrorCode.DestinationExists or ErrorCode.DestinationNotRecognised => ErrorKind.Exists,
            ErrorCode.AccessDenied
            or ErrorCode.StoreAccessDenied
            or ErrorCode.StoreClockSkewed
            or ErrorCode.IdentityRequired
            or ErrorCode.IdentityMismatch
            or ErrorCode.StoreRetained => ErrorKind.Denied,
            ErrorCode.DiskFull
            or ErrorCode.ReadFailed
            or ErrorCode.WriteFailed
            or ErrorCode.StoreUnavailable
            or ErrorCode.ObjectArchived => ErrorKind.Disk,
            ErrorCode.UnsupportedVersion
            or ErrorCode.UnsupportedFormat
            or ErrorCode.EncryptedNotSupported
            or ErrorCode.ConditionalWritesMissing => ErrorKind.Unsupported,
            ErrorCode.ColdSegments
            or ErrorCode.SourceDamaged
            or ErrorCode.WalNotEmpty
            or ErrorCode.WalMissing
            or ErrorCode.OpenTransaction => ErrorKind.SourceState,
            _ => ErrorKind.Failed,
        };

    /// <summary>One sentence that says what to do, for a site that gives no better one.</summary>
    public static string DefaultRecommendation(ErrorCode code) =>
        code switch
        {
            ErrorCode.Unexpected =>
                $"Run again with {Spelling.Of("Verbose")}; if it persists, report it with the full error.",
            ErrorCode.OutOfMemory => $"Lower {Spelling.Of("ThrottleLimit")}, or allow the process more memory.",
            ErrorCode.InvalidOption => "See the help of the command for the options that go together.",
            ErrorCode.UnknownEngine => "Use one of: SQLite, SPG, Grafeo, Alopex, PowDB.",
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
            ErrorCode.BackupRunning =>
                $"Wait until the other run has ended, or allow a longer wait with {Spelling.Of("LockTimeout")}.",
            ErrorCode.SourceInUse => "Stop the program that uses the database, then try again.",
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
            _ => throw new ArgumentOutOfRangeException(nameof(code), code, "unknown error code"),
        };
}
