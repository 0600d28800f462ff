namespace BackupTools.Files;

/// <summary>What reading takes of a disk; all that a store has to offer. Failures as those of <see cref="IDisk"/>.</summary>
internal interface IReadingDisk
{
    /// <summary>
    /// Opens an existing regular file for reading only. Takes no lock of any kind and shares everything, so that an
    /// engine that uses the file is never disturbed (on Unix not even an advisory lock).
    /// </summary>
    IDiskFile OpenRead(string path);

    /// <summary>What a path names, links not followed; null when there is nothing.</summary>
    DiskEntry? Stat(string path);

    /// <summary>The entries of a folder, not recursive, sorted by name ordinally; links not followed.</summary>
    IReadOnlyList<DiskEntry> List(string folder);

    /// <summary>Their names alone, in the same order: in a large folder that costs a fraction of the rest.</summary>
    IReadOnlyList<string> Names(string folder) => [.. List(folder).Select(e => e.Name)];

    /// <summary>
    /// What was begun below a folder and is not shown, as it is not complete. In a file system it lies in staging folders.
    /// </summary>
    IReadOnlyList<string> Begun(string folder) => [];

    /// <summary>The path by which a file is listed here, of the one that it has below.</summary>
    string AsListed(string path) => path;
}
