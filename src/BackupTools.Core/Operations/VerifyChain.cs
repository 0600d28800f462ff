using BackupTools.Chains;
using BackupTools.Engines;
using BackupTools.Errors;
using BackupTools.Reports;

namespace BackupTools.Operations;

/// <summary>Says whether chains can be restored, and everything that was noticed on the way.</summary>
public static class VerifyChain
{
    /// <summary>One report per chain of the folder, or of the one chain that was named or that a target needs.</summary>
    /// <exception cref="BackupException">PathNotFound, NoBundles, ChainNotFound, UnknownEngine.</exception>
    public static IEnumerable<ChainReport> Run(VerifySettings settings, OperationHost host)
    {
        var folder = BundleFolder.Read(
            settings.Path,
            host.Engines.Candidates(settings.Engine),
            host.Context,
            settings.Bundles
        );
        var chains =
            settings.ChainId is not null || settings.Target != RestoreTarget.Latest || folder.Chains.Count == 0
                ? [folder.Choose(settings.Path, settings.ChainId, settings.Target)]
                : folder.Chains;
        return chains.Select(chain => Test(chain, settings, host));
    }

    private static ChainReport Test(BackupChain chain, VerifySettings settings, OperationHost host)
    {
        var started = host.Clock.GetTimestamp();
        var testedUtc = host.Clock.GetUtcNow().UtcDateTime;
        var context = host.Context;
        var engine = host.Engines.ByName(chain.Engine);
        var depth = settings.Deep || settings.RestoreDrill ? VerifyDepth.Deep : VerifyDepth.Checksums;
        var problems = new List<ChainProblem>();
        var plan = TryPlan(chain, engine, settings, problems);
        var read = new HashSet<BundleHeader>();
        foreach (var path in PathsToCheck(chain, plan, settings.Target))
        {
            host.Cancellation.ThrowIfCancellationRequested();
            // The state of a tip rests on the pages of all before it, which only a deep check reads: it reads them again.
            var known = depth == VerifyDepth.Deep ? 0 : path.TakeWhile(read.Contains).Count();
            problems.AddRange(engine.Verify(path, known, depth, context));
            read.UnionWith(path);
        }
        // Only what concerns the target may spoil it: a gap behind it does not matter to it.
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
            IsValid = !problems.Exists(p => p.Severity == ProblemSeverity.Error),
            Target = settings.TargetText,
            Checked = settings.RestoreDrill ? "Drill" : depth.ToString(),
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
            DurationSeconds = host.SecondsSince(started),
        };
    }

    private static RestorePlan? TryPlan(
        BackupChain chain,
        IBackupEngine engine,
        VerifySettings settings,
        List<ChainProblem> problems
    )
    {
        try
        {
            var plan = RestorePlanner.Plan(
                chain,
                settings.Target,
                engine.Capabilities.CutsInsideBundle,
                engine.Capabilities.CutsByTime
            );
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
    /// The way to the target; for the newest state every way of the chain (differentials have several) and every
    /// bundle that no way reaches, so that nothing in the folder goes unread.
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
