using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace BackupTools.Files.Native;

/// <summary>What Windows has and .NET does not offer: file identity, renames without a copy, hard links.</summary>
[SupportedOSPlatform("windows")]
internal static partial class Windows
{
    private const uint ReadAttributes = 0x80;
    private const uint ShareAll = 7;
    private const uint OpenExisting = 3;
    private const uint OpenReparsePointAndDirectories = 0x0020_0000 | 0x0200_0000;
    private const uint ReplaceExisting = 1;
    private const uint WriteThrough = 8;
    private const int FileBasicInfo = 0;
    private const int FileStandardInfo = 1;
    private const int FileAttributeTagInfo = 9;
    private const uint DirectoryAttribute = 0x10;
    private const uint ReparsePointAttribute = 0x400;
    private const uint NameSurrogateTag = 0x2000_0000;
    private const int DiskFileType = 1;

    public static DiskEntry? Stat(string path, out int error)
    {
        using var file = CreateFile(
            Extended(path),
            ReadAttributes,
            ShareAll,
            0,
            OpenExisting,
            OpenReparsePointAndDirectories,
            0
        );
        error = file.IsInvalid ? Marshal.GetLastPInvokeError() : 0;
        return error == 0 ? Stat(file, path, out error) : null;
    }

    public static unsafe DiskEntry? Stat(SafeFileHandle file, string path, out int error)
    {
        BasicInfo basic;
        StandardInfo standard;
        AttributeTagInfo tag;
        if (
            !GetFileInformation(file, out var info)
            || !GetFileInformationEx(file, FileBasicInfo, &basic, (uint)sizeof(BasicInfo))
            || !GetFileInformationEx(file, FileStandardInfo, &standard, (uint)sizeof(StandardInfo))
            || !GetFileInformationEx(file, FileAttributeTagInfo, &tag, (uint)sizeof(AttributeTagInfo))
        )
        {
            error = Marshal.GetLastPInvokeError();
            return null;
        }
        error = 0;
        // Deduplicated or cloud files are reparse points too, but not other names for something else.
        var isLink = (tag.Attributes & ReparsePointAttribute) != 0 && (tag.ReparseTag & NameSurrogateTag) != 0;
        return new DiskEntry(
            path,
            isLink ? DiskEntryKind.Link
                : (info.Attributes & DirectoryAttribute) != 0 ? DiskEntryKind.Directory
                : GetFileType(file) == DiskFileType ? DiskEntryKind.File
                : DiskEntryKind.Special,
            ((long)info.SizeHigh << 32) | info.SizeLow,
            Time(basic.LastWriteTime),
            Time(basic.ChangeTime),
            info.VolumeSerial,
            ((ulong)info.IndexHigh << 32) | info.IndexLow,
            info.Links,
            standard.AllocationSize
        );
    }

    /// <summary>Renames a file or folder, never copying; 0 or the error.</summary>
    public static int Move(string from, string to, bool replace) =>
        MoveFileEx(Extended(from), Extended(to), WriteThrough | (replace ? ReplaceExisting : 0))
            ? 0
            : Marshal.GetLastPInvokeError();

    /// <summary>Makes a second name for a file; 0 or the error.</summary>
    public static int Link(string existing, string path) =>
        CreateHardLink(Extended(path), Extended(existing), 0) ? 0 : Marshal.GetLastPInvokeError();

    /// <summary>The form of an absolute path that is not limited to 260 characters.</summary>
    public static string Extended(string path) =>
        path.StartsWith(@"\\?\", StringComparison.Ordinal) || path.StartsWith(@"\\.\", StringComparison.Ordinal) ? path
        : path.StartsWith(@"\\", StringComparison.Ordinal) ? @"\\?\UNC\" + Path.GetFullPath(path)[2..]
        : @"\\?\" + Path.GetFullPath(path);

    private static DateTimeOffset Time(long fileTime) =>
        new(DateTime.FromFileTimeUtc(Math.Clamp(fileTime, 0, DateTime.MaxValue.ToFileTimeUtc())));

    [LibraryImport(
        "kernel32",
        EntryPoint = "CreateFileW",
        SetLastError = true,
        StringMarshalling = StringMarshalling.Utf16
    )]
    private static partial SafeFileHandle CreateFile(
        string path,
        uint access,
        uint share,
        nint security,
        uint disposition,
        uint flags,
        nint template
    );

    [LibraryImport("kernel32", EntryPoint = "GetFileInformationByHandle", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool GetFileInformation(SafeFileHandle file, out HandleInfo info);

    [LibraryImport("kernel32", EntryPoint = "GetFileInformationByHandleEx", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static unsafe partial bool GetFileInformationEx(SafeFileHandle file, int kind, void* info, uint size);

    [LibraryImport("kernel32", EntryPoint = "GetFileType")]
    private static partial int GetFileType(SafeFileHandle file);

    [LibraryImport(
        "kernel32",
        EntryPoint = "MoveFileExW",
        SetLastError = true,
        StringMarshalling = StringMarshalling.Utf16
    )]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool MoveFileEx(string from, string to, uint flags);

    [LibraryImport(
        "kernel32",
        EntryPoint = "CreateHardLinkW",
        SetLastError = true,
        StringMarshalling = StringMarshalling.Utf16
    )]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool CreateHardLink(string path, string existing, nint security);

    /// <summary>BY_HANDLE_FILE_INFORMATION.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct HandleInfo
    {
        public uint Attributes;
        public uint CreationLow;
        public uint CreationHigh;
        public uint AccessLow;
        public uint AccessHigh;
        public uint WriteLow;
        public uint WriteHigh;
        public uint VolumeSerial;
        public uint SizeHigh;
        public uint SizeLow;
        public uint Links;
        public uint IndexHigh;
        public uint IndexLow;
    }

    /// <summary>FILE_BASIC_INFO; times in 100 ns since 1601.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct BasicInfo
    {
        public long CreationTime;
        public long LastAccessTime;
        public long LastWriteTime;
        public long ChangeTime;
        public uint Attributes;
        public uint Reserved;
    }

    /// <summary>FILE_STANDARD_INFO.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct StandardInfo
    {
        public long AllocationSize;
        public long EndOfFile;
        public uint Links;
        public byte DeletePending;
        public byte Directory;
    }

    /// <summary>FILE_ATTRIBUTE_TAG_INFO.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct AttributeTagInfo
    {
        public uint Attributes;
        public uint ReparseTag;
    }
}
