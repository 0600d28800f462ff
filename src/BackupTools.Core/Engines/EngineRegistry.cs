using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Options;

namespace BackupTools.Engines;

/// <summary>The engines this version knows. Operations reach engines only through here.</summary>
internal sealed class EngineRegistry(IReadOnlyList<IBackupEngine> engines)
{
    /// <summary>
    /// Every engine, in the order in which a source is offered to them. SQLite comes first: it looks at a file without
    /// opening it where this process would lose its locks on a database.
    /// </summary>
    public static EngineRegistry Default { get; } =
        new([
            new Sqlite.SqliteEngine(),
            new Spg.SpgEngine(),
            new Grafeo.GrafeoEngine(),
            new PowDb.PowDbEngine(),
            new Alopex.AlopexEngine(),
        ]);

    /// <summary>What Windows has open at the root of a drive as long as it runs, and of no database.</summary>
    private static readonly string[] OfWindows = ["pagefile.sys", "swapfile.sys", "hiberfil.sys", "DumpStack.log.tmp"];

    public IReadOnlyList<IBackupEngine> Engines => engines;

    /// <summary>The engine of that name, in any case.</summary>
    /// <exception cref="BackupException">UnknownEngine.</exception>
    public IBackupEngine ByName(string name) =>
        engines.FirstOrDefault(e => string.Equals(e.Name, name, StringComparison.OrdinalIgnoreCase))
        ?? throw new BackupException(
            ErrorCode.UnknownEngine,
            $"'{name}' is not a known engine",
            recommendation: $"Use one of: {string.Join(", ", engines.Select(e => e.Name))}."
        );

    /// <summary>The engines to consider: the named one, or all.</summary>
    public IReadOnlyList<IBackupEngine> Candidates(string? name) => name is null ? engines : [ByName(name)];

    /// <summary>
    /// The engine whose database the path is. A database may have no file yet (SPG before its first CHECKPOINT): then an
    /// option that only one engine has, such as its log's path, tells whose it is.
    /// </summary>
    /// <exception cref="BackupException">PathNotFound, SourceNotRecognised, or why it cannot be read.</exception>
    public IBackupEngine OfSource(string path, string? name, EngineOptions options, EngineContext context)
    {
        foreach (var engine in Candidates(name))
        {
            if (engine.RecognisesSource(path, context))
            {
                return engine;
            }
        }
        if (
            name is not null
            && ByName(name) is { Capabilities.EmptyFileIsDatabase: true } named
            && context.Disk.Stat(path) is { Kind: DiskEntryKind.File, Length: 0 }
        )
        {
            return named;
        }
        var isMissing = context.Disk.Stat(path) is null;
        var given = options.Given().ToList();
        if (isMissing && given.Count > 0 && Knowing(given, name) is [var only])
        {
            return only;
        }
        RefuseUnreadable(path, context.Disk);
        throw isMissing
            ? new BackupException(ErrorCode.PathNotFound, "the source does not exist", path)
            : new BackupException(
                ErrorCode.SourceNotRecognised,
                $"the source is not a database of {name ?? "a known engine"}",
                path
            );
    }

    /// <summary>No engine recognises what may not be read: that is another error with other advice.</summary>
    /// <exception cref="BackupException">Why it cannot be read; SourceInUse, for a file in a folder too.</exception>
    public static void RefuseUnreadable(string path, IDisk disk)
    {
        switch (disk.Stat(path)?.Kind)
        {
            case DiskEntryKind.File:
                disk.OpenRead(path).Dispose();
                break;
            case DiskEntryKind.Directory:
                var isRoot = Path.GetDirectoryName(path) is null;
                foreach (var file in disk.List(path).Where(e => e.Kind == DiskEntryKind.File))
                {
                    if (isRoot && OfWindows.Contains(file.Name, StringComparer.OrdinalIgnoreCase))
                    {
                        continue;
                    }
                    try
                    {
                        disk.OpenRead(file.Path).Dispose();
                    }
                    catch (BackupException e) when (e.Code != ErrorCode.SourceInUse)
                    {
                        // Folders of other programs have files that not everybody may read.
                    }
                }
                break;
        }
    }

    private List<IBackupEngine> Knowing(List<string> options, string? name) =>
        Candidates(name).Where(e => options.TrueForAll(o => e.Capabilities.Options.Contains(o))).ToList();
}
