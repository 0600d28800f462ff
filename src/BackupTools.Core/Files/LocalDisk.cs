using System.Runtime.Versioning;
using BackupTools.Errors;
using BackupTools.Files.Native;
using Microsoft.Win32.SafeHandles;

namespace BackupTools.Files;

/// <summary>The real file system.</summary>
internal sealed class LocalDisk : IDisk
{
    private const UnixFileMode OwnerFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode OwnerFolder = OwnerFile | UnixFileMode.UserExecute;

    /// <summary>More rounds than this mean that something recreates the lock file all the time.</summary>
    private const int LockRounds = 100;

    private readonly bool _useRenameFlags;

    /// <summary><paramref name="useRenameFlags"/> is false to do without what not every file system has.</summary>
    internal LocalDisk(bool useRenameFlags = true) => _useRenameFlags = useRenameFlags;

    public static IDisk Instance { get; } = new LocalDisk();

    public IDiskFile OpenRead(string path) => Open(path, writing: false);

    public IDiskFile OpenWrite(string path) => Open(path, writing: true);

    public IDiskFile CreateNew(string path, long preallocate = 0)
    {
        Require(path);
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Share = FileShare.ReadWrite | FileShare.Delete,
            BufferSize = 0,
        };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = OwnerFile;
        var stream = DiskErrors.Translated(path, writing: true, () => new FileStream(path, options));
        var file = new LocalFile(path, stream.SafeFileHandle, writable: true, stream);
        try
        {
            file.Reserve(preallocate);
            return file;
        }
        catch
        {
            file.Dispose();
            DeleteFile(path);
            throw;
        }
    }

    public void CreateDirectory(string path) => Write(path, CreateWithParents);

    public void Move(string from, string to)
    {
        Require(from);
        Require(to);
        var error =
            OperatingSystem.IsWindows() ? MoveOnWindows(from, to)
            : !_useRenameFlags ? Errno.NotSupported
            : OperatingSystem.IsMacOS() ? Mac.RenameNoReplace(from, to)
            : OperatingSystem.IsLinux() ? Linux.RenameNoReplace(from, to)
            : Errno.NotSupported;
        if (!OperatingSystem.IsWindows() && IsUnknownCall(error))
        {
            // The file system cannot refuse by itself: look, then rename. A file that comes in between is lost.
            error = Stat(to) is null ? Libc.Rename(from, to) : Errno.Exists;
        }
        ThrowIfFailed(error, from, to);
    }

    public void Replace(string from, string to)
    {
        Require(from);
        Require(to);
        var error = OperatingSystem.IsWindows() ? ReplaceOnWindows(from, to) : Libc.Rename(from, to);
        ThrowIfFailed(error, from, to);
    }

    public bool TryExchange(string path, string other)
    {
        Require(path);
        Require(other);
        var error =
            !_useRenameFlags ? Errno.NotSupported
            : OperatingSystem.IsMacOS() ? Mac.Exchange(path, other)
            : OperatingSystem.IsLinux() ? Linux.Exchange(path, other)
            : Errno.NotSupported;
        if (IsUnknownCall(error))
            return false;
        ThrowIfFailed(error, path, other);
        return true;
    }

    public IDiskFile? TryLock(string path)
    {
        Require(path);
        for (var round = 0; round < LockRounds; round++)
        {
            var file = OperatingSystem.IsWindows() ? LockOnWindows(path) : LockOnUnix(path, out _);
            if (file is null)
                return null;
            // The last holder deletes the file before it lets go: then the lock is on a file without a name.
            var named = Stat(path);
            if (named is not null && named.IsSameFileAs(file.Stat()))
                return file;
            file.Dispose();
            if (named?.Kind == DiskEntryKind.Link)
                throw new BackupException(ErrorCode.WriteFailed, "there is a link where the lock file belongs", path);
        }
        return null;
    }

    public void DeleteFile(string path) => Write(path, Deletion.OfFile);

    public void DeleteDirectory(string path) => Write(path, Deletion.OfFolder);

    public bool TryDeleteEmptyDirectory(string path)
    {
        try
        {
            Write(path, static path => Directory.Delete(path, recursive: false));
            return true;
        }
        catch (BackupException e) when (e.Code == ErrorCode.PathNotFound)
        {
            return true;
        }
        catch (BackupException e) when (e.Code == ErrorCode.DestinationExists)
        {
            return false; // it holds something
        }
    }

    public bool TryCreateHardLink(string path, string existing)
    {
        Require(path);
        Require(existing);
        if (OperatingSystem.IsWindows())
        {
            // The attribute is of the file, not of the name: to remove the second name later, it would be taken from both.
            if (Deletion.IsReadOnly(existing))
                return false;
            var failed = Windows.Link(existing, path);
            if (failed is WindowsError.NotSupported or WindowsError.InvalidFunction or WindowsError.TooManyLinks)
                return false;
            ThrowIfFailed(failed, existing, path);
            return true;
        }
        var error = Libc.Link(existing, path);
        // Not permitted is what Linux says both for FAT and for a file of another user: a copy is the way out of both.
        if (error is Errno.NotPermitted or Errno.CrossDevice or Errno.TooManyLinks || IsUnknownCall(error))
            return false;
        ThrowIfFailed(error, existing, path);
        return true;
    }

    public bool AdoptAccess(string path, string model)
    {
        Require(path);
        Require(model);
        return OperatingSystem.IsWindows() ? WindowsAccess.Adopt(path, model) : UnixAccess.Adopt(path, model, Stat);
    }

    public bool IsMountPoint(string path)
    {
        Require(path);
        if (Stat(path) is not { Kind: DiskEntryKind.Directory or DiskEntryKind.File } entry)
            return false;
        // A root is one: nothing is around it, and so nothing is put in its place.
        if (Path.GetDirectoryName(path) is not { } parent)
            return true;
        // A bind mount has the device of its source, so there the kernel is asked (STATX_ATTR_MOUNT_ROOT).
        return Stat(Path.Combine(parent, ".")) is { } around && around.Device != entry.Device
            || OperatingSystem.IsLinux() && Linux.IsMountRoot(path);
    }

    public string? LinkTarget(string path)
    {
        Require(path);
        return DiskErrors.Translated(path, writing: false, () => new FileInfo(path).LinkTarget);
    }

    public void FlushDirectory(string path)
    {
        Require(path);
        if (OperatingSystem.IsWindows())
            return;
        var handle =
            Libc.TryOpen(path, Libc.ReadOnly, out var errno) ?? throw DiskErrors.FromNative(errno, path, writing: true);
        using var folder = new LocalFile(path, handle, writable: false);
        folder.Flush();
    }

    public DiskEntry? Stat(string path)
    {
        Require(path);
        int error;
        var entry =
            OperatingSystem.IsWindows() ? Windows.Stat(path, out error)
            : OperatingSystem.IsMacOS() ? Mac.Stat(path, out error)
            : OperatingSystem.IsLinux() ? Linux.Stat(path, out error)
            : throw new PlatformNotSupportedException();
        if (entry is not null)
            return entry;
        // Asked for what is not there much more often than anything fails: no exception is made for that.
        return DiskErrors.IsNothing(error) ? null : throw DiskErrors.FromNative(error, path, writing: false);
    }

    public IReadOnlyList<DiskEntry> List(string folder)
    {
        Require(folder);
        return FolderListing.Entries(folder, Stat);
    }

    public IReadOnlyList<string> Names(string folder)
    {
        Require(folder);
        return FolderListing.Names(folder);
    }

    private static LocalFile Open(string path, bool writing)
    {
        Require(path);
        if (!OperatingSystem.IsWindows())
        {
            // Not through .NET, which locks what it opens (flock): an engine that locks its file could then not start.
            var handle =
                Libc.TryOpen(path, writing ? Libc.ReadWrite : Libc.ReadOnly, out var errno)
                ?? throw DiskErrors.FromNative(errno, path, writing);
            return new LocalFile(path, handle, writing).RequireRegular(writing);
        }
        var access = writing ? FileAccess.ReadWrite : FileAccess.Read;
        var share = FileShare.ReadWrite | FileShare.Delete;
        var opened = DiskErrors.Translated(path, writing, () => File.OpenHandle(path, FileMode.Open, access, share));
        return new LocalFile(path, opened, writing).RequireRegular(writing);
    }

    [UnsupportedOSPlatform("windows")]
    private LocalFile? LockOnUnix(string path, out int errno)
    {
        // Opened and created by different calls because creating by ours would need a variadic argument.
        var handle = Libc.TryOpen(path, Libc.ReadWrite, out errno);
        if (handle is null && errno == Errno.NoEntry)
        {
            try
            {
                CreateNew(path).Dispose();
            }
            catch (BackupException e)
                when (e.Code == ErrorCode.DestinationExists || e.InnerException?.HResult == Errno.WouldBlock)
            {
                // Another was faster: to create it, or to lock what we had just created.
            }
            handle = Libc.TryOpen(path, Libc.ReadWrite, out errno);
        }
        if (handle is null)
            throw DiskErrors.FromNative(errno, path, writing: true);
        var file = new LocalFile(path, handle, writable: true, new Unlocking(handle)).RequireRegular(writing: true);
        errno = Libc.TryLock(handle);
        if (errno == 0)
            return file;
        file.Dispose();
        return errno == Errno.WouldBlock ? null : throw DiskErrors.FromNative(errno, path, writing: true);
    }

    [SupportedOSPlatform("windows")]
    private static int MoveOnWindows(string from, string to) =>
        OpenElsewhere.Outlast(() => Windows.Move(from, to, replace: false));

    [SupportedOSPlatform("windows")]
    private static int ReplaceOnWindows(string from, string to) =>
        OpenElsewhere.Outlast(() =>
            Windows.Move(from, to, replace: true) is var refusal
            && refusal == WindowsError.AccessDenied
            && Deletion.TryClearReadOnly(to)
                ? ReplaceWritable(from, to)
                : refusal
        );

    [SupportedOSPlatform("windows")]
    private static int ReplaceWritable(string from, string to)
    {
        var error = Windows.Move(from, to, replace: true);
        if (error != 0)
        {
            // It stays, so it stays read-only.
            DiskErrors.Translated(
                to,
                writing: true,
                () => File.SetAttributes(to, File.GetAttributes(to) | FileAttributes.ReadOnly)
            );
        }
        return error;
    }

    [SupportedOSPlatform("windows")]
    private static LocalFile? LockOnWindows(string path)
    {
        try
        {
            // Others may read who holds it, and the holder may delete it; nobody else may open it like this.
            var share = FileShare.Read | FileShare.Delete;
            var handle = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, share);
            return new LocalFile(path, handle, writable: true);
        }
        catch (IOException e) when ((e.HResult & 0xFFFF) == WindowsError.SharingViolation)
        {
            return null;
        }
        catch (Exception e) when (DiskErrors.IsDiskFailure(e))
        {
            throw DiskErrors.From(e, path, writing: true);
        }
    }

    private static bool IsUnknownCall(int errno) =>
        errno == Errno.Invalid || errno == Errno.NotImplemented || errno == Errno.NotSupported;

    private void ThrowIfFailed(int error, string from, string to)
    {
        if (error == 0)
            return;
        // What is put aside is open, not what it is called there.
        var held = OperatingSystem.IsWindows() && OpenElsewhere.Explains(error, from);
        var failure = DiskErrors.FromNative(error, held ? from : to, writing: true);
        throw failure.Code == ErrorCode.PathNotFound && Stat(from) is null
            ? DiskErrors.FromNative(error, from, writing: true)
            : failure;
    }

    /// <summary>.NET would give the mode to the last folder only.</summary>
    private static void CreateWithParents(string path)
    {
        if (Directory.Exists(path))
            return;
        if (Path.GetDirectoryName(path) is { } parent)
            CreateWithParents(parent);
        _ = OperatingSystem.IsWindows()
            ? Directory.CreateDirectory(path)
            : Directory.CreateDirectory(path, OwnerFolder);
    }

    private static void Write(string path, Action<string> action)
    {
        Require(path);
        DiskErrors.Translated(path, writing: true, () => action(path));
    }

    /// <summary>In UTF-16 units, on every file system of Windows.</summary>
    private const int LongestName = 255;

    /// <summary>A NUL would cut the path short in the operating system and name another file.</summary>
    private static void Require(string path)
    {
        if (path.Contains('\0', StringComparison.Ordinal))
            throw new BackupException(ErrorCode.UnsafeName, "the path contains a NUL character", path);
        if (!Path.IsPathFullyQualified(path))
            throw new ArgumentException($"not an absolute path: {path}", nameof(path));
        // Windows itself calls such a name invalid, or says that there is no such file.
        if (OperatingSystem.IsWindows() && Array.Exists(path.Split('\\', '/'), part => part.Length > LongestName))
            throw DiskErrors.FromNative(WindowsError.FileNameTooLong, path, writing: false);
    }

    /// <summary>
    /// Gives up the lock before the handle: a process that is just being started has a copy of the handle for a moment,
    /// and would keep the lock with it.
    /// </summary>
    [UnsupportedOSPlatform("windows")]
    private sealed class Unlocking(SafeFileHandle handle) : IDisposable
    {
        public void Dispose()
        {
            if (!handle.IsClosed)
                Libc.Unlock(handle);
            handle.Dispose();
        }
    }
}
