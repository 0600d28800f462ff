using BackupTools.Files.Native;

namespace BackupTools.Files;

/// <summary>
/// Removing by .NET's calls, where what is not there is removed. The read-only attribute keeps a file from being removed
/// or replaced on Windows; on Unix the folder decides that, so what may be removed there is removed here.
/// </summary>
internal static class Deletion
{
    private static readonly EnumerationOptions Below = new()
    {
        RecurseSubdirectories = true,
        AttributesToSkip = FileAttributes.ReparsePoint,
    };

    public static void OfFile(string path) => Run(path, File.Delete);

    /// <summary>With everything in it.</summary>
    public static void OfFolder(string path) => Run(path, static p => Directory.Delete(p, recursive: true));

    /// <summary>
    /// Takes the read-only attribute from a file, or from everything in a folder. False when nothing had it, and on
    /// other systems.
    /// </summary>
    public static bool TryClearReadOnly(string path)
    {
        if (!OperatingSystem.IsWindows())
            return false;
        IEnumerable<FileSystemInfo> items = Directory.Exists(path)
            ? new DirectoryInfo(path).EnumerateFileSystemInfos("*", Below).Prepend(new DirectoryInfo(path))
            : [new FileInfo(path)];
        var cleared = false;
        foreach (var item in items.Where(i => i.Exists && i.Attributes.HasFlag(FileAttributes.ReadOnly)))
        {
            item.Attributes &= ~FileAttributes.ReadOnly;
            cleared = true;
        }
        return cleared;
    }

    /// <summary>Whether a file has the attribute.</summary>
    public static bool IsReadOnly(string path) => new FileInfo(path) is { Exists: true, IsReadOnly: true };

    private static void Run(string path, Action<string> delete)
    {
        for (var failed = 0; ; failed++)
        {
            try
            {
                delete(path);
                return;
            }
            catch (DirectoryNotFoundException)
            {
                return; // the folder is gone, so what was in it is
            }
            // Windows says either, of a file and of a folder that has one.
            catch (Exception e) when (e is IOException or UnauthorizedAccessException && IsWorthAnother(e, failed)) { }
        }

        bool IsWorthAnother(Exception refusal, int failed) =>
            TryClearReadOnly(path) || IsInUse(refusal.HResult & 0xFFFF) && OpenElsewhere.Wait(failed);
    }

    /// <summary>A removed file keeps its name in the folder until everybody has closed it.</summary>
    private static bool IsInUse(int error) => OpenElsewhere.IsRefusal(error) || error == WindowsError.DirectoryNotEmpty;
}
