using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Alopex;

namespace BackupTools.Engines.Alopex;

/// <summary>A file of a data directory or snapshot, with its name relative to it and forward slashes.</summary>
internal sealed record AlopexFile(string Name, DiskEntry Entry)
{
    public string FullName => Entry.Path;

    public bool IsTable => AlopexNames.IsTable(Name);

    /// <summary>How much of it is read: a log has holes where nothing is used.</summary>
    public long BytesToRead(IDisk disk)
    {
        if (Name != AlopexNames.Wal)
        {
            return Entry.Length;
        }
        using var file = disk.OpenRead(FullName);
        return file.DataRanges().Sum(r => r.Length);
    }

    /// <summary>A table by name, and not what macOS or rsync puts beside one.</summary>
    public bool IsTakenForTable(IDisk disk) => IsTable && Strangers.Of(Entry, static _ => true, disk) is null;
}

/// <summary>What a data directory or a snapshot holds, in the order of names; links are not followed.</summary>
internal sealed record AlopexFolder
{
    // Nothing of the engine lies deeper than sst/<id>.sst.
    private const int DeepestFolder = 64;

    public required string Path { get; init; }

    /// <summary>Regular files.</summary>
    public required IReadOnlyList<AlopexFile> Files { get; init; }

    /// <summary>Folders, relative, each after the one that it is in.</summary>
    public required IReadOnlyList<string> Folders { get; init; }

    /// <summary>Symbolic links and special files.</summary>
    public required IReadOnlyList<AlopexFile> Others { get; init; }

    /// <summary>The file of that relative name, or null.</summary>
    public AlopexFile? Find(string name) =>
        Files.FirstOrDefault(f => string.Equals(f.Name, name, StringComparison.Ordinal));

    /// <summary>Ids missing from the row of tables that the engine loads; it numbers them from 1 and removes none (§8).</summary>
    public IReadOnlyList<ulong> MissingTables()
    {
        var ids = Files.Select(f => AlopexNames.TableId(f.Name)).OfType<ulong>().ToHashSet();
        var missing = new List<ulong>();
        var highest = ids.Count == 0 ? 0 : ids.Max();
        for (ulong id = 1; id < highest && missing.Count < 100; id++)
        {
            if (!ids.Contains(id))
            {
                missing.Add(id);
            }
        }
        return missing;
    }

    /// <summary>Lists what of a data directory belongs into a snapshot.</summary>
    /// <exception cref="BackupException">The folder or one in it cannot be read, or is nested absurdly deep.</exception>
    public static AlopexFolder OfSource(string folder, EngineContext context) =>
        List(folder, AlopexNames.IsLeftOut, context);

    /// <summary>Lists what a snapshot holds besides its manifest.</summary>
    /// <exception cref="BackupException">The folder or one in it cannot be read, or is nested absurdly deep.</exception>
    public static AlopexFolder OfSnapshot(string folder, EngineContext context) =>
        List(folder, AlopexNames.IsNoContent, context);

    /// <summary>What is in a folder, at the root by the engine's names.</summary>
    /// <exception cref="BackupException">The folder cannot be read.</exception>
    public static IReadOnlyList<(string Name, DiskEntry Entry)> Entries(string folder, bool isRoot, IDisk disk)
    {
        var listed = disk.List(folder);
        if (!isRoot)
        {
            return [.. listed.Select(e => (e.Name, e))];
        }
        // The engine renames a new one over it, and a listing may then pass over both (seen on tmpfs of Linux 6.18).
        if (
            !listed.Any(e => string.Equals(e.Name, AlopexNames.Meta, StringComparison.OrdinalIgnoreCase))
            && disk.Stat(System.IO.Path.Combine(folder, AlopexNames.Meta)) is { } meta
        )
        {
            listed = [.. listed, meta];
        }
        return OwnSpelling.Of(folder, listed, AlopexNames.Spelled, disk);
    }

    /// <summary>The same with the names of files as a manifest lists them, where the disk finds them by those.</summary>
    public AlopexFolder AsListed(AlopexManifest manifest, IDisk disk)
    {
        var listed = manifest.Entries.Select(e => e.Name).ToHashSet(StringComparer.Ordinal);
        if (Files.All(f => listed.Contains(f.Name)))
        {
            return this;
        }
        var anyCase = listed.ToHashSet(StringComparer.OrdinalIgnoreCase);
        var there = Files.Select(f => f.Name).ToHashSet(StringComparer.Ordinal);
        return this with { Files = [.. Files.Select(Spelled).OrderBy(f => f.Name, StringComparer.Ordinal)] };

        AlopexFile Spelled(AlopexFile file)
        {
            var own = OwnSpelling.In(file.Name, listed, anyCase);
            var folder = own[..(own.LastIndexOf('/') + 1)];
            return
                file.Name.StartsWith(folder, StringComparison.Ordinal)
                && !there.Contains(own)
                && disk.Stat(System.IO.Path.Combine(Path, own.Replace('/', System.IO.Path.DirectorySeparatorChar)))
                    is { } found
                && found.IsSameFileAs(file.Entry)
                ? file with
                {
                    Name = own,
                }
                : file;
        }
    }

    private static AlopexFolder List(string folder, Func<string, bool> isLeftOut, EngineContext context)
    {
        var files = new List<AlopexFile>();
        var others = new List<AlopexFile>();
        var folders = new List<string>();
        var pending = new Stack<(string Path, string Prefix, int Depth)>([(folder, "", 0)]);
        while (pending.TryPop(out var at))
        {
            context.Cancellation.ThrowIfCancellationRequested();
            foreach (var (own, entry) in Entries(at.Path, isRoot: at.Depth == 0, context.Disk))
            {
                var name = at.Prefix + own;
                if (isLeftOut(name))
                {
                    continue;
                }
                switch (entry.Kind)
                {
                    case DiskEntryKind.File:
                        files.Add(new AlopexFile(name, entry));
                        break;
                    case DiskEntryKind.Directory when at.Depth < DeepestFolder:
                        folders.Add(name);
                        pending.Push((entry.Path, name + "/", at.Depth + 1));
                        break;
                    case DiskEntryKind.Directory:
                        throw new BackupException(
                            ErrorCode.UnsupportedFormat,
                            "folders are nested too deep",
                            entry.Path
                        );
                    default:
                        others.Add(new AlopexFile(name, entry));
                        break;
                }
            }
        }
        return new AlopexFolder
        {
            Path = folder,
            Files = [.. files.OrderBy(f => f.Name, StringComparer.Ordinal)],
            Folders = folders,
            Others = others,
        };
    }
}
