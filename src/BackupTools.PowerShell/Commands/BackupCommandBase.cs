using System.Management.Automation;
using BackupTools.Errors;
using BackupTools.Operations;
using BackupTools.Options;
using BackupTools.PowerShell.Binding;
using BackupTools.PowerShell.Pipeline;
using BackupTools.Reports;

namespace BackupTools.PowerShell.Commands;

/// <summary>
/// What every cmdlet shares: a token that a stop cancels, paths resolved once, an error per item, and objects that
/// our own and PowerShell's cmdlets find by their literal name.
/// </summary>
public abstract class BackupCommandBase : PSCmdlet, IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Action<IStreams, CancellationToken>> _steps = [];
    private readonly List<GivenPaths> _given = [];
    private PipelinePump? _pump;
    private string? _typedChainId;

    /// <summary>Only this engine's databases and bundles. Default, and where it is empty: found out from the files.</summary>
    // No ValidateSet: that refuses the empty cell of a CSV file. What is no engine the library refuses by name.
    [Parameter]
    [ArgumentCompleter(typeof(EngineCompleter))]
    public virtual string? Engine
    {
        get;
        set => field = string.IsNullOrWhiteSpace(value) ? null : value.Trim();
    }

    private protected CancellationToken Stop => _stop.Token;

    private protected IStreams Streams { get; private set; } = null!;

    /// <summary>An item failed, and its error was written.</summary>
    private protected bool HasFailed { get; private set; }

    /// <summary>
    /// The command creates or removes something: a pattern that matches nothing is then an error, as what was to be done
    /// was not done. A question about nothing has an answer, which is empty.
    /// </summary>
    private protected virtual bool MustFind => false;

    /// <summary>What -Path and -LiteralPath name may be the address of a store.</summary>
    private protected virtual bool ReadsStores => false;

    /// <summary>Where what is given now goes; each row of a table may have its own. Empty without a destination.</summary>
    private protected virtual string Destination => "";

    /// <summary>How long to wait for another run in the folder that is written into.</summary>
    private protected virtual TimeSpan LockWait => TimeSpan.Zero;

    /// <summary>How object stores are reached and written.</summary>
    private protected virtual StoreOptions Stores { get; } = new();

    private protected PathResolver Paths { get; private set; } = null!;

    /// <summary>Runs operations of this cmdlet on a worker, one at a time.</summary>
    private protected PipelinePump Pump => _pump ??= NewPump(Streams, Stop);

    private PipelinePump NewPump(IStreams streams, CancellationToken stop) => new(streams, LockWait, Stores, stop);

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        Spelling.Of = Spell;
        Streams = new CmdletStreams(this);
        Paths = new PathResolver(SessionState, ReadsStores);
        // What comes through the pipe is bound later.
        _typedChainId = MyInvocation.BoundParameters.GetValueOrDefault("ChainId") as string;
    }

    private static string Spell(string name) =>
        name switch
        {
            nameof(ReadChains) => "Get-BackupChain",
            nameof(CopyChain) => "Copy-BackupChain",
            nameof(TakeBackup) => "Start-Job { New-FullBackup … }", // it is advised for another process only
            _ => $"-{name}",
        };

    /// <summary>Called on another thread while the work is still going: cancels it and does nothing else.</summary>
    protected override void StopProcessing()
    {
        try
        {
            _stop.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The run ended at the same moment.
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees what the cmdlet holds; PowerShell calls it however a run ends.</summary>
    protected virtual void Dispose(bool disposing)
    {
        if (disposing)
        {
            _stop.Dispose();
        }
    }

    /// <summary>Does something for one item: its failure is written, and the next item is gone on with.</summary>
    private protected void PerItem(object? item, Action act)
    {
        try
        {
            act();
        }
        catch (BackupException error)
        {
            HasFailed = true;
            WriteError(ErrorRecordMap.ToRecord(error, item));
        }
    }

    /// <summary>Does something that the whole command depends on: its failure ends the command.</summary>
    private protected T PerCommand<T>(object? item, Func<T> act)
    {
        try
        {
            return act();
        }
        catch (BackupException error)
        {
            ThrowTerminatingError(ErrorRecordMap.ToRecord(error, item));
            throw;
        }
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

    /// <summary>Does a step now, or keeps it for the job that <see cref="StartJob"/> starts.</summary>
    private protected void NowOrAsJob(bool asJob, Action<PipelinePump, IStreams, CancellationToken> step)
    {
        if (asJob)
        {
            _steps.Add((streams, stop) => step(NewPump(streams, stop), streams, stop));
        }
        else
        {
            step(Pump, Streams, Stop);
        }
    }

    /// <summary>Runs the steps that were kept in the background, and emits the job; nothing when there are none.</summary>
    private protected void StartJob(string location)
    {
        if (_steps.Count == 0)
        {
            return;
        }
        var job = new BackupJob(MyInvocation.Line.Trim(), location, _steps);
        JobRepository.Add(job);
        job.Start();
        WriteObject(job);
    }

    /// <summary>True where only the plan is wished for.</summary>
    private protected bool IsWhatIf =>
        LanguagePrimitives.IsTrue(
            MyInvocation.BoundParameters.TryGetValue("WhatIf", out var given)
                ? given
                : GetVariableValue("WhatIfPreference")
        );

    /// <summary>Shows a plan under -WhatIf, asks where that is wished for, and says whether to go on.</summary>
    private protected bool IsAgreed(string question, IPlan plan)
    {
        var lines = string.Join(Environment.NewLine, plan.Describe());
        return ShouldProcess(lines, $"{question}{Environment.NewLine}{lines}", MyInvocation.MyCommand.Name);
    }

    /// <summary>The object as it is emitted: with the PSPath by which other cmdlets bind its literal name.</summary>
    private protected static object WithPSPath(object value, string fullName)
    {
        var properties = PSObject.AsPSObject(value).Properties;
        if (properties["PSPath"] is null && !LocalPath.IsStore(fullName))
        {
            properties.Add(new PSNoteProperty("PSPath", PathResolver.ToPSPath(fullName)));
        }
        return value;
    }

    /// <summary>A folder of bundles, the chain in it where it is known, and where it goes.</summary>
    private protected sealed record ChainChoice(string Path, string? ChainId, string? Engine, string Destination)
    {
        /// <summary>The bundles of the folder that count; null for all.</summary>
        public IReadOnlyList<string>? Bundles { get; init; }
    }
}
