namespace BackupTools.Tests.Stores;

/// <summary>A folder as plain tools bring it up to a store.</summary>
internal static class StoreFolder
{
    /// <summary>Every file with the key that it gets: its relative path below the prefix.</summary>
    public static IEnumerable<(string Key, string File)> Files(string folder, string prefix) =>
        Directory
            .EnumerateFiles(
                folder,
                "*",
                new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None }
            )
            .Select(file => ($"{prefix}/{Path.GetRelativePath(folder, file).Replace('\\', '/')}", file));
}
