using BackupTools.Chains;

namespace BackupTools.Operations;

/// <summary>What a copy would do, found out without writing anything.</summary>
public sealed class CopyPlan : IPlan
{
    internal CopyPlan(
        CopySettings settings,
        IReadOnlyList<BackupChain> chains,
        IReadOnlyList<(BackupChain Chain, BundleHeader Bundle)> missing,
        int presentCount
    ) => (Settings, Chains, Missing, PresentCount) = (settings, chains, missing, presentCount);

    internal CopySettings Settings { get; }

    /// <summary>The chains of the source.</summary>
    internal IReadOnlyList<BackupChain> Chains { get; }

    /// <summary>The destination if the copy is encrypted; otherwise null.</summary>
    internal EncryptedCopies? Encrypted { get; init; }

    /// <summary>The destination, where encrypted bundles are copied without being read; else null.</summary>
    internal SealedCopies? AsTheyAre { get; init; }

    /// <summary>Signs what is copied; null where nobody does.</summary>
    internal Signer? Signer { get; init; }

    /// <summary>What lies beside the chain that was named, and counts for nothing.</summary>
    internal IReadOnlyList<ChainProblem> Warnings { get; init; } = [];

    /// <summary>What cannot be read, and is left out for that.</summary>
    internal IReadOnlyList<ChainProblem> Lost { get; init; } = [];

    /// <summary>What is to be copied, oldest first.</summary>
    internal IReadOnlyList<(BackupChain Chain, BundleHeader Bundle)> Missing { get; }

    /// <summary>How many bundles are at the destination already.</summary>
    public int PresentCount { get; }

    /// <inheritdoc/>
    public IReadOnlyList<string> Describe() =>
        [
            $"copy of {Settings.Path} to {Settings.DestinationPath}: {Missing.Count} bundle(s), "
                + $"{Missing.Sum(m => m.Bundle.Length)} bytes"
                + (
                    Encrypted is not null ? ", encrypted"
                    : AsTheyAre is not null ? ", encrypted as they are"
                    : ""
                ),
            .. Missing
                .Select(m => m.Bundle)
                .Select(b => $"  copy  {b.Kind, -11} {b.Start}..{b.End}  {b.Length} bytes  {b.Name}"),
            .. Warnings.Concat(Lost).Select(w => $"  note  {w}"),
        ];
}
