using BackupTools.Chains;
using BackupTools.Engines;
using BackupTools.Errors;

namespace BackupTools.Operations;

/// <summary>A chain that was named, and what lies beside it and cannot be read.</summary>
/// <param name="Chain">The chain; among its findings is what cannot be read and would continue it.</param>
/// <param name="Elsewhere">
/// What is, or may be, of another chain: it must not keep this one from being restored, nor have it called bad.
/// </param>
/// <param name="Warnings">What whoever restores, tests or copies the chain is to hear of that.</param>
internal sealed record NamedChain(
    BackupChain Chain,
    IReadOnlyList<BundleReadResult> Elsewhere,
    IReadOnlyList<ChainProblem> Warnings
)
{
    /// <summary>
    /// Decides by signatures, records and times which unreadable bundles may belong to the chain. Without a named chain there
    /// is nothing to decide.
    /// </summary>
    public static NamedChain Of(BackupChain chain, BundleFolder folder, TargetSettings settings, OperationHost host) =>
        Of(chain, folder, settings.ChainId, settings.Path, settings.Bundles, host);

    /// <inheritdoc cref="Of(BackupChain, BundleFolder, TargetSettings, OperationHost)"/>
    public static NamedChain Of(
        BackupChain chain,
        BundleFolder folder,
        string? chainId,
        string path,
        IReadOnlyList<string>? only,
        OperationHost host
    )
    {
        if (chainId is null)
        {
            return new NamedChain(chain, [], []);
        }
        var engine = host.Engines.ByName(chain.Engine);
        var signed = folder.Unreadable.Any(IsUnsigned) ? folder.Unsigned(path, engine, host.Context, only).Chains : [];
        var recorded =
            folder.Unreadable.Count > 0 ? BundleFolder.Recorded(path, engine, host.Context, only)?.Chains ?? [] : [];
        var ofNamed = NamesOf(signed.Concat(recorded).Where(IsNamed));
        var ofOthers = NamesOf(signed.Concat(recorded).Where(c => !IsNamed(c)));
        var (own, aside, perhaps) = (
            new List<BundleReadResult>(),
            new List<BundleReadResult>(),
            new List<BundleReadResult>()
        );
        foreach (var bad in folder.Unreadable)
        {
            if (ofNamed.Contains(bad.FullName))
            {
                own.Add(bad);
            }
            else if (
                IsUnsigned(bad)
                || BundleFolder.IsForOthers(bad) && (!bad.MayBeOf(chain.Series) || ofOthers.Contains(bad.FullName))
            )
            {
                aside.Add(bad);
            }
            // Nothing tells that it is not the newest state of the chain.
            else if (bad.OrderUtc is null && bad.MayBeOf(chain.Series))
            {
                own.Add(bad);
            }
            else if (bad.OrderUtc < chain.Head?.OrderUtc)
            {
                // An older bundle of another key has no part in the newest state; damage is shown where it is.
                aside.AddRange(BundleFolder.IsForOthers(bad) ? [bad] : []);
            }
            else if (bad.MayBeOf(chain.Series) && !BundleFolder.IsShownWith(bad, chain))
            {
                perhaps.Add(bad);
            }
        }
        var more = own.Where(b => !BundleFolder.IsShownWith(b, chain)).Select(b => ChainProblem.From(b.Error!));
        return new NamedChain(
            chain with
            {
                Problems = [.. chain.Problems, .. more],
            },
            [.. aside, .. perhaps],
            [.. aside.Select(b => Warning(b.Error!, b.Error!.Message)), .. perhaps.Select(PerhapsNewer)]
        );

        bool IsNamed(BackupChain other) => other.ChainId == chain.ChainId;
    }

    private static bool IsUnsigned(BundleReadResult bad) => bad.Error!.Code == ErrorCode.SignatureInvalid;

    private static HashSet<string> NamesOf(IEnumerable<BackupChain> chains) =>
        chains.SelectMany(c => c.Bundles).Select(b => b.FullName).ToHashSet(StringComparer.Ordinal);

    private static ChainProblem PerhapsNewer(BundleReadResult bad) =>
        Warning(
            bad.Error!,
            $"what cannot be read may be newer than the newest state of this chain: {bad.Error!.Message}"
        );

    private static ChainProblem Warning(BackupException error, string message) =>
        ChainProblem.From(error) with
        {
            Severity = ProblemSeverity.Warning,
            Message = message,
        };
}
