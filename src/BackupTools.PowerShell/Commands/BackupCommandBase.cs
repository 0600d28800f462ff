using System.Management.Automation;
using BackupTools.Operations;
using BackupTools.PowerShell.Binding;
using BackupTools.Reports;

namespace BackupTools.PowerShell.Commands;

/// <summary>What the cmdlets share that work with databases and bundles: an engine, and folders and chains of bundles.</summary>
public abstract class BackupCommandBase : CommandBase
{
    private readonly List<GivenPaths> _given = [];
    private string? _typedChainId;

    /// <summary>Only this engine's databases and bundles. Default, and where it is empty: found out from the files.</summary>
    // No ValidateSet: that refuses the empty cell of a CSV file. What is not an engine the library refuses by name.
    [Parameter]
    [ArgumentCompleter(typeof(EngineCompleter))]
    public virtual string? Engine
    {
        get;
        set => field = string.IsNullOrWhiteSpace(value) ? null : value.Trim();
    }

    /// <summary>
    /// The command creates or removes something: a pattern that matches nothing is then an error, as what was to be done
    /// was not done. A question about nothing has an answer, which is empty.
    /// </summary>
    private protected virtual bool MustFind => false;

    /// <summary>Where what is given now goes; each row of a table may have its own. Empty without a destination.</summary>
    private protected virtual string Destination => "";

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        // What comes through the pipe is bound later.
        _typedChainId = MyInvocation.BoundParameters.GetValueOrDefault("ChainId") as string;
    }

    /// <summary>
    /// Acts on everything that -Path or -LiteralPath means. <c>isNamed</c> is false for what a wildcard found.
    /// </summary>
    private protected void PerPath(string[]? paths, string[]? literalPaths, Action<string, bool> act)
    {
        foreach (var path in paths ?? [])
        {
            PerItem(
                path,
                () =>
                {
                    var isNamed = !PathResolver.HasWildcards(path);
                    foreach (var full in Paths.Expand(path, MustFind))
                    {
                        PerItem(full, () => act(full, isNamed));
                    }
                }
            );
        }
        foreach (var path in literalPaths ?? [])
        {
            PerItem(path, () => act(Paths.Bundles(path), true));
        }
    }

    /// <summary>
    /// Acts on chains from Get-BackupChain; folders and bundles are kept for <see cref="PerGivenPath"/>, each with the chain
    /// that is meant.
    /// </summary>
    private protected void PerChoice(
        ChainInfo[]? chains,
        string[]? paths,
        string[]? literalPaths,
        string? chainId,
        Action<ChainChoice> act
    )
    {
        foreach (var chain in chains ?? [])
        {
            PerItem(
                chain.FullName,
                () => act(new(Paths.Bundles(chain.FullName), chain.ChainId, chain.Engine, Destination))
            );
        }
        var id = string.IsNullOrEmpty(chainId) ? null : chainId;
        PerPath(paths, literalPaths, (path, _) => GivenFor(Destination).Add(path, id));
    }

    private GivenPaths GivenFor(string destination)
    {
        var given = _given.Find(g => g.Destination == destination);
        if (given is null)
        {
            _given.Add(given = new GivenPaths(destination));
        }
        return given;
    }

    /// <summary>
    /// At the end of the pipe: acts on the folders that were given, and on each set of bundles of one folder as a chain of
    /// its own, of which only a -ChainId that was typed chooses: the ids that bundles carry say less than the set.
    /// </summary>
    private protected void PerGivenPath(Action<ChainChoice> act) => _given.ForEach(given => PerPathOf(given, act));

    private void PerPathOf(GivenPaths given, Action<ChainChoice> act)
    {
        var sets = PerCommand(
            null,
            () =>
                Pump.Execute(
                    "Reading the headers",
                    Environment.ProcessorCount,
                    host => BundleSets.Of(given.Paths, Engine, host).ToArray()
                )
        );
        foreach (var set in sets)
        {
            foreach (var id in set.Bundles is null ? given.ChainsAt(set.Path) : [_typedChainId])
            {
                PerItem(set.Path, () => act(new(set.Path, id, Engine, given.Destination) { Bundles = set.Bundles }));
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
