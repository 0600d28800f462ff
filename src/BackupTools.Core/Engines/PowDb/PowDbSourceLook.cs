using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.PowDb;

namespace BackupTools.Engines.PowDb;

/// <summary>
/// What a source looked like before it was copied. With records in the log, pages may change under the copy: the replay
/// skips what a page has already and adds what it lacks. Without, no file may change, by identity, length and times; a
/// log that is included may still grow. Catalogue, durable LSN, views and users have to stay in any case.
/// </summary>
internal sealed class PowDbSourceLook
{
    // The clock that stamps files ticks no finer than this everywhere.
    private static readonly TimeSpan TimestampTick = TimeSpan.FromMilliseconds(20);

    private readonly string _folder;
    private readonly string _walPath;
    private readonly EngineContext _context;
    private readonly SourceWatch _fixed;
    private SourceWatch? _files;

    private PowDbSourceLook(string folder, EngineContext context)
    {
        _folder = folder;
        _context = context;
        _walPath = Path.Combine(folder, PowDbNames.Wal);
        var names = new[] { PowDbNames.Catalog, PowDbNames.CatalogLsn, PowDbNames.Views, PowDbNames.Auth };
        var paths = names.Select(n => Path.Combine(folder, n)).ToArray();
        AwaitTick([.. paths, _walPath]);
        _fixed = SourceWatch.Note(context.Disk, paths);
        Wal = PowDbWalCapture.Note(_walPath, context);
    }

    public PowDbWalNote Wal { get; }

    /// <summary>Looks at the log and at what must not change; the first thing that a capture does.</summary>
    public static PowDbSourceLook At(string folder, EngineContext context) => new(folder, context);

    /// <summary>Looks at the files that will be copied.</summary>
    public void NoteFiles(PowDbSource source)
    {
        var paths = source.Files.Select(f => f.Path).ToArray();
        AwaitTick(paths);
        _files = SourceWatch.Note(_context.Disk, paths);
    }

    /// <summary>Looks again, when everything is copied.</summary>
    /// <param name="includeWal">The log was copied too.</param>
    /// <param name="unproven">Files that only their rest proves, as their pages have no checksums.</param>
    /// <exception cref="BackupException">SourceChanging.</exception>
    public void RequireUnchanged(bool includeWal, IReadOnlyCollection<string> unproven)
    {
        var changed = _fixed.Changed().ToList();
        var files = _files?.Changed() ?? [];
        changed.AddRange(Wal.HasRecords ? files.Where(unproven.Contains) : files);
        var walRests = includeWal
            ? PowDbWalCapture.OnlyGrew(Wal, _walPath, _context)
            : PowDbWalCapture.Rests(Wal, _walPath, _context);
        if (!walRests)
        {
            changed.Add(_walPath);
        }
        if (changed.Count > 0)
        {
            throw Changed(_folder, changed);
        }
    }

    public static BackupException Changed(string folder, IEnumerable<string> paths) =>
        new(
            ErrorCode.SourceChanging,
            $"the source kept changing: {string.Join(", ", paths.Select(Path.GetFileName).Distinct(StringComparer.Ordinal))}",
            folder,
            recommendation: $"Try again at a quieter time, stop the writers for the copy, or give {Spelling.Of("Checkpoint")} a script that "
                + "keeps them stopped."
        );

    /// <summary>A second write in the same tick of the file system's clock would leave no trace: let the tick pass.</summary>
    private void AwaitTick(IEnumerable<string> paths)
    {
        var now = _context.Clock.GetUtcNow();
        if (paths.Any(p => _context.Disk.Stat(p) is { } e && (now - e.ChangedUtc).Duration() < TimestampTick))
        {
            _context.Cancellation.WaitHandle.WaitOne(TimestampTick);
        }
    }
}
