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
/// <param name="spell">A name in any case as the engine spells it: where case does not count, it is the engine's.</param>
internal sealed class DataFolder(
    IDisk disk,
    string path,
    Func<string, bool> isDatabases,
    Func<string, bool> isFolder,
    Func<string, bool> isPlaces,
    Func<string, string> spell
)
{
    /// <summary>What an ext file system and Windows have at the root of a volume, and a mount point therefore too.</summary>
    private static readonly string[] OfVolumes = ["lost+found", "System Volume Information", "$RECYCLE.BIN"];

    /// <summary>What is in the folder, but for what belongs to the place, to a file system or to a run of ours.</summary>
    public IReadOnlyList<DiskEntry> Entries() =>
        disk.Stat(path) is { Kind: DiskEntryKind.Directory }
            ? [.. Entries(path, "", new Names([])).Select(e => e.Entry)]
            : [];

    /// <summary>Something of the place is in it, so that it cannot give way as a whole.</summary>
    public bool HasPlaces() =>
        disk.Stat(path) is { Kind: DiskEntryKind.Directory } && Named(path, "", new Names([])).Any(e => Stays(e.Name));

    /// <summary>Absolute paths of what is neither the database's nor about to come, and stays.</summary>
    /// <param name="comes">The names of all files and folders that the restore brings.</param>
    public IReadOnlyList<string> Strangers(IReadOnlySet<string> comes) =>
        disk.Stat(path) is { Kind: DiskEntryKind.Directory } ? [.. Strangers(path, "", new Names(comes))] : [];

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
        var listed = Listed(path);
        foreach (var name in entries)
            Put(steps, $"{staged}/{name}", name, listed, staging);
        steps.AddRange(Removals(path, "", new Names(entries)));
        return steps;
    }

    private void Put(List<PublishStep> steps, string staged, string name, HashSet<string> listed, StagingArea staging)
    {
        var final = PathOf(name);
        var old = disk.Stat(final);
        if (
            old is { Kind: DiskEntryKind.Directory }
            && disk.Stat(staging.PathOf(staged)) is { Kind: DiskEntryKind.Directory } folder
        )
        {
            var comes = disk.List(folder.Path).Select(e => e.Name).ToList();
            var inside = new Names(comes.Select(n => $"{name}/{n}"));
            if (Strangers(final, name + "/", inside).Any())
            {
                var inner = Listed(final);
                foreach (var entry in comes)
                    Put(steps, $"{staged}/{entry}", $"{name}/{entry}", inner, staging);
                steps.AddRange(Removals(final, name + "/", inside));
                return;
            }
        }
        steps.Add(
            old is null
                ? PublishStep.Place(staged, final)
                : PublishStep.Replace(staged, final) with
                {
                    Respells = !listed.Contains(Path.GetFileName(final)),
                }
        );
    }

    private HashSet<string> Listed(string folder) => disk.Names(folder).ToHashSet(StringComparer.Ordinal);

    /// <summary>What of the database is in a folder and does not come.</summary>
    private IEnumerable<PublishStep> Removals(string folder, string prefix, Names comes) =>
        Entries(folder, prefix, comes)
            .Where(e => !comes.Contains(e.Name) && Owns(e.Entry, e.Name))
            .Select(e => PublishStep.Remove(e.Entry.Path));

    private IEnumerable<string> Strangers(string folder, string prefix, Names comes)
    {
        foreach (var (name, entry) in Entries(folder, prefix, comes))
        {
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

    private IEnumerable<(string Name, DiskEntry Entry)> Entries(string folder, string prefix, Names comes) =>
        Named(folder, prefix, comes).Where(e => prefix.Length > 0 || !(Stays(e.Name) || IsRunning(e.Name)));

    /// <summary>
    /// What is in a folder, as the restore or the engine spells it: what is there in another case is, where case does not
    /// count, what the restore puts its own over, and must not be taken for something else beside it.
    /// </summary>
    private IEnumerable<(string Name, DiskEntry Entry)> Named(string folder, string prefix, Names comes) =>
        OwnSpelling
            .Of(folder, disk.List(folder), name => comes.Spell(prefix + name, spell)[prefix.Length..], disk)
            .Select(e => (prefix + e.Name, e.Entry));

    private bool Owns(DiskEntry entry, string name) =>
        isDatabases(name) && (entry.Kind != DiskEntryKind.Directory || isFolder(name));

    private bool Stays(string name) => isPlaces(name) || OfVolumes.Contains(name, StringComparer.OrdinalIgnoreCase);

    /// <summary>A run that works in the folder itself has its staging folder and its lock there.</summary>
    private static bool IsRunning(string name) =>
        StagingArea.IsStagingName(name) || string.Equals(name, FolderLock.DefaultName, StringComparison.Ordinal);

    private string PathOf(string name) => Path.Combine(path, name.Replace('/', Path.DirectorySeparatorChar));

    /// <summary>Names that a restore brings.</summary>
    private sealed class Names(IEnumerable<string> names)
    {
        private readonly HashSet<string> _names = names.ToHashSet(StringComparer.Ordinal);
        private readonly HashSet<string> _anyCase = names.ToHashSet(StringComparer.OrdinalIgnoreCase);

        public bool Contains(string name) => _names.Contains(name);

        /// <summary>As it comes, in whatever case it is given; what does not come, as the engine spells it.</summary>
        public string Spell(string name, Func<string, string> spell) =>
            _anyCase.Contains(name) ? OwnSpelling.In(name, _names, _anyCase) : spell(name);
    }
}
