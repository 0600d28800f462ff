namespace BackupTools.Files;

/// <summary>A uniquely named sibling folder of the target, removed on dispose unless published.</summary>
internal sealed class StagingArea : IDisposable
{
    /// <summary>Makes the staging folder inside <paramref name="parentFolder"/> (which is created if missing).</summary>
    public static StagingArea Create(IDisk disk, string parentFolder, TimeProvider clock) =>
        throw new NotSupportedException();

    /// <summary>Absolute path of the staging folder.</summary>
    public string Folder => throw new NotSupportedException();

    /// <summary>Absolute path of a staged item.</summary>
    public string PathOf(string relativeName) => throw new NotSupportedException();

    /// <summary>Creates a staged file (its missing parent folders too) and remembers to flush it before publishing.</summary>
    public IDiskFile CreateFile(string relativeName, long preallocate = 0) => throw new NotSupportedException();

    /// <summary>Creates a staged folder.</summary>
    public void CreateDirectory(string relativeName) => throw new NotSupportedException();

    /// <summary>Flushes everything staged and carries out the steps in order; all or nothing.</summary>
    public void Publish(IReadOnlyList<PublishStep> steps, CancellationToken cancellation) =>
        throw new NotSupportedException();

    /// <summary>Recovers and removes what dead processes left in a folder; returns the names of what was removed.</summary>
    public static IReadOnlyList<string> Sweep(IDisk disk, string parentFolder) => throw new NotSupportedException();

    /// <summary>True for names that staging uses, so that nothing else takes them for a bundle.</summary>
    public static bool IsStagingName(string name) => throw new NotSupportedException();

    public void Dispose() { }
}
