namespace BackupTools.Errors;

/// <summary>
/// What went wrong. The names are stable: they are the PowerShell error ids and the word the console prints after
/// <c>error</c>. Texts may change, names never do.
/// </summary>
public enum ErrorCode
{
    /// <summary>Used when nothing more precise is known; see the inner exception.</summary>
    Unexpected,

    /// <summary>Used when there is not enough memory to continue.</summary>
    OutOfMemory,

    // ---- usage -------------------------------------------------------------------------------------------------

    /// <summary>Used when options contradict each other, an option does not apply to the engine, or a path that was given is no name of a file.</summary>
    InvalidOption,

    /// <summary>Used when an engine name is not one of the known engines.</summary>
    UnknownEngine,

    /// <summary>Used when a path with wildcard characters also exists literally, or names two databases by a link.</summary>
    PathIsAmbiguous,

    /// <summary>Used when a path belongs to a PowerShell provider other than FileSystem, or is an address where one cannot be used, as s3://bucket for what is written.</summary>
    ProviderNotSupported,

    /// <summary>Used when a time is not a DateTime, a DateTimeOffset or an ISO 8601 text.</summary>
    TimeIsAmbiguous,

    /// <summary>Used when a position is not a whole number of the engine's unit.</summary>
    PositionIsInvalid,

    /// <summary>Used when a name is longer than the file system allows.</summary>
    NameTooLong,

    /// <summary>Used when source and destination are the same or one lies inside the other.</summary>
    DestinationOverlapsSource,

    // ---- not found ---------------------------------------------------------------------------------------------

    /// <summary>Used when a named file or folder does not exist.</summary>
    PathNotFound,

    /// <summary>Used when a source exists but is not a database of a known engine.</summary>
    SourceNotRecognised,

    /// <summary>Used when a file or folder is not a bundle of a known engine.</summary>
    BundleNotRecognised,

    /// <summary>Used when a folder holds no bundle at all, or a store only such as were begun.</summary>
    NoBundles,

    /// <summary>Used when the chain id that was asked for is not in the folder.</summary>
    ChainNotFound,

    /// <summary>Used when there is no full backup to build on or to restore from.</summary>
    NoFullBackup,

    /// <summary>Used when nothing has changed, an empty increment is wanted, and the format has none (Grafeo).</summary>
    NothingToBackUp,

    // ---- damaged -----------------------------------------------------------------------------------------------

    /// <summary>Used when the first bytes are not those of the format.</summary>
    BadMagic,

    /// <summary>Used when a file ends before its own lengths say it should.</summary>
    Truncated,

    /// <summary>Used when lengths, counts or fields contradict each other or the file.</summary>
    Malformed,

    /// <summary>Used when a stored checksum differs from the computed one.</summary>
    ChecksumMismatch,

    /// <summary>Used when a file is not as long as its manifest says.</summary>
    LengthMismatch,

    /// <summary>Used when a manifest names a file outside its folder, or with a name no engine writes.</summary>
    UnsafeName,

    /// <summary>Used when a file named by a manifest or catalogue is missing.</summary>
    MissingFile,

    /// <summary>Used when a restored database does not pass its own checks.</summary>
    VerificationFailed,

    // ---- chain -------------------------------------------------------------------------------------------------

    /// <summary>Used when an increment starts after the end of what precedes it.</summary>
    ChainGap,

    /// <summary>Used when an increment starts before the end of what precedes it.</summary>
    ChainOverlap,

    /// <summary>Used when two different increments build on the same bundle and the choice is not clear.</summary>
    ChainFork,

    /// <summary>Used when the same bundle is present twice.</summary>
    ChainDuplicate,

    /// <summary>Used when an increment belongs to another epoch of the log or to another database.</summary>
    ForeignEpoch,

    /// <summary>Used when several chains qualify and none was named.</summary>
    ChainIsAmbiguous,

    /// <summary>Used when no bundle covers the position or time that was asked for.</summary>
    TargetNotCovered,

    /// <summary>Used when a position to continue from lies beyond the end of the log.</summary>
    SinceBeyondLog,

    /// <summary>Used when a position to continue from lies inside a unit of the log.</summary>
    SinceInsideFrame,

    /// <summary>Used when the log that an increment needs was truncated or removed by the engine.</summary>
    LogIsGone,

    /// <summary>
    /// Used when a bundle is dated after now, or before the bundle that it builds on, or when it may be newer than the
    /// one that counts as the newest.
    /// </summary>
    ClockDoubtful,

    /// <summary>Used when nothing shows that a database is a later state of what the chain ends with.</summary>
    ContinuityNotProved,

    // ---- busy --------------------------------------------------------------------------------------------------

    /// <summary>Used when another backup or restore works in the same folder.</summary>
    BackupRunning,

    /// <summary>Used when a live engine holds a lock that forbids the operation.</summary>
    SourceInUse,

    /// <summary>Used when the source kept changing in a way that no consistent copy could be taken.</summary>
    SourceChanging,

    // ---- exists ------------------------------------------------------------------------------------------------

    /// <summary>Used when the destination exists and replacing was not asked for.</summary>
    DestinationExists,

    /// <summary>Used when replacing was asked for but what is there is not a database of the same engine.</summary>
    DestinationNotRecognised,

    // ---- denied and disk ---------------------------------------------------------------------------------------

    /// <summary>Used when the operating system denied access.</summary>
    AccessDenied,

    /// <summary>Used when the disk or a quota is full.</summary>
    DiskFull,

    /// <summary>Used when reading failed.</summary>
    ReadFailed,

    /// <summary>Used when writing, flushing or renaming failed.</summary>
    WriteFailed,

    // ---- stores ------------------------------------------------------------------------------------------------

    /// <summary>Used when an object store gives no answer, or a wrong one, for too long.</summary>
    StoreUnavailable,

    /// <summary>Used when a store refuses the credentials, or there are none.</summary>
    StoreAccessDenied,

    /// <summary>Used when a store refuses a request because its clock and that of this machine differ.</summary>
    StoreClockSkewed,

    /// <summary>Used when an object is archived and must be restored by the store before it can be read.</summary>
    ObjectArchived,

    // ---- unsupported and source state --------------------------------------------------------------------------

    /// <summary>Used when a format version is newer (or older) than this version reads.</summary>
    UnsupportedVersion,

    /// <summary>Used when the data is of a neighbouring format that needs another tool.</summary>
    UnsupportedFormat,

    /// <summary>Used when a database is encrypted by its engine.</summary>
    EncryptedNotSupported,

    /// <summary>Used when the database keeps rows in files that the bundle format cannot hold.</summary>
    ColdSegments,

    /// <summary>Used when the source's own data is damaged.</summary>
    SourceDamaged,

    /// <summary>Used when a log must be empty and is not.</summary>
    WalNotEmpty,

    /// <summary>Used when a log is needed and there is none.</summary>
    WalMissing,

    /// <summary>Used when the state would not restore to whole transactions.</summary>
    OpenTransaction,

    /// <summary>Used when a store cannot keep two writers apart, and the only writer was not confirmed.</summary>
    ConditionalWritesMissing,

    // ---- keys --------------------------------------------------------------------------------------------------

    /// <summary>Used when data is encrypted and no key or passphrase was given.</summary>
    IdentityRequired,

    /// <summary>Used when none of the given keys or passphrases decrypts the data.</summary>
    IdentityMismatch,

    // ---- stores again: numbers stay ----------------------------------------------------------------------------

    /// <summary>Used when a store keeps objects that a prune would remove: retention, a legal hold, no right to remove.</summary>
    StoreRetained,

    // ---- keys again: numbers stay ------------------------------------------------------------------------------

    /// <summary>Used when only what trusted keys have signed counts, and a bundle is not signed by one or is not what was signed.</summary>
    SignatureInvalid,
}
