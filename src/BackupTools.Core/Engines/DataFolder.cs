using BackupTools.Files;

namespace BackupTools.Engines;

/// <summary>
/// A data folder that a restore fills or replaces: which of its entries are the database's, which stay, and by what
/// steps the new state comes in. Names below the folder are relative, with forward slashes.
/// </summary>
/// <param name="disk">Where it is.</param>
/// <param name="path">The folder; need not exist.</param>
/// <param name="isDatabases">True for what the engine writes, by name; only that is ever removed.</param>
/// <param name="isFolder">True for what the engine writes as a folder: another one is a stranger, whatever its name.</param>
/// <param name="isPlaces">True for what belongs to the place and is none of the restore's business.</param>
internal sealed class DataFolder(
    IDisk disk,
    string path,
    Func<string, bool> isDatabases,
    Func<string, bool> isFolder,
    Func<string, bool> isPlaces
)
{
    /// <summary>What an ext file system and Windows have at the root of a volume, and a mount point therefore too.</summary>
    private static readonly string[] s_ofVolumes = ["lost+found", "System Volume Information", "$RECYCLE.BIN"];

    /// <summary>What is in the folder, but for what belongs to the place, to a file system or to a run of ours.</summary>
    public IReadOnlyList<DiskEntry> Entries() =>
        disk.Stat(path) is { Kind: DiskEntryKind.Directory } ? Entries(path, "") : [];

    /// <summary>Something of the place is in it, so that it cannot give way as a whole.</summary>
    public bool HasPlaces() =>
        disk.Stat(path) is { Kind: DiskEntryKind.Directory } && disk.List(path).Any(e => Stays(e.Name));

    /// <summary>Absolute paths of what is neither the database's nor about to come, and stays.</summary>
    /// <param name="comes">The names of all files and folders that the restore brings.</param>
    public IReadOnlyList<string> Strangers(IReadOnlySet<string> comes) =>
        disk.Stat(path) is { Kind: DiskEntryKind.Directory } ? [.. Strangers(path, "", comes)] : [];

    /// <summary>
    /// The steps that put what was staged into the folder entry by entry, in the order in which it was staged, and then
    /// take away what else is of the database.
    /// </summary>
    /// <param name="staged">The name of the staged folder.</param>
    /// <param name="entries">The names of its entries, in the order in which they are to come.</param>
    /// <param name="staging">Where it is staged.</param>
    public List<PublishStep> Steps(string staged, IReadOnlyList<string> entries, StagingArea staging)
    {
        var steps = new List<PublishStep>();
        foreach (var name in entries)
            Put(steps, $"{staged}/{name}", name, staging);
        var comes = entries.ToHashSet(StringComparer.Ordinal);
        steps.AddRange(
            Entries().Where(e => !comes.Contains(e.Name) && Owns(e, e.Name)).Select(e => PublishStep.Remove(e.Path))
        );
        return steps;
    }

    private void Put(List<PublishStep> steps, string staged, string name, StagingArea staging)
    {
        var final = PathOf(name);
        var old = disk.Stat(final);
        if (
            old is { Kind: DiskEntryKind.Directory }
            && disk.Stat(staging.PathOf(staged)) is { Kind: DiskEntryKind.Directory } folder
        )
        {
            var comes = disk.List(folder.Path).Select(e => e.Name).ToList();
            var inside = comes.Select(n => $"{name}/{n}").ToHashSet(StringComparer.Ordinal);
            if (Strangers(final, name + "/", inside).Any())
            {
                foreach (var entry in comes)
                    Put(steps, $"{staged}/{entry}", $"{name}/{entry}", staging);
                steps.AddRange(
                    Entries(final, name + "/")
                        .Where(e => !inside.Contains($"{name}/{e.Name}") && Owns(e, $"{name}/{e.Name}"))
                        .Select(e => PublishStep.Remove(e.Path))
                );
                return;
            }
        }
        steps.Add(old is null ? PublishStep.Place(staged, final) : PublishStep.Replace(staged, final));
    }

    private IEnumerable<string> Strangers(string folder, string prefix, IReadOnlySet<string> comes)
    {
        foreach (var entry in Entries(folder, prefix))
        {
            var name = prefix + entry.Name;
            if (entry.Kind == DiskEntryKind.Directory && comes.Contains(name))
            {
                foreach (var inner in Strangers(entry.Path, name + "/", comes))
                    yield return inner;
            }
            else if (!comes.Contains(name) && !Owns(entry, name))
            {
                yield return entry.Path;
            }
        }
    }

    private IReadOnlyList<DiskEntry> Entries(string folder, string prefix) =>
        [.. disk.List(folder).Where(e => prefix.Length > 0 || !(Stays(e.Name) || IsRunning(e.Name)))];

    private bool Owns(DiskEntry entry, string name) =>
        isDatabases(name) && (entry.Kind != DiskEntryKind.Directory || isFolder(name));

    private bool Stays(string name) => isPlaces(name) || s_ofVolumes.Contains(name, StringComparer.OrdinalIgnoreCase);

    /// <summary>A run that works in the folder itself has its staging folder and its lock there.</summary>
    private static bool IsRunning(string name) =>
        StagingArea.IsStagingName(name) || string.Equals(name, FolderLock.DefaultName, StringComparison.Ordinal);

    private string PathOf(string name) => Path.Combine(path, name.Replace('/', Path.DirectorySeparatorChar));
}
