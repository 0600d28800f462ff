using BackupTools.Chains;

namespace BackupTools.Engines.Grafeo;

/// <summary>Checks bundles alone and against the one before.</summary>
internal static class GrafeoVerify
{
    /// <summary>All findings; every bundle is read, as each must follow the epochs of the one before.</summary>
    public static IReadOnlyList<ChainProblem> Run(
        IReadOnlyList<BundleHeader> path,
        VerifyDepth depth,
        EngineContext context
    )
    {
        var check = new GrafeoChainCheck(context, checkFrames: depth == VerifyDepth.Deep);
        foreach (var bundle in path)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            using var shown = context.Progress.BeginFile(bundle.FullName, bundle.Length);
            if (bundle.Kind == BundleKind.Full)
            {
                check.AddImage(bundle);
            }
            else
            {
                check.AddIncrement(bundle);
            }
        }
        return check.Problems;
    }
}
