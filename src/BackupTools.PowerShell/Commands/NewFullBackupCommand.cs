using System.Management.Automation;
using BackupTools.Operations;
using BackupTools.PowerShell.Binding;
using BackupTools.PowerShell.Pipeline;
using BackupTools.Reports;

namespace BackupTools.PowerShell.Commands;

/// <summary>New-FullBackup: an image of a whole database, with everything committed before the run began.</summary>
[Cmdlet(
    VerbsCommon.New,
    "FullBackup",
    SupportsShouldProcess = true,
    ConfirmImpact = ConfirmImpact.Medium,
    DefaultParameterSetName = ParameterSets.Path
)]
[OutputType(typeof(BundleInfo), typeof(BackupJob))]
public sealed class NewFullBackupCommand : NewBackupCommandBase
{
    /// <summary>The database: a file or a data folder. Wildcards are expanded.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ParameterSetName = ParameterSets.Path)]
    [SupportsWildcards]
    [RowPath]
    [ValidateNotNullOrEmpty]
    public string[]? Path { get; set; }

    /// <summary>The database, with every character of the name taken as it is.</summary>
    [Parameter(Mandatory = true, ValueFromPipelineByPropertyName = true, ParameterSetName = ParameterSets.LiteralPath)]
    [Alias("PSPath", "LP", "FullName")]
    [ValidateNotNullOrEmpty]
    public string[]? LiteralPath { get; set; }

    private protected override void PerSource(Action<string> act) => PerPath(Path, LiteralPath, (path, _) => act(path));

    private protected override BackupSettings Complete(BackupSettings settings) => settings;
}
