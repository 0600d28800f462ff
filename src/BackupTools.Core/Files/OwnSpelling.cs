namespace BackupTools.Files;

/// <summary>
/// What is in a folder, by the names that its program has for it. Windows, macOS and some folders of Linux find a file by
/// its name in any case, so that it may be listed in another one than its program asks for; elsewhere that would be another
/// file. Only the disk knows which of the two holds, folder by folder.
/// </summary>
internal static class OwnSpelling
{
    /// <summary>The entries, each with the name that the program has for it; its own name where that finds something else.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="entries">All that is listed in it.</param>
    /// <param name="spell">A name in any case as the program spells it; unchanged where it has none of that kind.</param>
    /// <param name="disk">Where the folder is.</param>
    public static IReadOnlyList<(string Name, DiskEntry Entry)> Of(
        string folder,
        IReadOnlyList<DiskEntry> entries,
        Func<string, string> spell,
        IReadingDisk disk
    )
    {
        HashSet<string>? listed = null;
        return [.. entries.Select(e => (NameOf(e), e))];

        string NameOf(DiskEntry entry)
        {
            var name = entry.Name;
            var own = spell(name);
            if (string.Equals(own, name, StringComparison.Ordinal))
                return name;
            // Both are listed where case counts, and may be two names of one file.
            listed ??= entries.Select(e => e.Name).ToHashSet(StringComparer.Ordinal);
            return
                !listed.Contains(own) && disk.Stat(Path.Combine(folder, own)) is { } found && found.IsSameFileAs(entry)
                ? own
                : name;
        }
    }

    /// <summary>A name as one of these spells it; the name itself when it is one of them, or like none.</summary>
    /// <param name="name">The name in any case.</param>
    /// <param name="names">The names as they are spelled.</param>
    /// <param name="anyCase">The same, compared in any case.</param>
    public static string In(string name, IReadOnlySet<string> names, HashSet<string> anyCase) =>
        !names.Contains(name) && anyCase.TryGetValue(name, out var own) ? own : name;
}
