using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace BackupTools.Files.Native;

/// <summary>
/// What macOS calls differently: stat with 64-bit inodes (a name of its own on Intel, the plain one on Apple silicon)
/// and renamex_np.
/// </summary>
[SupportedOSPlatform("macos")]
internal static partial class Mac
{
    private const uint SwapFlag = 2;
    private const uint ExclusiveFlag = 4;

    private static readonly bool IsIntel = RuntimeInformation.ProcessArchitecture == Architecture.X64;

    public static DiskEntry? Stat(string path, out int errno)
    {
        var done = IsIntel ? LStatIntel(path, out var s) : LStat(path, out s);
        errno = done == 0 ? 0 : Marshal.GetLastPInvokeError();
        return errno == 0 ? Entry(path, s) : null;
    }

    public static DiskEntry? Stat(SafeFileHandle file, string path, out int errno)
    {
        var done = IsIntel ? FStatIntel(file, out var s) : FStat(file, out s);
        errno = done == 0 ? 0 : Marshal.GetLastPInvokeError();
        return errno == 0 ? Entry(path, s) : null;
    }

    /// <summary>Who owns what a path names, links not followed; null with <paramref name="errno"/> set on failure.</summary>
    public static (uint Owner, uint Group)? Owner(string path, out int errno)
    {
        var done = IsIntel ? LStatIntel(path, out var s) : LStat(path, out s);
        errno = done == 0 ? 0 : Marshal.GetLastPInvokeError();
        return errno == 0 ? (s.Owner, s.Group) : null;
    }

    /// <summary>Renames without ever replacing; 0 or the error (NotSupported where the file system cannot).</summary>
    public static int RenameNoReplace(string from, string to) => Libc.Check(() => RenameX(from, to, ExclusiveFlag));

    /// <summary>Swaps two names; 0 or the error (NotSupported where the file system cannot).</summary>
    public static int Exchange(string a, string b) => Libc.Check(() => RenameX(a, b, SwapFlag));

    private static DiskEntry Entry(string path, StatResult s) =>
        UnixStat.Entry(
            path,
            s.Mode,
            s.Size,
            (s.ModifiedSeconds, s.ModifiedNanoseconds),
            (s.ChangedSeconds, s.ChangedNanoseconds),
            (uint)s.Device,
            s.Inode,
            s.Links,
            s.Blocks
        );

    [LibraryImport("libc", EntryPoint = "lstat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int LStat(string path, out StatResult result);

    [LibraryImport(
        "libc",
        EntryPoint = "lstat$INODE64",
        SetLastError = true,
        StringMarshalling = StringMarshalling.Utf8
    )]
    private static partial int LStatIntel(string path, out StatResult result);

    [LibraryImport("libc", EntryPoint = "fstat", SetLastError = true)]
    private static partial int FStat(SafeFileHandle file, out StatResult result);

    [LibraryImport("libc", EntryPoint = "fstat$INODE64", SetLastError = true)]
    private static partial int FStatIntel(SafeFileHandle file, out StatResult result);

    [LibraryImport("libc", EntryPoint = "renamex_np", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RenameX(string from, string to, uint flags);

    /// <summary>struct stat of sys/stat.h with 64-bit inodes, the same on both processors.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 144)]
    private struct StatResult
    {
        [FieldOffset(0)]
        public int Device;

        [FieldOffset(4)]
        public ushort Mode;

        [FieldOffset(6)]
        public ushort Links;

        [FieldOffset(8)]
        public ulong Inode;

        [FieldOffset(16)]
        public uint Owner;

        [FieldOffset(20)]
        public uint Group;

        [FieldOffset(48)]
        public long ModifiedSeconds;

        [FieldOffset(56)]
        public long ModifiedNanoseconds;

        [FieldOffset(64)]
        public long ChangedSeconds;

        [FieldOffset(72)]
        public long ChangedNanoseconds;

        [FieldOffset(96)]
        public long Size;

        [FieldOffset(104)]
        public long Blocks;
    }
}
