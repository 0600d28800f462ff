using System.Management.Automation;
using BackupTools.Errors;
using BackupTools.Operations;
using BackupTools.Options;
using BackupTools.PowerShell.Binding;
using BackupTools.PowerShell.Pipeline;

namespace BackupTools.PowerShell.Commands;

/// <summary>
/// What every cmdlet shares: a token that a stop cancels, paths resolved once, an error per item, and objects that
/// our own and PowerShell's cmdlets find by their literal name.
/// </summary>
public abstract class CommandBase : PSCmdlet, IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Action<IStreams, CancellationToken>> _steps = [];
    private PipelinePump? _pump;
    private Identities? _identities;

    private protected CancellationToken Stop => _stop.Token;

    private protected IStreams Streams { get; private set; } = null!;

    /// <summary>An item failed, and its error was written.</summary>
    private protected bool HasFailed { get; private set; }

    /// <summary>What -Path and -LiteralPath name is only read, and may be the address of a store.</summary>
    private protected virtual bool ReadsStores => false;

    /// <summary>How long to wait for another run in the folder that is written into.</summary>
    private protected virtual TimeSpan LockWait => TimeSpan.Zero;

    /// <summary>How object stores are reached and written.</summary>
    private protected virtual StoreOptions Stores { get; } = new();

    /// <summary>What encrypted bundles are read with; one for all operations of the cmdlet, so that a passphrase is tried once.</summary>
    private Identities Identities => _identities ??= PerCommand(null, ReadIdentities);

    private protected virtual Identities ReadIdentities() => new();

    private protected PathResolver Paths { get; private set; } = null!;

    /// <summary>Runs operations of this cmdlet on a worker, one at a time.</summary>
    private protected PipelinePump Pump => _pump ??= new PipelinePump(Streams, LockWait, Stores, Identities, Stop);

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        Spelling.Of = Spell;
        Streams = new CmdletStreams(this);
        Paths = new PathResolver(SessionState, ReadsStores);
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

    /// <summary>Frees what the cmdlet holds; PowerShell calls it however a run ends.</summary>
    public void Dispose()
    {
        _stop.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>
    /// Does something for one item: its failure is written, and the run continues with the next item.
    /// </summary>
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

    /// <summary>Files that the command is given once, whatever it is piped; taken literally, absolute.</summary>
    private protected string[] LiteralFiles(string[]? files) =>
        PerCommand(files, () => (files ?? []).Select(Paths.Literal).ToArray());

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

    /// <summary>Does a step now, or keeps it for the job that <see cref="StartJob"/> starts.</summary>
    private protected void NowOrAsJob(bool asJob, Action<PipelinePump, IStreams, CancellationToken> step)
    {
        if (asJob)
        {
            var (stores, identities) = (Stores, Identities);
            _steps.Add(
                (streams, stop) => step(new PipelinePump(streams, LockWait, stores, identities, stop), streams, stop)
            );
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

    /// <summary>
    /// Removes what killed runs left in clear; nothing where only the plan is wished for. For a cmdlet that encrypts to do when
    /// it begins: looking for paths may end it, and a plan may be refused.
    /// </summary>
    private protected void SweepSpool()
    {
        if (IsWhatIf)
        {
            return;
        }
        Execute(
            "Looking through the spool",
            host =>
            {
                host.SweepSpool();
                return true;
            }
        );
    }

    /// <summary>Runs an operation whose number of threads nobody chooses.</summary>
    private protected T Execute<T>(string activity, Func<OperationHost, T> work) =>
        Pump.Execute(activity, Environment.ProcessorCount, work);

    /// <summary>Shows a plan under -WhatIf, asks for confirmation if wanted, and returns whether to continue.</summary>
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
}
