using System.Management.Automation;
using BackupTools.Operations;
using BackupTools.PowerShell.Binding;
using BackupTools.PowerShell.Pipeline;

namespace BackupTools.PowerShell.Commands;

/// <summary>What New-FullBackup and New-IncrementalBackup share: plan, ask, run or hand over to a job.</summary>
public abstract class NewBackupCommandBase : StoreWriterCommandBase
{
    private string? _walPath;
    private string[] _forget = [];
    private string[] _recipientsFiles = [];

    /// <summary>The database: a file or a data folder. Wildcards are expanded.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ParameterSetName = ParameterSets.Path)]
    [SupportsWildcards]
    [RowPath]
    [ValidateNotNullOrEmpty]
    public virtual string[]? Path { get; set; }

    /// <summary>The database, with every character of the name taken as it is.</summary>
    [Parameter(Mandatory = true, ValueFromPipelineByPropertyName = true, ParameterSetName = ParameterSets.LiteralPath)]
    [Alias("PSPath", "LP", "FullName")]
    [ValidateNotNullOrEmpty]
    public virtual string[]? LiteralPath { get; set; }

    /// <summary>The folder that receives the bundle, made when it does not exist; or s3://bucket/prefix. Taken literally.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string DestinationPath { get; set; } = null!;

    /// <inheritdoc/>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(EngineCompleter))]
    public override string? Engine
    {
        get => base.Engine;
        set => base.Engine = value;
    }

    /// <summary>SPG: the write-ahead log, when it is not beside the database under its default name.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public string? WalPath { get; set; }

    /// <summary>PowDB: capture a non-empty write-ahead log together with the data.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [SwitchText]
    public SwitchParameter IncludeWal { get; set; }

    /// <summary>Grafeo: do not touch the engine's backup cursor beside the source.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [SwitchText]
    public SwitchParameter NoCursor { get; set; }

    /// <summary>Grafeo: destinations of former backups that no longer hold back the engine's cursor.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [AllowEmptyString]
    public string[]? ForgetDestination { get; set; }

    /// <summary>Alopex: write into the engine's own layout of backups and move its latest marker.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [SwitchText]
    public SwitchParameter EngineLayout { get; set; }

    /// <summary>Runs just before the copy, to have the engine write a checkpoint; throw in it to stop the backup.</summary>
    [Parameter]
    public ScriptBlock? Checkpoint { get; set; }

    /// <summary>How many files or ranges are worked on at once. Default: the number of processors.</summary>
    [Parameter]
    [ValidateRange(1, 1024)]
    public int ThrottleLimit { get; set; } = Environment.ProcessorCount;

    /// <summary>Sign the bundle with the key of this file; an increment builds on what it has signed. Taken literally.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? SigningKeyPath { get; set; }

    /// <summary>Encrypt the bundle for these public keys of age (age1…); whoever has the secret key of one can read it.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[]? Recipient { get; set; }

    /// <summary>Files of such public keys, one in a line. Taken literally.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[]? RecipientsFile { get; set; }

    /// <summary>A folder of this machine for what the next encrypted increment must know, so that it needs no identity. Taken literally.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? StatePath { get; set; }

    /// <summary>How many seconds to wait for another run that works in the same folder; 0: not at all.</summary>
    [Parameter]
    [ValidateRange(0, int.MaxValue / 1000)]
    public int LockTimeout { get; set; } = OperationHost.DefaultLockTimeout;

    /// <summary>Returns a job at once and runs the backup in the background.</summary>
    [Parameter]
    public SwitchParameter AsJob { get; set; }

    private protected override bool MustFind => true;

    private protected override TimeSpan LockWait => TimeSpan.FromSeconds(LockTimeout);

    /// <summary>Adds to the settings what only this kind of backup knows.</summary>
    private protected virtual BackupSettings Complete(BackupSettings settings) => settings;

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        SweepSpool();
        _recipientsFiles = LiteralFiles(RecipientsFile);
    }

    /// <summary>A row of a table may bring a destination and options of its own.</summary>
    protected override void ProcessRecord()
    {
        // An empty cell is an option that is not given.
        Destination = PerCommand(DestinationPath, () => Paths.Destination(DestinationPath));
        _walPath = string.IsNullOrEmpty(WalPath) ? null : PerCommand(WalPath, () => Paths.Literal(WalPath));
        _forget =
        [
            .. (ForgetDestination ?? [])
                .Where(path => path.Length > 0)
                .Select(path => PerCommand(path, () => Paths.Destination(path))),
        ];
        PerPath(Path, LiteralPath, (path, _) => Back(path));
    }

    /// <inheritdoc/>
    protected override void EndProcessing() => StartJob(Destination);

    private void Back(string source)
    {
        // Known once the job runs; the checkpoint is planned before.
        CancellationToken jobStop = default;
        var settings = Complete(
            new BackupSettings
            {
                SourcePath = source,
                DestinationPath = Destination,
                Engine = Engine,
                WalPath = _walPath,
                IncludeWal = IncludeWal,
                NoCursor = NoCursor,
                ForgetDestination = _forget,
                EngineLayout = EngineLayout,
                SigningKeyPath = SigningKeyPath is null ? null : Paths.Literal(SigningKeyPath),
                Recipients = Recipient ?? [],
                RecipientsFiles = _recipientsFiles,
                StatePath = StatePath is null ? null : Paths.Literal(StatePath),
                Checkpoint = CheckpointAction(Pump, () => jobStop),
            }
        );
        var verb = settings.Incremental ? "incremental" : "full";
        var plan = Pump.Execute($"Planning the {verb} backup", ThrottleLimit, host => TakeBackup.Plan(settings, host));
        if (!IsAgreed($"Take this {plan.KindName} backup?", plan))
        {
            return;
        }
        NowOrAsJob(
            AsJob,
            (pump, streams, stop) =>
            {
                jobStop = stop;
                Run(plan, $"{plan.Engine} {verb} backup to {settings.DestinationPath}", pump, streams);
            }
        );
    }

    private void Run(BackupPlan plan, string activity, PipelinePump pump, IStreams streams)
    {
        var bundles = pump.Execute(activity, ThrottleLimit, host => TakeBackup.Execute(plan, host));
        foreach (var bundle in bundles)
        {
            streams.Object(WithPSPath(bundle, bundle.FullName));
            streams.Information(
                $"{bundle.Engine} {bundle.Description}: {bundle.FullName}, {bundle.StartPosition}..{bundle.EndPosition} "
                    + $"{bundle.PositionUnit}, {bundle.Length} bytes"
            );
        }
    }

    private Action? CheckpointAction(PipelinePump pump, Func<CancellationToken> jobStop)
    {
        if (Checkpoint is not { } script)
        {
            return null;
        }
        if (AsJob)
        {
            var text = script.ToString();
            return () => CheckpointScript.InvokeApart(text, jobStop());
        }
        return () => pump.Invoke(() => CheckpointScript.Invoke(script, Streams));
    }
}
