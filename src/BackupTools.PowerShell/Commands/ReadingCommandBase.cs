using System.Management.Automation;
using BackupTools.Operations;
using BackupTools.Reports;

namespace BackupTools.PowerShell.Commands;

/// <summary>What the cmdlets share that read bundles: these may lie in a store, and may be encrypted.</summary>
public abstract class ReadingCommandBase : BackupCommandBase
{
    /// <summary>
    /// Folders and bundles, until the end of the pipe: only all the bundles of a folder together make its chains.
    /// </summary>
    private readonly List<ChainChoice> _given = [];
    private string? _typedChainId;

    /// <summary>Folders that hold bundles, or bundles. Wildcards are expanded.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ParameterSetName = ParameterSets.Path)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public virtual string[]? Path { get; set; }

    /// <summary>The same, with every character of the name taken as it is.</summary>
    [Parameter(Mandatory = true, ValueFromPipelineByPropertyName = true, ParameterSetName = ParameterSets.LiteralPath)]
    [Alias("PSPath", "LP", "FullName")]
    [ValidateNotNullOrEmpty]
    public virtual string[]? LiteralPath { get; set; }

    /// <summary>Public keys of signers: with any, only bundles count that one of them has signed.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[]? TrustedKey { get; set; }

    private protected override bool ReadsStores => true;

    private protected override string[]? Trusted => TrustedKey;

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        // What comes through the pipe is bound later.
        _typedChainId = MyInvocation.BoundParameters.GetValueOrDefault("ChainId") as string;
    }

    /// <summary>
    /// Acts on chains from Get-BackupChain; folders and bundles are kept for <see cref="PerGivenPath"/>, each with the chain
    /// that is meant.
    /// </summary>
    private protected void PerChoice(ChainInfo[]? chains, string? chainId, Action<ChainChoice> act)
    {
        foreach (var chain in chains ?? [])
        {
            PerItem(
                chain.FullName,
                () => act(new(Paths.Bundles(chain.FullName), chain.ChainId, chain.Engine, Destination))
            );
        }
        var id = string.IsNullOrEmpty(chainId) ? null : chainId;
        PerPath(Path, LiteralPath, (path, _) => _given.Add(new(path, id, Engine, Destination)));
    }

    /// <summary>
    /// At the end of the pipe: acts on the folders that were given, and on each set of bundles of one folder as a chain of
    /// its own, of which only a -ChainId that was typed chooses: the ids that bundles carry say less than the set.
    /// </summary>
    private protected void PerGivenPath(Action<ChainChoice> act)
    {
        foreach (var given in _given.GroupBy(g => g.Destination, StringComparer.Ordinal))
        {
            PerPathOf([.. given], given.Key, act);
        }
    }

    private void PerPathOf(IReadOnlyList<ChainChoice> given, string destination, Action<ChainChoice> act)
    {
        var paths = given.Select(g => g.Path).Distinct(StringComparer.Ordinal);
        var sets = PerCommand(
            null,
            () => Execute("Reading the headers", host => BundleSets.Of(paths, Engine, host).ToArray())
        );
        foreach (var set in sets)
        {
            IEnumerable<string?> ids = set.Bundles is null
                ? given.Where(g => g.Path == set.Path).Select(g => g.ChainId).Distinct(StringComparer.OrdinalIgnoreCase)
                : [_typedChainId];
            foreach (var id in ids)
            {
                PerItem(set.Path, () => act(new(set.Path, id, Engine, destination) { Bundles = set.Bundles }));
            }
        }
    }

    /// <summary>A folder of bundles, the chain in it where it is known, and where it goes.</summary>
    private protected sealed record ChainChoice(string Path, string? ChainId, string? Engine, string Destination)
    {
        /// <summary>The bundles of the folder that count; null for all.</summary>
        public IReadOnlyList<string>? Bundles { get; init; }
    }
}
