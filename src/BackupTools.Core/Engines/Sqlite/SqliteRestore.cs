using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Sqlite;

namespace BackupTools.Engines.Sqlite;

/// <summary>Rebuilds a database file in staging, proves it, and says how to put it in place.</summary>
internal sealed class SqliteRestore(RestoreRequest request, StagingArea staging, EngineContext context)
{
    private const string Staged = "database";

    /// <summary>What SQLite may keep beside a database file, and would use for another one of the same name.</summary>
    private static readonly string[] Companions = ["-wal", "-shm", "-journal"]; // the last two only while it is open

    /// <summary>The files that a restore would replace or remove.</summary>
    public static IReadOnlyList<string> OccupiedBy(string destination, IDisk disk) =>
        [.. Companions.Select(c => destination + c).Prepend(destination).Where(p => disk.Stat(p) is not null)];

    /// <summary>True when a database file is there that nobody seems to have open.</summary>
    /// <exception cref="BackupException">SourceInUse.</exception>
    public static bool MayReplace(string destination, IDisk disk)
    {
        if (disk.Stat(destination) is null)
        {
            return true; // a log or journal without its database is of no use to anyone
        }
        foreach (var mark in Companions[1..].Select(c => destination + c).Where(m => IsMark(m, disk)))
        {
            throw new BackupException(
                ErrorCode.SourceInUse,
                FileUsers.Name("a program has the database open, or was killed while it had", mark),
                mark,
                recommendation: "Close the program; if none is left, open the database once with sqlite3 and read from it. "
                    + "If this file is still there then, delete it."
            );
        }
        if (SqliteHandle.IsHeldElsewhere(destination, disk))
        {
            throw new BackupException(
                ErrorCode.SourceInUse,
                FileUsers.Name("a program holds an exclusive lock on the database", destination),
                destination,
                recommendation: "Close the program: it would keep using the replaced database, and lose what it writes."
            );
        }
        // An empty file is a database without a page, and nothing else would be lost with it either.
        return disk.Stat(destination) is { Kind: DiskEntryKind.File, Length: 0 }
            || SqliteSource.IsDatabase(destination, disk);
    }

    /// <summary>
    /// What stays beside a database while it is open: not a journal that is empty (journal_mode=truncate) or whose header
    /// was zeroed (persist). A transaction in such a one is known by its lock, but on macOS.
    /// </summary>
    private static bool IsMark(string path, IDisk disk)
    {
        if (disk.Stat(path) is not { Length: > 0 } entry)
        {
            return false;
        }
        if (entry.Kind != DiskEntryKind.File || !path.EndsWith("-journal", StringComparison.Ordinal))
        {
            return true;
        }
        using var file = disk.OpenRead(path);
        return OperatingSystem.IsMacOS()
            || SqliteJournal.ReadHot(SqliteFile.Start(file, SqliteJournal.Length)) is not null;
    }

    /// <summary>Restores into staging.</summary>
    public RestoreResult Run()
    {
        var reader = Rebuild(request.Plan, staging, Staged, context);
        var destination = request.DestinationPath;
        var tables = request.Deep ? Drill() : null;
        var steps = Companions
            .Select(c => destination + c)
            .Where(p => context.Disk.Stat(p) is not null)
            .Select(PublishStep.Remove)
            .ToList();
        steps.Add(PublishStep.Put(Staged, destination, context.Disk));
        return new RestoreResult
        {
            Steps = steps,
            End = request.Plan.Last.End,
            Files = [destination],
            Length = (long)reader.Pages * reader.PageSize,
            Tables = tables,
        };
    }

    private List<TableRows> Drill()
    {
        var last = request.Plan.Last;
        var restored = SqliteDrill.Run(staging.PathOf(Staged), last.FullName, context);
        var source = SqliteSourceRows.Count(last, request, context);
        return
        [
            .. restored.Select(t => new TableRows(t.Key, t.Value, source.TryGetValue(t.Key, out var now) ? now : null)),
        ];
    }

    /// <summary>Writes the state that a plan leads to under a staged name; what is written is read back.</summary>
    /// <exception cref="BackupException">A bundle is damaged or does not fit; the state is not the one backed up.</exception>
    public static SqliteChainReader Rebuild(
        RestorePlan plan,
        StagingArea staging,
        string stagedName,
        EngineContext context
    )
    {
        foreach (var problem in SqliteJoins.Check(plan.Bundles))
        {
            if (problem.Severity == ProblemSeverity.Error)
            {
                throw problem.ToException();
            }
            context.Warn(problem.ToString());
        }
        context.Progress.Activity = "restoring";
        context.Progress.Expect(plan.BundleBytes);
        var macs = StateDigest.Begin(plan.Bundles, context.Disk);
        SqliteChainReader reader;
        using (var file = staging.CreateFile(stagedName, readsBack: true))
        using (var state = new StateFile(file, macs, plan.Bundles.Any(b => SqliteBundle.Of(b) is not LtxBundle)))
        {
            reader = new SqliteChainReader(context, state, tracksState: true);
            foreach (var bundle in plan.Bundles)
            {
                reader.Read(bundle);
                RequireReach(bundle, reader, plan, context);
            }
        }
        StateDigest.Require(macs, plan.Last);
        Look(reader, staging.PathOf(stagedName), context);
        return reader;
    }

    /// <summary>A snapshot of Litestream 0.3 may be newer than what is to be made of it.</summary>
    private static void RequireReach(
        BundleHeader read,
        SqliteChainReader reader,
        RestorePlan plan,
        EngineContext context
    )
    {
        if (
            SqliteBundle.Of(read) is not SnapshotBundle
            || SnapshotReach.Find(read, reader.Sums!, plan.Last.End, context) is not { } newer
        )
        {
            return;
        }
        if (newer.Severity == ProblemSeverity.Error)
        {
            throw newer.ToException();
        }
        if (plan.Bundles.Count == 1)
        {
            context.Warn(newer.ToString());
        }
    }

    /// <summary>Looks at the file that was written: its length, and the header.</summary>
    private static void Look(SqliteChainReader written, string path, EngineContext context)
    {
        using var file = context.Disk.OpenRead(path);
        if (file.Length != (long)written.Pages * written.PageSize)
        {
            throw new BackupException(
                ErrorCode.VerificationFailed,
                "what was written has a different length",
                path,
                expected: $"{(long)written.Pages * written.PageSize} bytes",
                actual: $"{file.Length} bytes"
            );
        }
        if (
            written.Pages > 0
            && SqliteHeader.Parse(SqliteFile.Start(file, SqliteHeader.Length)) is { PageCount: { } named }
            && named != written.Pages
        )
        {
            context.Warn($"the database header names {named} pages, the backup {written.Pages}");
        }
    }
}
