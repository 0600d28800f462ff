using System.Text;
using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Reports;

namespace BackupTools.Operations;

/// <summary>Reads how the databases of some folders stand, and writes it as one page.</summary>
public static class ExportReport
{
    private const string Staged = "page";

    /// <summary>
    /// Reads the headers of all bundles; writes nothing. A folder that cannot be read is a finding of the report: it is
    /// what the report is for.
    /// </summary>
    /// <exception cref="BackupException">UnknownEngine, InvalidOption, and what is at the destination and is no page.</exception>
    public static BackupReport Plan(ReportSettings settings, OperationHost host)
    {
        if (settings.RecoveryPointObjective < TimeSpan.Zero)
        {
            throw new BackupException(ErrorCode.InvalidOption, "the recovery point objective is negative");
        }
        RefuseForeign(settings.DestinationPath, host.Disk);
        var now = host.Clock.GetUtcNow();
        var engines = host.Engines.Candidates(settings.Engine);
        var databases = new List<DatabaseStatus>();
        var problems = new List<ChainProblem>();
        foreach (var folder in settings.Folders.Distinct(StringComparer.Ordinal))
        {
            try
            {
                var found = BundleFolder
                    .Walk(folder, settings.Recurse, host.Disk)
                    .Select(inner => BundleFolder.Read(inner, engines, host.Context))
                    .ToList();
                var chains = found
                    .SelectMany(f => f.Chains)
                    // With recursion a bundle that is a folder is met again by itself; it was listed with its chain.
                    .Where(c => c.Folder == folder || !c.Bundles.All(b => b.FullName == c.Folder))
                    .ToList();
                databases.AddRange(Databases(chains, settings, now));
                if (chains.Count == 0)
                {
                    var errors = found.SelectMany(f => f.Unreadable).Select(u => ChainProblem.From(u.Error!)).ToList();
                    problems.AddRange(errors.Count > 0 ? errors : [ChainProblem.From(BundleFolder.NoBundles(folder))]);
                }
            }
            catch (BackupException error)
            {
                problems.Add(ChainProblem.From(error));
            }
        }
        return new BackupReport
        {
            Title = settings.Title ?? "Backups",
            CreatedUtc = now.UtcDateTime,
            RecoveryPointObjectiveSeconds = settings.RecoveryPointObjective?.TotalSeconds,
            Databases = databases
                .OrderBy(d => d.IsValid)
                .ThenByDescending(d => d.IsLate)
                .ThenBy(d => d.FullName, StringComparer.Ordinal)
                .ThenBy(d => d.Series, StringComparer.Ordinal)
                .ToArray(),
            Notes = settings.Notes,
            Problems = problems.ToInfos(),
            FullName = settings.DestinationPath,
        };
    }

    /// <summary>Writes the page: it appears complete and flushed, or the old one stays.</summary>
    /// <exception cref="BackupException">BackupRunning, AccessDenied, DiskFull, WriteFailed.</exception>
    public static BackupReport Execute(ReportSettings settings, OperationHost host)
    {
        Plan(settings, host);
        var path = settings.DestinationPath;
        var folder = Path.GetDirectoryName(path)!;
        using var destination = DestinationScope.Open(host, folder, $".{Path.GetFileName(path)}.backuptools.lock");
        var report = Plan(settings, host);
        using var staging = StagingArea.Create(host.Disk, folder, host.Clock);
        using (var file = staging.CreateFile(Staged))
        {
            file.Write(Encoding.UTF8.GetBytes(ReportPage.Render(report)), 0);
        }
        var isThere = host.Disk.Stat(path) is not null;
        if (isThere)
        {
            host.Disk.AdoptAccess(staging.PathOf(Staged), path);
        }
        staging.Publish(
            [isThere ? PublishStep.Replace(Staged, path) : PublishStep.Place(Staged, path)],
            host.Cancellation
        );
        return report;
    }

    private static IEnumerable<DatabaseStatus> Databases(
        IReadOnlyList<BackupChain> chains,
        ReportSettings settings,
        DateTimeOffset now
    )
    {
        foreach (var database in chains.GroupBy(c => (c.Engine, c.Series, c.Folder)))
        {
            var status = database.Select(c => ChainStatusOf(c, settings.Tests)).Reverse().ToArray();
            var restorable = status.SelectMany(c => c.Bundles).Where(b => b.State == BundleStatus.Sound).ToList();
            DateTime? newest = restorable.Count > 0 ? restorable.Max(b => b.CreatedUtc) : null;
            var age = now.UtcDateTime - newest;
            yield return new DatabaseStatus
            {
                Engine = database.Key.Engine,
                Series = database.Key.Series,
                FullName = database.Key.Folder,
                IsValid = status.All(c => c.IsValid),
                IsLate = settings.RecoveryPointObjective is { } rpo ? age is null || age > rpo : null,
                RestorableUtc = newest,
                AgeSeconds = age is { } a ? Math.Max(0, Math.Round(a.TotalSeconds)) : null,
                LastDrill = database
                    .SelectMany(c => TestsOf(c, settings.Tests))
                    .Where(t => t.Checked == "Drill")
                    .MaxBy(t => t.TestedUtc),
                Length = status.Sum(c => c.Length),
                Chains = status,
            };
        }
    }

    private static ChainStatus ChainStatusOf(BackupChain chain, IReadOnlyList<ChainReport> tests)
    {
        var test = TestsOf(chain, tests).MaxBy(t => t.TestedUtc);
        var headers = chain.Problems.ToInfos();
        var problems = headers
            .Concat((test?.Problems ?? []).Where(p => !headers.Any(h => h.Code == p.Code && h.FullName == p.FullName)))
            .OrderBy(p => p.Severity != nameof(ProblemSeverity.Error))
            .ToArray();
        var errors = problems.Where(p => p.Severity == nameof(ProblemSeverity.Error)).ToList();
        var reachable = chain.Reachable();
        var states = new string[chain.Bundles.Count];
        for (var i = 0; i < states.Length; i++)
        {
            states[i] =
                !reachable[i] ? BundleStatus.AfterGap
                : errors.Exists(p => Concerns(p, chain.Bundles[i])) ? BundleStatus.Damaged
                : chain.Parents[i] >= 0 && states[chain.Parents[i]] != BundleStatus.Sound ? BundleStatus.Blocked
                : BundleStatus.Sound;
        }
        return new ChainStatus
        {
            ChainId = chain.ChainId,
            IsValid = errors.Count == 0,
            LastTest = test,
            Problems = problems,
            Bundles = chain
                .Bundles.Select(
                    (b, i) =>
                        new BundleStatus
                        {
                            Kind = b.Kind.ToString(),
                            State = states[i],
                            CreatedUtc = b.CreatedUtc.UtcDateTime,
                            Length = b.Length,
                            Name = b.Name,
                            EndPosition = b.End.Value,
                        }
                )
                .ToArray(),
        };
    }

    private static IEnumerable<ChainReport> TestsOf(BackupChain chain, IReadOnlyList<ChainReport> tests) =>
        tests.Where(t => t.ChainId == chain.ChainId && t.FullName == chain.Folder);

    private static bool Concerns(ProblemInfo problem, BundleHeader bundle) =>
        problem.FullName is { } path
        && (path == bundle.FullName || path.StartsWith(bundle.FullName + Path.DirectorySeparatorChar, Ordinal));

    private const StringComparison Ordinal = StringComparison.Ordinal;

    /// <summary>Only a page of ours is written over: a slip of the pen must not cost a database.</summary>
    private static void RefuseForeign(string path, IDisk disk)
    {
        if (disk.Stat(path) is not { } entry)
        {
            return;
        }
        if (entry.Kind == DiskEntryKind.File)
        {
            using var file = disk.OpenRead(path);
            var head = new byte[ReportPage.Mark.Length];
            if (file.Read(head, 0) == head.Length && Encoding.ASCII.GetString(head) == ReportPage.Mark)
            {
                return;
            }
        }
        throw new BackupException(ErrorCode.DestinationNotRecognised, "what is there is no report of ours", path);
    }
}
