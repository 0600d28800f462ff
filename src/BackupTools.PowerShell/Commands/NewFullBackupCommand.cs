using System.Management.Automation;
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
public sealed class NewFullBackupCommand : NewBackupCommandBase;
