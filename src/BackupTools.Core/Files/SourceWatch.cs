namespace BackupTools.Files;

/// <summary>Notes what files look like and tells later which of them changed, appeared or vanished.</summary>
internal sealed class SourceWatch
{
    /// <summary>Notes the paths as they are now; absent ones are noted as absent.</summary>
    public static SourceWatch Note(IDisk disk, IEnumerable<string> paths) => throw new NotSupportedException();

    /// <summary>The paths whose identity, length or times differ now.</summary>
    public IReadOnlyList<string> Changed() => throw new NotSupportedException();
}
