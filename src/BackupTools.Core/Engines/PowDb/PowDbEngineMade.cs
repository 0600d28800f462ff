using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Formats.PowDb;

namespace BackupTools.Engines.PowDb;

/// <summary>What an increment made by the engine itself may have missed, and what it shows of that (PowDB format, §9).</summary>
internal static class PowDbEngineMade
{
    /// <summary>The warnings for an increment without our side file, applied on the state before it.</summary>
    public static IEnumerable<ChainProblem> Warnings(PowDbBundle bundle, PowDbState before)
    {
        yield return Warning(
            $"{bundle.Name} was made by the engine: it holds only pages whose LSN moved, so it may miss rows changed by "
                + "update or delete, rows whose LSNs were used before, and new tables without rows",
            bundle
        );
        var manifest = bundle.Manifest;
        if (manifest.SourceLsn < manifest.BaseSourceLsn)
        {
            yield return Warning(
                $"in {bundle.Name} the LSN goes down from {manifest.BaseSourceLsn} to {manifest.SourceLsn}: LSNs were "
                    + "reused, and pages written since then are missing from it",
                bundle
            );
        }
        var changed = manifest.Entries.Select(e => e.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var index in manifest.Entries.OfType<PowDbWhole>().Where(e => PowDbNames.IsIndex(e.Name)))
        {
            // The engine stores an index again that has not changed, so what it was before tells.
            if (
                before.Parts.TryGetValue(index.Name, out var old)
                && old.Whole is { } whole
                && old.Layers.Count == 0
                && whole.Blake3 != index.Blake3
                && HeapOf(index.Name, before) is { } heap
                && !changed.Contains(heap)
            )
            {
                yield return Warning(
                    $"{bundle.Name} holds a changed {index.Name} but no page of {heap}: rows that were changed are missing "
                        + "from it",
                    bundle
                );
            }
        }
    }

    /// <summary>The heap of an index, by the longest table name that fits.</summary>
    private static string? HeapOf(string index, PowDbState state) =>
        state
            .Parts.Values.Where(p =>
                p.IsHeap
                && index.StartsWith(
                    string.Concat(Path.GetFileNameWithoutExtension(p.Name), "_"),
                    StringComparison.Ordinal
                )
            )
            .MaxBy(p => p.Name.Length)
            ?.Name;

    private static ChainProblem Warning(string message, PowDbBundle bundle) =>
        ChainProblem.Warning(
            ErrorCode.VerificationFailed,
            message,
            bundle.ManifestPath,
            advice: "Take a new full backup, and increments with BackupTools, which compare every page."
        );
}
