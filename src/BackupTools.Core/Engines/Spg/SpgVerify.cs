using BackupTools.Chains;

namespace BackupTools.Engines.Spg;

/// <summary>Checks bundles alone and against the one before.</summary>
internal static class SpgVerify
{
    /// <summary>All findings; every bundle is read, as each must follow the bytes of the one before.</summary>
    public static List<ChainProblem> Run(IReadOnlyList<BundleHeader> path, VerifyDepth depth, EngineContext context)
    {
        var problems = new List<ChainProblem>();
        context.Progress.Activity = "verifying";
        new SpgChainReader(context, depth == VerifyDepth.Deep, problems.Add).Read(path);
        return problems;
    }
}
