namespace BackupTools.Errors;

/// <summary>
/// The families of failure. A family decides the PowerShell error category and the console's exit code, so that a
/// script can react without knowing every <see cref="ErrorCode"/>. The numeric value is the exit code.
/// </summary>
public enum ErrorKind
{
    /// <summary>Something failed that fits no other family.</summary>
    Failed = 1,

    /// <summary>The request itself makes no sense: contradictory options, an unknown engine name.</summary>
    Usage = 2,

    /// <summary>A file, folder, bundle or chain that was asked for is not there.</summary>
    NotFound = 3,

    /// <summary>Bytes are damaged: a checksum, a magic, a length or a structure is wrong.</summary>
    Damaged = 4,

    /// <summary>Every bundle may be sound, but together they do not form the chain that was asked for.</summary>
    Chain = 5,

    /// <summary>Someone else holds the source or the destination, or the source keeps changing.</summary>
    Busy = 6,

    /// <summary>The destination already holds something.</summary>
    Exists = 7,

    /// <summary>The operating system or a store denied access, or the key is missing.</summary>
    Denied = 8,

    /// <summary>A disk, a file system or a store failed or is full.</summary>
    Disk = 9,

    /// <summary>The data is of a kind or version that this version does not handle.</summary>
    Unsupported = 10,

    /// <summary>The source is in a state from which no safe backup can be made without a step by the user.</summary>
    SourceState = 11,
}
