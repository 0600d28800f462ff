using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace BackupTools.Files.Native;

/// <summary>What only Linux has: statx (one layout on every processor) and renameat2.</summary>
[SupportedOSPlatform("linux")]
internal static partial class Linux
{
    private const int CurrentDirectory = -100;
    private const int NoFollow = 0x100;
    private const int EmptyPath = 0x1000;
    private const uint BasicStats = 0x7ff;
    private const ulong MountRoot = 0x2000;
    private const uint NoReplace = 1;
    private const uint ExchangeFlag = 2;
    private const uint StartWritebackFlag = 2;
    private const int KeepSize = 1;

    /// <summary>O_DIRECT, whose value differs between processors; 0 where it is not known.</summary>
    private static readonly int DirectFlag = RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => 0x4000,
        Architecture.Arm64 => 0x10000,
        _ => 0,
    };

    /// <summary>False once a C library without renameat2 was met.</summary>
    private static volatile bool _hasRename2 = true;

    /// <summary>True where <see cref="TryOpenUncached"/> may succeed.</summary>
    public static bool KnowsUncached => DirectFlag != 0;

    /// <summary>
    /// Opens an open file once more, for writing past the page cache; null where the file system has no such way. By
    /// its handle, for its name may belong to another file by now.
    /// </summary>
    public static SafeFileHandle? TryOpenUncached(SafeFileHandle file) =>
        Libc.TryOpen($"/proc/self/fd/{file.DangerousGetHandle()}", Libc.ReadWrite | DirectFlag, out _);

    public static DiskEntry? Stat(string path, out int errno)
    {
        errno = Statx(CurrentDirectory, path, NoFollow, BasicStats, out var s) == 0 ? 0 : Marshal.GetLastPInvokeError();
        return errno == 0 ? Entry(path, s) : null;
    }

    public static DiskEntry? Stat(SafeFileHandle file, string path, out int errno)
    {
        errno = Statx(file, "", EmptyPath, BasicStats, out var s) == 0 ? 0 : Marshal.GetLastPInvokeError();
        return errno == 0 ? Entry(path, s) : null;
    }

    /// <summary>Who owns what a path names, links not followed; null with <paramref name="errno"/> set on failure.</summary>
    public static (uint Owner, uint Group)? Owner(string path, out int errno)
    {
        errno = Statx(CurrentDirectory, path, NoFollow, BasicStats, out var s) == 0 ? 0 : Marshal.GetLastPInvokeError();
        return errno == 0 ? (s.Owner, s.Group) : null;
    }

    /// <summary>True when something is mounted there; false where the kernel cannot tell (before Linux 5.8).</summary>
    public static bool IsMountRoot(string path) =>
        Statx(CurrentDirectory, path, NoFollow, BasicStats, out var s) == 0 && (s.Attributes & MountRoot) != 0;

    /// <summary>Renames without ever replacing; 0 or the error (Invalid or NotImplemented where that is not known).</summary>
    public static int RenameNoReplace(string from, string to) => Rename2(from, to, NoReplace);

    /// <summary>Swaps two names; 0 or the error (Invalid or NotImplemented where that is not known).</summary>
    public static int Exchange(string a, string b) => Rename2(a, b, ExchangeFlag);

    /// <summary>
    /// Lets the disk begin with what has been written so far, so that a later flush finds little left to do. A hint:
    /// where it fails, the flush does all, and reports what goes wrong.
    /// </summary>
    public static void StartWriteback(SafeFileHandle file) => _ = SyncFileRange(file, 0, 0, StartWritebackFlag);

    /// <summary>Reserves space for a file from its start, leaving its length as it is; 0 or the error.</summary>
    public static int Reserve(SafeFileHandle file, long bytes) => Libc.Check(() => Allocate(file, KeepSize, 0, bytes));

    private static int Rename2(string from, string to, uint flags)
    {
        if (!_hasRename2)
            return Errno.NotImplemented;
        try
        {
            return Libc.Check(() => RenameAt2(CurrentDirectory, from, CurrentDirectory, to, flags));
        }
        catch (EntryPointNotFoundException)
        {
            _hasRename2 = false;
            return Errno.NotImplemented;
        }
    }

    private static DiskEntry Entry(string path, StatxResult s) =>
        UnixStat.Entry(
            path,
            s.Mode,
            (long)s.Size,
            (s.Modified.Seconds, s.Modified.Nanoseconds),
            (s.Changed.Seconds, s.Changed.Nanoseconds),
            ((ulong)s.DeviceMajor << 32) | s.DeviceMinor,
            s.Inode,
            s.Links,
            (long)s.Blocks
        );

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statx(int folder, string path, int flags, uint mask, out StatxResult result);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statx(SafeFileHandle file, string path, int flags, uint mask, out StatxResult result);

    [LibraryImport("libc", EntryPoint = "renameat2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RenameAt2(int fromFolder, string from, int toFolder, string to, uint flags);

    [LibraryImport("libc", EntryPoint = "sync_file_range")]
    private static partial int SyncFileRange(SafeFileHandle file, long offset, long length, uint flags);

    [LibraryImport("libc", EntryPoint = "fallocate", SetLastError = true)]
    private static partial int Allocate(SafeFileHandle file, int mode, long offset, long length);

    /// <summary>struct statx of linux/stat.h.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct StatxResult
    {
        [FieldOffset(8)]
        public ulong Attributes;

        [FieldOffset(16)]
        public uint Links;

        [FieldOffset(20)]
        public uint Owner;

        [FieldOffset(24)]
        public uint Group;

        [FieldOffset(28)]
        public ushort Mode;

        [FieldOffset(32)]
        public ulong Inode;

        [FieldOffset(40)]
        public ulong Size;

        [FieldOffset(48)]
        public ulong Blocks;

        [FieldOffset(96)]
        public StatxTime Changed;

        [FieldOffset(112)]
        public StatxTime Modified;

        [FieldOffset(136)]
        public uint DeviceMajor;

        [FieldOffset(140)]
        public uint DeviceMinor;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct StatxTime
    {
        public long Seconds;
        public uint Nanoseconds;
        public int Reserved;
    }
}
