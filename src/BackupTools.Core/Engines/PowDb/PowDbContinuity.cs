using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Formats.PowDb;

namespace BackupTools.Engines.PowDb;

/// <summary>Does one bundle follow another?</summary>
internal static class PowDbContinuity
{
    /// <summary>What forbids applying <paramref name="next"/> on <paramref name="before"/>; null when nothing does.</summary>
    public static ChainProblem? Check(PowDbBundle before, PowDbBundle next)
    {
        var expected = before.Manifest.SourceLsn;
        var built = next.Manifest.BaseSourceLsn;
        if (expected != built)
        {
            return ChainProblem.Error(
                built > expected ? ErrorCode.ChainGap : ErrorCode.ChainOverlap,
                $"increment chain broken: expected base lsn {expected}, increment built on {built}",
                next.ManifestPath
            );
        }
        // LSNs need not move between two states, so equal ones prove little: our increments name their parent.
        if (next.Side?.ParentId is { } parent && !string.Equals(parent, before.Id, StringComparison.Ordinal))
        {
            return ChainProblem.Error(
                ErrorCode.ForeignEpoch,
                $"{next.Name} builds on another backup ({parent[..12]}), not on {before.Name}",
                next.ManifestPath
            );
        }
        return
            before.Manifest.CatalogVersion is { } old
            && (next.Manifest.CatalogVersion ?? PowDbCatalog.DefaultVersion) < old
            ? ChainProblem.Error(
                ErrorCode.ForeignEpoch,
                $"the catalog version goes down from {old} in {next.Name}",
                next.ManifestPath
            )
            : null;
    }

    /// <summary>Opens the bundles of a way and requires that each follows the one before.</summary>
    /// <exception cref="BackupException">A bundle cannot be read or does not follow.</exception>
    public static IReadOnlyList<PowDbBundle> Open(IReadOnlyList<BundleHeader> path, EngineContext context)
    {
        var bundles = new List<PowDbBundle>(path.Count);
        foreach (var header in path)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            var bundle = PowDbBundle.Open(header, context);
            if (bundles.Count > 0 && Check(bundles[^1], bundle) is { } problem)
            {
                throw problem.ToException();
            }
            bundles.Add(bundle);
        }
        return bundles;
    }
}
