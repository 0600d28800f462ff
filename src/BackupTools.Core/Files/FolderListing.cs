namespace BackupTools.Files;

/// <summary>What is in a folder of the real file system, sorted by name ordinally.</summary>
internal static class FolderListing
{
    /// <summary>So many entries are asked about before another thread is worth it.</summary>
    private const int AtOnce = 512;

    /// <summary>The entries.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="stat">Called on several threads; null for what has vanished since.</param>
    /// <exception cref="Errors.BackupException">The folder, or an entry, cannot be read.</exception>
    public static IReadOnlyList<DiskEntry> Entries(string folder, Func<string, DiskEntry?> stat)
    {
        var paths = Paths(folder);
        var found = new DiskEntry?[paths.Length];
        if (paths.Length <= AtOnce)
        {
            Ask(0);
        }
        else
        {
            HashingCopy.ForEach(
                [.. Enumerable.Range(0, (paths.Length + AtOnce - 1) / AtOnce)],
                Environment.ProcessorCount,
                (piece, _) => Ask(piece),
                CancellationToken.None
            );
        }
        return [.. found.OfType<DiskEntry>()];

        void Ask(int piece)
        {
            var end = Math.Min((piece + 1) * AtOnce, paths.Length);
            for (var i = piece * AtOnce; i < end; i++)
                found[i] = stat(paths[i]);
        }
    }

    /// <summary>The names alone.</summary>
    /// <exception cref="Errors.BackupException">The folder cannot be read.</exception>
    public static IReadOnlyList<string> Names(string folder) =>
        Array.ConvertAll(Paths(folder), static path => Path.GetFileName(path));

    private static string[] Paths(string folder)
    {
        var paths = DiskErrors.Translated(folder, writing: false, () => Directory.GetFileSystemEntries(folder));
        Array.Sort(paths, StringComparer.Ordinal);
        return paths;
    }
}
