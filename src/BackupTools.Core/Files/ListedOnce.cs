namespace BackupTools.Files;

/// <summary>
/// A disk for one look at a folder by several readers: the folder is listed for the first of them, and all see the same
/// entries. What is in it is read as it is.
/// </summary>
internal sealed class ListedOnce(IDisk inner, string folder) : ForwardingDisk(inner)
{
    private readonly Lazy<IReadOnlyList<DiskEntry>> _entries = new(() => inner.List(folder));

    public override IReadOnlyList<DiskEntry> List(string path) =>
        string.Equals(path, folder, StringComparison.Ordinal) ? _entries.Value : Inner.List(path);
}
