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
internal sealed class MountedDisk(string mountPoint, bool tells = true) : ForwardingDisk(LocalDisk.Instance)
{
    /// <summary>True where nothing can be made beside the folder: it is somebody else's that it is in.</summary>
    public bool IsParentClosed { get; init; }

    /// <summary>False where nobody may hand on owners and rights.</summary>
    public bool HandsOn { get; init; } = true;

    public override IDiskFile CreateNew(string path, long preallocate = 0) => Inner.CreateNew(Open(path), preallocate);

    public override void CreateDirectory(string path) => Inner.CreateDirectory(Open(path));

    public override void Move(string from, string to)
    {
        Refuse(from, to);
        Inner.Move(from, to);
    }

    public override void Replace(string from, string to)
    {
        Refuse(from, to);
        Inner.Replace(from, to);
    }

    public override bool TryExchange(string path, string other)
    {
        Refuse(path, other);
        return Inner.TryExchange(path, other);
    }

    public override IDiskFile? TryLock(string path) => Inner.TryLock(Open(path));

    public override bool TryCreateHardLink(string path, string existing) =>
        IsInside(path) == IsInside(existing) && Inner.TryCreateHardLink(path, existing);

    public override bool AdoptAccess(string path, string model) => HandsOn && Inner.AdoptAccess(path, model);

    public override bool IsMountPoint(string path) => tells && path == mountPoint;

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
