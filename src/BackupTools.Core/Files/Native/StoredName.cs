using System.Buffers;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace BackupTools.Files.Native;

/// <summary>Names as folders of Windows have them, in full and in their own case, however they were typed.</summary>
[SupportedOSPlatform("windows")]
internal static unsafe partial class StoredName
{
    private const int Basic = 1;

    /// <summary>No name has one of these, and Windows takes what does for a pattern: the first that matches would be found.</summary>
    private static readonly SearchValues<char> Patterns = SearchValues.Create("*?<>\"");

    /// <summary>The name that a folder has for the last part of a path; null when there is nothing there.</summary>
    public static string? Of(string path)
    {
        if (Path.GetFileName(path.AsSpan()).ContainsAny(Patterns))
            return null;
        FindData data;
        var find = FindFirst(Windows.Extended(path), Basic, &data, 0, 0, 0);
        if (find == -1)
            return null;
        try
        {
            var typed = Path.GetFileName(path);
            var first = new string(data.Name);
            // A folder may distinguish cases: then it may have the very name that was typed, too.
            for (var name = first; ; name = new string(data.Name))
            {
                if (string.Equals(name, typed, StringComparison.Ordinal))
                    return name;
                if (!FindNext(find, &data))
                    return first;
            }
        }
        finally
        {
            FindClose(find);
        }
    }

    [LibraryImport("kernel32", EntryPoint = "FindFirstFileExW", StringMarshalling = StringMarshalling.Utf16)]
    private static partial nint FindFirst(string path, int level, FindData* data, int search, nint filter, int flags);

    [LibraryImport("kernel32", EntryPoint = "FindNextFileW")]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool FindNext(nint find, FindData* data);

    [LibraryImport("kernel32", EntryPoint = "FindClose")]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool FindClose(nint find);

    /// <summary>WIN32_FIND_DATAW: attributes, times, sizes and tags before the name, a short name after it.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct FindData
    {
        public fixed uint Before[11];
        public fixed char Name[260];
        public fixed char After[14];
    }
}
