namespace BackupTools.Files;

/// <summary>
/// The few calls that the library makes to a file system; the seam for fault injection in tests. All paths are
/// absolute and native. Failures are thrown as <see cref="Errors.BackupException"/> with the path:
/// PathNotFound, AccessDenied, DiskFull, ReadFailed, WriteFailed, DestinationExists.
/// </summary>
internal interface IDisk : IReadingDisk
{
    /// <summary>
    /// Creates a new file for writing, owner-only (0600). Fails with DestinationExists when something is there.
    /// <paramref name="preallocate"/> reserves that many bytes where the system can; the length stays 0.
    /// </summary>
    IDiskFile CreateNew(string path, long preallocate = 0);

    /// <summary>Opens an existing regular file (of our own, in staging) for reading and writing.</summary>
    IDiskFile OpenWrite(string path);

    /// <summary>Creates a folder, owner-only (0700), with its missing parents; no error when it exists.</summary>
    void CreateDirectory(string path);

    /// <summary>Renames a file or folder. Fails with DestinationExists when <paramref name="to"/> exists.</summary>
    void Move(string from, string to);

    /// <summary>Renames a file over an existing one, atomically.</summary>
    void Replace(string from, string to);

    /// <summary>
    /// Swaps two names of the same file system, atomically. Returns false where that is not known; both must exist.
    /// </summary>
    bool TryExchange(string path, string other);

    /// <summary>
    /// Opens or creates (0600) a file and takes an exclusive operating-system lock on it, which ends with the handle or
    /// the process. Null when another handle, of this or another process, has the lock. A file that was deleted by its
    /// last holder meanwhile is created again.
    /// </summary>
    IDiskFile? TryLock(string path);

    /// <summary>Deletes a file; no error when it is not there.</summary>
    void DeleteFile(string path);

    /// <summary>Deletes a folder with all that is in it, never following links; no error when it is not there.</summary>
    void DeleteDirectory(string path);

    /// <summary>Deletes a folder if it is empty; false when it is not. No error when it is not there.</summary>
    bool TryDeleteEmptyDirectory(string path);

    /// <summary>Makes a second name for a file. Returns false where the file system has no hard links.</summary>
    bool TryCreateHardLink(string path, string existing);

    /// <summary>
    /// Gives what we made the owner, the group and the rights of <paramref name="model"/> (on Windows its access control
    /// list, and of a file that it is read-only), so that an engine can use it whoever runs us. A folder made after a file may be entered by all who may read
    /// it; a file made after a folder keeps its own rights. False when the system denied a part of it; what may be passed
    /// on was, and a group that could not be gets no rights.
    /// </summary>
    bool AdoptAccess(string path, string model);

    /// <summary>
    /// True when another file system, or a part of one, is mounted on this folder or file: it can be neither renamed nor
    /// replaced, and nothing can be renamed into it from outside. Where it cannot be seen, the first attempt fails
    /// (<see cref="DiskErrors.IsAcrossMounts"/>).
    /// </summary>
    bool IsMountPoint(string path);

    /// <summary>What a symbolic link or junction says, as it is written there; null when the path is none.</summary>
    string? LinkTarget(string path);

    /// <summary>Makes the names in a folder durable. Does nothing on Windows, which has no such call.</summary>
    void FlushDirectory(string path);
}
