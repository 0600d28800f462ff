using System.Runtime.Versioning;
using BackupTools.Files.Native;

namespace BackupTools.Files;

/// <summary>Owner, group and mode, handed from one file or folder to another.</summary>
[UnsupportedOSPlatform("windows")]
internal static class UnixAccess
{
    private const UnixFileMode Readable = UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    private const UnixFileMode OfGroup = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute;

    /// <summary>chown's "leave it as it is".</summary>
    private const uint Unchanged = uint.MaxValue;

    /// <summary>False when a part of it was denied.</summary>
    /// <exception cref="Errors.BackupException">Either of them cannot be looked at.</exception>
    public static bool Adopt(string path, string model, Func<string, DiskEntry?> stat)
    {
        var (user, group) = OwnerOf(model, writing: false);
        var isOwner = true;
        var isGroup = true;
        if (OwnerOf(path, writing: true) != (user, group) && Denied(Libc.ChangeOwner(path, user, group), path))
        {
            // Only root gives files away; to a group of one's own anyone may.
            isOwner = OwnerOf(path, writing: true).Owner == user;
            isGroup = !Denied(Libc.ChangeOwner(path, Unchanged, group), path);
        }
        return AdoptMode(path, model, isGroup, stat) && isOwner && isGroup;
    }

    private static bool AdoptMode(string path, string model, bool isGroup, Func<string, DiskEntry?> stat)
    {
        var isFolder = stat(path)?.Kind == DiskEntryKind.Directory;
        var isFolderModel = stat(model)?.Kind == DiskEntryKind.Directory;
        if (isFolderModel && !isFolder)
            return true;
        try
        {
            var mode = File.GetUnixFileMode(model);
            if (isFolder && !isFolderModel)
                mode |= (UnixFileMode)((int)(mode & Readable) >> 2);
            // What the former group could read is not another group's to read.
            File.SetUnixFileMode(path, isGroup ? mode : mode & ~OfGroup);
            return true;
        }
        catch (UnauthorizedAccessException)
        {
            return false;
        }
        catch (Exception e) when (DiskErrors.IsDiskFailure(e))
        {
            throw DiskErrors.From(e, path, writing: true);
        }
    }

    private static (uint Owner, uint Group) OwnerOf(string path, bool writing)
    {
        var owner =
            OperatingSystem.IsMacOS() ? Mac.Owner(path, out var errno)
            : OperatingSystem.IsLinux() ? Linux.Owner(path, out errno)
            : throw new PlatformNotSupportedException();
        return owner ?? throw DiskErrors.FromNative(errno, path, writing);
    }

    /// <summary>Denied, or meaningless here: an owner outside the user namespace, a file system without owners.</summary>
    private static bool Denied(int errno, string path) =>
        errno switch
        {
            0 => false,
            Errno.NotPermitted or Errno.AccessDenied or Errno.Invalid => true,
            _ when errno == Errno.NotSupported || errno == Errno.NotImplemented => true,
            _ => throw DiskErrors.FromNative(errno, path, writing: true),
        };
}
