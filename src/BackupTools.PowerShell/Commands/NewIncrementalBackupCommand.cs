using System.Management.Automation;
using BackupTools.Operations;
using BackupTools.PowerShell.Binding;
using BackupTools.PowerShell.Pipeline;
using BackupTools.Reports;

namespace BackupTools.PowerShell.Commands;

/// <summary>New-IncrementalBackup: what changed since a bundle of the chain at the destination.</summary>
[Cmdlet(
    VerbsCommon.New,
    "IncrementalBackup",
    SupportsShouldProcess = true,
    ConfirmImpact = ConfirmImpact.Medium,
    DefaultParameterSetName = ParameterSets.Path
)]
[OutputType(typeof(BundleInfo), typeof(BackupJob))]
public sealed class NewIncrementalBackupCommand : NewBackupCommandBase
{
    private object? _since;

    /// <summary>The database: a file or a data folder. Wildcards are expanded.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ParameterSetName = ParameterSets.Path)]
    [Parameter(
        Mandatory = true,
        Position = 0,
        ValueFromPipeline = true,
        ParameterSetName = ParameterSets.PathDifferential
    )]
    [SupportsWildcards]
    [RowPath]
    [ValidateNotNullOrEmpty]
    public override string[]? Path { get; set; }

    /// <summary>The database, with every character of the name taken as it is.</summary>
    [Parameter(Mandatory = true, ValueFromPipelineByPropertyName = true, ParameterSetName = ParameterSets.LiteralPath)]
    [Parameter(
        Mandatory = true,
        ValueFromPipelineByPropertyName = true,
        ParameterSetName = ParameterSets.LiteralPathDifferential
    )]
    [Alias("PSPath", "LP", "FullName")]
    [ValidateNotNullOrEmpty]
    public override string[]? LiteralPath { get; set; }

    /// <summary>
    /// The position to continue from, or the bundle to build on (a BundleInfo or a path). Default: the newest bundle.
    /// </summary>
    [Parameter(ParameterSetName = ParameterSets.Path)]
    [Parameter(ParameterSetName = ParameterSets.LiteralPath)]
    [SinceTransformation]
    [ValidateNotNull]
    [ArgumentCompleter(typeof(SinceCompleter))]
    public object? Since { get; set; }

    /// <summary>PowDB: build on the chain's full instead of on its newest bundle.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ParameterSets.PathDifferential)]
    [Parameter(Mandatory = true, ParameterSetName = ParameterSets.LiteralPathDifferential)]
    public SwitchParameter Differential { get; set; }

    /// <summary>The chain to continue. Default: the newest one of this database.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ChainIdCompleter))]
    public string? ChainId { get; set; }

    /// <summary>
    /// Takes a full where an increment is impossible (the first run, a log that was restarted, a database that is not
    /// the one the chain is of), and warns why. Not together with -Since or -ChainId.
    /// </summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [SwitchText]
    public SwitchParameter FullIfNeeded { get; set; }

    /// <summary>Writes the bundle even if nothing has changed. Not for Grafeo, whose format has no empty increment.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [SwitchText]
    public SwitchParameter AllowEmpty { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        _since = Since is string path ? PerCommand(path, () => Paths.Destination(path)) : Since;
    }

    private protected override BackupSettings Complete(BackupSettings settings) =>
        settings with
        {
            Incremental = true,
            Since = _since as ulong?,
            SinceBundle = _since as string,
            Differential = Differential,
            ChainId = ChainId,
            FullIfNeeded = FullIfNeeded,
            AllowEmpty = AllowEmpty,
        };
}
