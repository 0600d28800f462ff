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
        PageMacs? macs = null;
        if (deep && !isGeneration)
        {
            problems.AddRange(FindingsOf(() => macs = StateDigest.Begin(path, context.Disk)));
        }
        using var mac = macs?.NewMac();
        var reader = new SqliteChainReader(context, null, deep) { Macs = macs, Mac = mac };
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
            catch (BackupException e) when (IsFinding(e))
            {
                problems.Add(ChainProblem.From(e));
                // Without this bundle no later state is known: the others are checked alone.
                reader = new SqliteChainReader(context, null, tracksState: false);
            }
            problems.AddRange(LookAtMacs(bundle, context));
        }
        if (reader.Macs is not null)
        {
            problems.AddRange(FindingsOf(() => StateDigest.Require(macs, path[^1])));
        }
        return problems;
    }

    /// <summary>Fingerprints serve the next increment; what is restored does not need them.</summary>
    private static IEnumerable<ChainProblem> LookAtMacs(BundleHeader bundle, EngineContext context) =>
        SqliteBundle.Of(bundle) is LtxBundle { Side: { } side }
            ? FindingsOf(() => _ = SideFiles.PageMacs(bundle.FullName, side, context.Disk))
                .Select(damage =>
                    ChainProblem.Warning(
                        damage.Code,
                        $"{damage.Message}; the bundle can be restored, but no increment be made on it",
                        damage.FullName ?? bundle.FullName,
                        advice: "Take a new full backup."
                    )
                )
            : [];

    private static ChainProblem[] FindingsOf(Action look)
    {
        try
        {
            look();
            return [];
        }
        catch (BackupException e) when (IsFinding(e))
        {
            return [ChainProblem.From(e)];
        }
    }

    private static bool IsFinding(BackupException e) => e.Kind is ErrorKind.Damaged or ErrorKind.Unsupported;
}
