using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Files.Native;

namespace BackupTools.Tests.Files;

/// <summary>
/// The real disk, on which something seems to be mounted on a folder, as in a container: the folder itself is busy, and
/// nothing is renamed across its border.
/// </summary>
/// <param name="mountPoint">The folder.</param>
/// <param name="tells">False where the system does not say that it is one.</param>
internal sealed class MountedDisk(string mountPoint, bool tells = true) : IDisk
{
    private readonly IDisk _disk = LocalDisk.Instance;

    /// <summary>True where nothing can be made beside the folder: it is somebody else's that it is in.</summary>
    public bool IsParentClosed { get; init; }

    /// <summary>False where nobody may hand on owners and rights.</summary>
    public bool HandsOn { get; init; } = true;

    public IDiskFile OpenRead(string path) => _disk.OpenRead(path);

    public IDiskFile CreateNew(string path, long preallocate = 0) => _disk.CreateNew(Open(path), preallocate);

    public IDiskFile OpenWrite(string path) => _disk.OpenWrite(path);

    public void CreateDirectory(string path) => _disk.CreateDirectory(Open(path));

    public void Move(string from, string to)
    {
        Refuse(from, to);
        _disk.Move(from, to);
    }

    public void Replace(string from, string to)
    {
        Refuse(from, to);
        _disk.Replace(from, to);
    }

    public bool TryExchange(string path, string other)
    {
        Refuse(path, other);
        return _disk.TryExchange(path, other);
    }

    public IDiskFile? TryLock(string path) => _disk.TryLock(Open(path));

    public void DeleteFile(string path) => _disk.DeleteFile(path);

    public void DeleteDirectory(string path) => _disk.DeleteDirectory(path);

    public bool TryDeleteEmptyDirectory(string path) => _disk.TryDeleteEmptyDirectory(path);

    public bool TryCreateHardLink(string path, string existing) =>
        IsInside(path) == IsInside(existing) && _disk.TryCreateHardLink(path, existing);

    public bool AdoptAccess(string path, string model) => HandsOn && _disk.AdoptAccess(path, model);

    public bool IsMountPoint(string path) => tells && path == mountPoint;

    public string? LinkTarget(string path) => _disk.LinkTarget(path);

    public void FlushDirectory(string path) => _disk.FlushDirectory(path);

    public DiskEntry? Stat(string path) => _disk.Stat(path);

    public IReadOnlyList<DiskEntry> List(string folder) => _disk.List(folder);

    private string Open(string path) =>
        IsParentClosed && path != mountPoint && Path.GetDirectoryName(path) == Path.GetDirectoryName(mountPoint)
            ? throw new BackupException(ErrorCode.AccessDenied, "the operating system denied access", path)
            : path;

    private bool IsInside(string path) => path.StartsWith(mountPoint + "/", StringComparison.Ordinal);

    private void Refuse(string from, string to)
    {
        if (from.Contains("/.gone/", StringComparison.Ordinal) || to.Contains("/.gone/", StringComparison.Ordinal))
            return; // where UnflushedNames keeps what a power cut brings back
        if (from == mountPoint || to == mountPoint)
            throw DiskErrors.FromNative(Errno.Busy, mountPoint, writing: true);
        if (IsInside(from) != IsInside(to))
            throw DiskErrors.FromNative(Errno.CrossDevice, to, writing: true);
    }
}
