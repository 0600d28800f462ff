using BackupTools.Chains;
using BackupTools.Errors;

namespace BackupTools.Engines.Sqlite;

/// <summary>What can be said about neighbours from their headers and side files alone, before a byte is written.</summary>
internal static class SqliteJoins
{
    /// <summary>Findings about the bundles of one way through a chain, full first.</summary>
    public static IEnumerable<ChainProblem> Check(IReadOnlyList<BundleHeader> path)
    {
        for (var i = 1; i < path.Count; i++)
        {
            var problem = Follows(SqliteBundle.Of(path[i - 1]), SqliteBundle.Of(path[i]))
                ? SqliteBundle.Of(path[i]) is LtxBundle next && SqliteBundle.Of(path[i - 1]) is LtxBundle last
                    ? Between(path[i - 1], last, path[i], next)
                    : null
                : ChainProblem.Error(
                    ErrorCode.ChainGap,
                    $"something is missing between {path[i - 1].Name} and {path[i].Name}",
                    path[i].FullName
                );
            if (problem is not null)
            {
                yield return problem;
            }
        }
        if (SqliteBundle.Of(path[0]) is SnapshotBundle && path.Count > 1)
        {
            yield return EndsUnknown(path);
        }
        var bare = path.Where(b => SqliteBundle.Of(b) is LtxBundle { After: null }).ToList();
        if (bare.Count > 0)
        {
            yield return ChainProblem.Warning(
                ErrorCode.TargetNotCovered,
                $"{bare.Count} of {path.Count} bundles do not say which state they lead to: they are joined by their transaction "
                    + "numbers, and a page that their writer left out would go unnoticed",
                bare[0].FullName,
                advice: "Open a restored copy and run PRAGMA integrity_check."
            );
        }
    }

    /// <summary>
    /// What is missing at the end of a WAL file leaves a trace only where the next one begins with a longer database, and
    /// a snapshot that is ahead of its WAL file only where the pieces are there.
    /// </summary>
    private static ChainProblem EndsUnknown(IReadOnlyList<BundleHeader> path)
    {
        var files = path.Select(b => SqliteBundle.Of(b)).OfType<WalBundle>().Select(w => w.Index).Distinct().Count();
        return ChainProblem.Warning(
            ErrorCode.TargetNotCovered,
            $"Litestream 0.3 does not record the length of a WAL file: a missing last piece of the {files} that are needed may go unnoticed",
            path[^1].FullName,
            advice: "Restore drills show most of what would be missing. Only a restore to a snapshot leaves no doubt."
        );
    }

    /// <summary>A last look at what the chain was built from: nothing lies between two neighbours.</summary>
    private static bool Follows(object? last, object? next) =>
        (last, next) switch
        {
            (LtxBundle l, LtxBundle n) => n.Header.MinTxid <= l.Header.MaxTxid + 1,
            (SnapshotBundle s, WalBundle n) => n.Generation == s.Generation && n.Index == s.Index && n.Offset == 0,
            (WalBundle l, WalBundle n) => n.Generation == l.Generation
                && (n.Offset == 0 ? n.Index == l.Index + 1 : n.Index == l.Index && n.Offset == l.Offset + l.Length),
            _ => false,
        };

    private static ChainProblem? Between(BundleHeader before, LtxBundle last, BundleHeader bundle, LtxBundle next)
    {
        if (last.Header.PageSize != next.Header.PageSize)
        {
            return ChainProblem.Error(
                ErrorCode.Malformed,
                $"{bundle.Name} has pages of {next.Header.PageSize} bytes, {before.Name} of {last.Header.PageSize}",
                bundle.FullName,
                8
            );
        }
        // Where an increment reaches back over its parent, the state before it is not that of the parent.
        return
            next.Header.MinTxid == last.Header.MaxTxid + 1
            && next.Before is { } wanted
            && last.After is { } actual
            && wanted != actual
            ? ChainProblem.Error(
                ErrorCode.ForeignEpoch,
                $"{bundle.Name} builds on another state of transaction {last.Header.MaxTxid} than {before.Name} yields",
                bundle.FullName,
                advice: "Restore to an earlier position, and take a new full backup."
            )
            : null;
    }
}
