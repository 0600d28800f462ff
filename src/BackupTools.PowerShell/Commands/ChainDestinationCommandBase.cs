using System.Management.Automation;
using BackupTools.Operations;

namespace BackupTools.PowerShell.Commands;

/// <summary>What Restore- and Merge-BackupChain share: where the chain goes, and how long the run waits for others there.</summary>
public abstract class ChainDestinationCommandBase : ChainTargetCommandBase
{
    /// <summary>
    /// The database to make, a file or a data folder (a separator at the end means into that folder); or the folder that
    /// receives the merged full, which may be s3://bucket/prefix. Taken literally.
    /// </summary>
    [Parameter(Mandatory = true, Position = 1, ParameterSetName = ParameterSets.Path)]
    [Parameter(Mandatory = true, Position = 1, ParameterSetName = ParameterSets.PathToPosition)]
    [Parameter(Mandatory = true, Position = 1, ParameterSetName = ParameterSets.PathPointInTime)]
    [Parameter(Mandatory = true, Position = 1, ParameterSetName = ParameterSets.InputObject)]
    [Parameter(Mandatory = true, Position = 1, ParameterSetName = ParameterSets.InputObjectToPosition)]
    [Parameter(Mandatory = true, Position = 1, ParameterSetName = ParameterSets.InputObjectPointInTime)]
    [Parameter(
        Mandatory = true,
        Position = 1,
        ValueFromPipelineByPropertyName = true,
        ParameterSetName = ParameterSets.LiteralPath
    )]
    [Parameter(
        Mandatory = true,
        Position = 1,
        ValueFromPipelineByPropertyName = true,
        ParameterSetName = ParameterSets.LiteralPathToPosition
    )]
    [Parameter(
        Mandatory = true,
        Position = 1,
        ValueFromPipelineByPropertyName = true,
        ParameterSetName = ParameterSets.LiteralPathPointInTime
    )]
    [ValidateNotNullOrEmpty]
    public string DestinationPath { get; set; } = null!;

    /// <summary>How many seconds to wait for another run that works in the same folder; 0: not at all.</summary>
    [Parameter]
    [ValidateRange(0, int.MaxValue / 1000)]
    public int LockTimeout { get; set; } = OperationHost.DefaultLockTimeout;

    /// <summary>Returns a job at once and does the work in the background.</summary>
    [Parameter]
    public SwitchParameter AsJob { get; set; }

    private protected override bool MustFind => true;

    private protected override TimeSpan LockWait => TimeSpan.FromSeconds(LockTimeout);
}
