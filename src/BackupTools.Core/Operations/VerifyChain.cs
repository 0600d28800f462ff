using BackupTools.Chains;
using BackupTools.Engines;
using BackupTools.Errors;
using BackupTools.Reports;

namespace BackupTools.Operations;

/// <summary>Tests whether chains can be restored, and reports every finding.</summary>
public static class VerifyChain
{
    /// <summary>One report per chain of the folder, or of the one chain that was named or that a target needs.</summary>
    /// <exception cref="BackupException">
    /// PathNotFound, NoBundles, ChainNotFound, UnknownEngine, InvalidOption, IdentityRequired, IdentityMismatch. After the last
    /// report: the error of a bundle that cannot be read, where nothing else of its engine is in the folder.
    /// </exception>
    public static IEnumerable<ChainReport> Run(VerifySettings settings, OperationHost host)
    {
        RefuseSource(settings, host);
        settings = settings with { Path = host.Opens(settings.Path) };
        var engines = host.Engines.Candidates(settings.Engine);
        var folder =
            DepthOf(settings) == VerifyDepth.Deep
                ? BundleFolder.Read(settings.Path, engines, host.Context, settings.Bundles)
                : BundleFolder.ReadPublic(settings.Path, engines, host, settings.Bundles);
        var chains =
            settings.ChainId is not null || settings.Target != RestoreTarget.Latest || folder.Chains.Count == 0
                ? [folder.Choose(settings.Path, settings.ChainId, settings.Target, host.Engines)]
                : folder.Chains;
        var work = chains.Select(c => PlanOf(c, folder, settings, host)).ToList();
        if (folder.Records is null)
        {
            // They are not needed here, but by whoever has no key.
            work[^1]
                .Problems.AddRange(VerifySealed.BadRecords(settings.Path, work.SelectMany(w => w.Chain.Bundles), host));
        }
        host.Progress.Expect(work.Sum(w => BytesOf(w, settings)));
        var all = settings.ChainId is null && settings.Target == RestoreTarget.Latest;
        var shown = folder.Chains.SelectMany(c => c.Problems).Select(p => p.FullName).ToHashSet(StringComparer.Ordinal);
        return RunAll(
            work,
            all ? folder.Unreadable.Select(u => u.Error!).FirstOrDefault(e => !shown.Contains(e.FullName)) : null,
            settings,
            host
        );
    }

    /// <summary>A named source is to be compared, which only a drill does.</summary>
    private static void RefuseSource(VerifySettings settings, OperationHost host)
    {
        if (settings.SourcePath is not { } source)
        {
            return;
        }
        if (!settings.RestoreDrill)
        {
            throw new BackupException(
                ErrorCode.InvalidOption,
                "only a restore drill counts the rows of the source",
                source,
                recommendation: $"Give {Spelling.Of(nameof(settings.RestoreDrill))} too, or leave the source out."
            );
        }
        if (host.Disk.Stat(source) is null)
        {
            throw new BackupException(ErrorCode.PathNotFound, "the path does not exist", source);
        }
    }

    /// <summary>Each chain; in the end what is wrong with none of them, of an engine of which nothing can be read.</summary>
    private static IEnumerable<ChainReport> RunAll(
        IReadOnlyList<Work> work,
        BackupException? unshown,
        VerifySettings settings,
        OperationHost host
    )
    {
        // The total of drills is unknown until the last has begun.
        using var drills = settings.RestoreDrill ? host.Progress.MoreToCome() : null;
        foreach (var chain in work)
        {
            yield return Test(chain, settings, host);
        }
        if (unshown is not null)
        {
            throw unshown;
        }
    }

    private static Work PlanOf(BackupChain chain, BundleFolder folder, VerifySettings settings, OperationHost host)
    {
        var engine = host.Engines.ByName(chain.Engine);
        var ofDatabase = folder.OfDatabase(chain);
        var named = NamedChain.Of(chain, folder, settings, host);
        var problems = named.Warnings.ToList();
        var aside = problems.Select(p => p.FullName).ToHashSet(StringComparer.Ordinal);
        chain = named.Chain with { Problems = [.. named.Chain.Problems.Where(p => !aside.Contains(p.FullName))] };
        var plan = TryPlan(() => RestoreChain.PlanOf(chain, settings.Target, engine, ofDatabase, host), problems);
        try
        {
            settings.RequireEnd(chain);
        }
        catch (BackupException error)
        {
            problems.Add(ChainProblem.From(error));
        }
        return new Work(chain, engine, plan, problems, [.. PathsToCheck(chain, plan, settings.Target)], folder.Records);
    }

    private static long BytesOf(Work work, VerifySettings settings)
    {
        if (work.Records is not null)
        {
            return work.Paths.SelectMany(p => p).Distinct().Sum(b => b.Length);
        }
        var read = new HashSet<BundleHeader>();
        var bytes = 0L;
        foreach (var path in work.Paths)
        {
            bytes += work.Engine.BytesToVerify(path, KnownOf(path, read, DepthOf(settings)), DepthOf(settings));
            read.UnionWith(path);
        }
        return bytes;
    }

    private static VerifyDepth DepthOf(VerifySettings settings) =>
        settings.Deep || settings.RestoreDrill ? VerifyDepth.Deep : VerifyDepth.Checksums;

    /// <summary>
    /// The state of a tip depends on the pages of all bundles before it, which only a deep check reads.
    /// </summary>
    private static int KnownOf(IReadOnlyList<BundleHeader> path, HashSet<BundleHeader> read, VerifyDepth depth) =>
        depth == VerifyDepth.Deep ? 0 : path.TakeWhile(read.Contains).Count();

    /// <summary>A chain that is to be tested, and what planning found.</summary>
    private sealed record Work(
        BackupChain Chain,
        IBackupEngine Engine,
        RestorePlan? Plan,
        List<ChainProblem> Problems,
        IReadOnlyList<IReadOnlyList<BundleHeader>> Paths,
        BundleRecords? Records
    );

    private static ChainReport Test(Work work, VerifySettings settings, OperationHost host)
    {
        var started = host.Clock.GetTimestamp();
        var testedUtc = host.Clock.GetUtcNow().UtcDateTime;
        var context = host.Context;
        var (chain, engine, plan, problems, paths, records) = work;
        var depth = DepthOf(settings);
        var read = new HashSet<BundleHeader>();
        foreach (var path in paths)
        {
            host.Cancellation.ThrowIfCancellationRequested();
            problems.AddRange(path.Except(read).SelectMany(b => Signatures.ProblemsOf(b, host)).ToList());
            problems.AddRange(
                records is null
                    ? engine.Verify(path, KnownOf(path, read, depth), depth, context)
                    : VerifySealed.Run(path.Except(read), records, host)
            );
            read.UnionWith(path);
        }
        // Only what concerns the target may invalidate it: a gap after it does not matter.
        problems.AddRange(
            settings.Target == RestoreTarget.Latest || plan is null
                ? chain.Problems
                : chain.Problems.Where(p => plan.Bundles.Any(b => b.FullName == p.FullName))
        );
        var drill = settings.RestoreDrill && plan is not null ? Drill(settings, chain, host, problems) : null;
        return new ChainReport
        {
            Engine = chain.Engine,
            Database = DatabaseName.Of(chain.Bundles[0]),
            ChainId = chain.ChainId,
            IsValid =
                problems.Exists(p => p.Severity == ProblemSeverity.Error) ? false
                : records is null ? true
                : null,
            Target = settings.TargetText,
            Checked =
                settings.RestoreDrill ? "Drill"
                : records is null ? depth.ToString()
                : VerifySealed.Depth,
            TestedUtc = testedUtc,
            Plan = plan?.Bundles.Select(b => b.FullName).ToArray() ?? [],
            StartPosition = (chain.Full ?? chain.Bundles[0]).Start.Value,
            EndPosition = (plan?.End ?? chain.Head?.End ?? chain.Bundles[^1].End).Value,
            PositionUnit = chain.Bundles[0].End.Unit.ToString(),
            StateUtc = plan?.Last.CreatedUtc.UtcDateTime,
            Length = read.Sum(b => b.Length),
            FullName = chain.Folder,
            Problems = problems.ToInfos(),
            DrillLength = drill?.Length,
            DrillSeconds = drill?.DurationSeconds,
            DrillTables = drill?.Tables,
            DurationSeconds = host.SecondsSince(started),
        };
    }

    private static RestorePlan? TryPlan(Func<RestorePlan> make, List<ChainProblem> problems)
    {
        try
        {
            var plan = make();
            problems.AddRange(plan.Warnings);
            return plan;
        }
        catch (BackupException error)
        {
            problems.Add(ChainProblem.From(error));
            return null;
        }
    }

    /// <summary>
    /// The path to the target; for the newest state every path of the chain (differentials have several) and every
    /// bundle that no path reaches, so that nothing in the folder stays unread.
    /// </summary>
    private static IEnumerable<IReadOnlyList<BundleHeader>> PathsToCheck(
        BackupChain chain,
        RestorePlan? plan,
        RestoreTarget target
    )
    {
        if (plan is not null && target != RestoreTarget.Latest)
        {
            return [plan.Bundles];
        }
        var parents = chain.Parents.ToHashSet();
        var reachable = chain.Reachable();
        return Enumerable
            .Range(0, chain.Bundles.Count)
            .Where(i => !reachable[i] || !parents.Contains(i))
            .Select(i => reachable[i] ? chain.PathTo(i)! : [chain.Bundles[i]]);
    }

    private static RestoreReport? Drill(
        VerifySettings settings,
        BackupChain chain,
        OperationHost host,
        List<ChainProblem> problems
    )
    {
        var folder = Path.Combine(settings.DrillFolder ?? Path.GetTempPath(), $"backuptools-drill-{Guid.NewGuid():N}");
        try
        {
            var preview = RestoreChain.Plan(
                new RestoreSettings
                {
                    Path = settings.Path,
                    ChainId = chain.ChainId,
                    Engine = chain.Engine,
                    ToPosition = settings.ToPosition,
                    PointInTime = settings.PointInTime,
                    DestinationPath = Path.Combine(folder, "drill.db"),
                    SourcePath = settings.SourcePath,
                    Deep = true,
                },
                host
            );
            return RestoreChain.Execute(preview, host);
        }
        catch (BackupException error)
        {
            problems.Add(ChainProblem.From(error));
            return null;
        }
        finally
        {
            host.Disk.DeleteDirectory(folder);
        }
    }
}
