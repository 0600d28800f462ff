using BackupTools.Chains;
using BackupTools.Errors;

namespace BackupTools.Engines.Sqlite;

/// <summary>Checks bundles alone and against their neighbours.</summary>
internal static class SqliteVerify
{
    /// <summary>Reads what is not known yet; a deep check follows the state from the full on.</summary>
    public static List<ChainProblem> Run(
        IReadOnlyList<BundleHeader> path,
        int known,
        VerifyDepth depth,
        EngineContext context
    )
    {
        var problems = SqliteJoins.Check(path).ToList();
        // A WAL file's checksums continue across its pieces: earlier ones must be read to check later ones.
        var isGeneration = SqliteBundle.Of(path[0]) is SnapshotBundle;
        var deep = isGeneration || (depth == VerifyDepth.Deep && path[0].Kind == BundleKind.Full);
        var first = deep ? 0 : known;
        context.Progress.Activity = "verifying";
        var reader = new SqliteChainReader(context, null, deep);
        foreach (var bundle in path.Skip(first))
        {
            try
            {
                reader.Read(bundle);
                if (
                    SqliteBundle.Of(bundle) is SnapshotBundle
                    && SnapshotReach.Find(bundle, reader.Sums!, path[^1].End, context) is { } newer
                )
                {
                    problems.Add(newer);
                }
            }
            catch (BackupException e) when (e.Kind is ErrorKind.Damaged or ErrorKind.Unsupported)
            {
                problems.Add(ChainProblem.From(e));
                // Without this bundle no later state is known: the others are checked alone.
                reader = new SqliteChainReader(context, null, tracksState: false);
            }
        }
        return problems;
    }
}
