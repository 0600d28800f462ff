using BackupTools.Chains;

namespace BackupTools.Operations;

/// <summary>What a merge would do, found out without writing anything.</summary>
public sealed class MergePreview : IPlan
{
    internal MergePreview(MergeSettings settings, RestorePlan plan) => (Settings, Plan) = (settings, plan);

    internal MergeSettings Settings { get; }

    internal RestorePlan Plan { get; }

    /// <summary>The destination if the merged full is encrypted; otherwise null.</summary>
    internal EncryptedCopies? Encrypted { get; init; }

    /// <summary>The chain that is merged.</summary>
    public string ChainId => Plan.Chain.ChainId;

    /// <inheritdoc/>
    public IReadOnlyList<string> Describe() =>
        [
            $"{Plan.Chain.Engine} merge of chain {ChainId} up to position {Plan.End} into {Settings.DestinationPath}"
                + (Encrypted is null ? "" : ", encrypted"),
            .. Plan.Bundles.Select(b => $"  read  {b.Kind, -11} {b.Start}..{b.End}  {b.Length} bytes  {b.Name}"),
            .. Plan.Warnings.Select(w => $"  note  {w}"),
        ];
}
