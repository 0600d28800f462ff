using BackupTools.Files;

namespace BackupTools.Tests.Files;

/// <summary>
/// A disk that finds what is there by its name in any case, as Windows and macOS do; what is made or renamed has the name
/// that was asked for, unless something is there already.
/// </summary>
internal sealed class CaselessDisk(IDisk inner) : ForwardingDisk(inner)
{
    public override IDiskFile OpenRead(string path) => Inner.OpenRead(Found(path));

    public override IDiskFile CreateNew(string path, long preallocate = 0) => Inner.CreateNew(Found(path), preallocate);

    public override IDiskFile OpenWrite(string path) => Inner.OpenWrite(Found(path));

    public override void CreateDirectory(string path) => Inner.CreateDirectory(Found(path));

    public override void Move(string from, string to) => Inner.Move(Found(from), Found(to));

    /// <summary>Some of these keep the name that is there.</summary>
    public override void Replace(string from, string to) => Inner.Replace(Found(from), Found(to));

    /// <summary>Windows has no such call.</summary>
    public override bool TryExchange(string path, string other) => false;

    public override IDiskFile? TryLock(string path) => Inner.TryLock(Found(path));

    public override void DeleteFile(string path) => Inner.DeleteFile(Found(path));

    public override void DeleteDirectory(string path) => Inner.DeleteDirectory(Found(path));

    public override bool TryDeleteEmptyDirectory(string path) => Inner.TryDeleteEmptyDirectory(Found(path));

    public override bool TryCreateHardLink(string path, string existing) =>
        Inner.TryCreateHardLink(Found(path), Found(existing));

    public override bool AdoptAccess(string path, string model) => Inner.AdoptAccess(Found(path), Found(model));

    public override bool IsMountPoint(string path) => Inner.IsMountPoint(Found(path));

    public override string? LinkTarget(string path) => Inner.LinkTarget(Found(path));

    public override void FlushDirectory(string path) => Inner.FlushDirectory(Found(path));

    /// <summary>With the path that was asked for, whatever the case of what was found.</summary>
    public override DiskEntry? Stat(string path) =>
        Inner.Stat(Found(path)) is { } entry ? entry with { Path = path } : null;

    public override IReadOnlyList<DiskEntry> List(string folder) => Inner.List(Found(folder));

    public override IReadOnlyList<string> Names(string folder) => Inner.Names(Found(folder));

    /// <summary>As the folders on the way have it, as far as they have it.</summary>
    private string Found(string path)
    {
        if (Inner.Stat(path) is not null || Path.GetDirectoryName(path) is not { } parent)
        {
            return path;
        }
        var folder = Found(parent);
        var name = Path.GetFileName(path);
        var stored = Inner.Stat(folder) is { Kind: DiskEntryKind.Directory }
            ? Inner.Names(folder).FirstOrDefault(n => string.Equals(n, name, StringComparison.OrdinalIgnoreCase))
            : null;
        return Path.Combine(folder, stored ?? name);
    }
}
