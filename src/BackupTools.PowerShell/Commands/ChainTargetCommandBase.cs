using System.Management.Automation;
using BackupTools.PowerShell.Binding;
using BackupTools.Reports;

namespace BackupTools.PowerShell.Commands;

/// <summary>
/// What Test-, Restore- and Merge-BackupChain share: which chain and which of its states, under the same names, so
/// that "can I?" and "do it" differ by the verb alone.
/// </summary>
public abstract class ChainTargetCommandBase : ReadingCommandBase
{
    /// <summary>Folders that hold bundles. Wildcards are expanded.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ParameterSetName = ParameterSets.Path)]
    [Parameter(
        Mandatory = true,
        Position = 0,
        ValueFromPipeline = true,
        ParameterSetName = ParameterSets.PathToPosition
    )]
    [Parameter(
        Mandatory = true,
        Position = 0,
        ValueFromPipeline = true,
        ParameterSetName = ParameterSets.PathPointInTime
    )]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public override string[]? Path { get; set; }

    /// <summary>Folders, with every character of the name taken as it is.</summary>
    [Parameter(Mandatory = true, ValueFromPipelineByPropertyName = true, ParameterSetName = ParameterSets.LiteralPath)]
    [Parameter(
        Mandatory = true,
        ValueFromPipelineByPropertyName = true,
        ParameterSetName = ParameterSets.LiteralPathToPosition
    )]
    [Parameter(
        Mandatory = true,
        ValueFromPipelineByPropertyName = true,
        ParameterSetName = ParameterSets.LiteralPathPointInTime
    )]
    [Alias("PSPath", "LP", "FullName")]
    [ValidateNotNullOrEmpty]
    public override string[]? LiteralPath { get; set; }

    /// <summary>Chains from Get-BackupChain.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = ParameterSets.InputObject)]
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = ParameterSets.InputObjectToPosition)]
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = ParameterSets.InputObjectPointInTime)]
    [ValidateNotNullOrEmpty]
    public ChainInfo[]? InputObject { get; set; }

    /// <summary>The chain, where a folder holds several.</summary>
    [Parameter(ParameterSetName = ParameterSets.Path)]
    [Parameter(ParameterSetName = ParameterSets.PathToPosition)]
    [Parameter(ParameterSetName = ParameterSets.PathPointInTime)]
    [Parameter(ValueFromPipelineByPropertyName = true, ParameterSetName = ParameterSets.LiteralPath)]
    [Parameter(ValueFromPipelineByPropertyName = true, ParameterSetName = ParameterSets.LiteralPathToPosition)]
    [Parameter(ValueFromPipelineByPropertyName = true, ParameterSetName = ParameterSets.LiteralPathPointInTime)]
    [ArgumentCompleter(typeof(ChainIdCompleter))]
    public string? ChainId { get; set; }

    /// <summary>The newest state that the chain holds. This is the default; the switch only says so.</summary>
    [Parameter(ParameterSetName = ParameterSets.Path)]
    [Parameter(ParameterSetName = ParameterSets.LiteralPath)]
    [Parameter(ParameterSetName = ParameterSets.InputObject)]
    public SwitchParameter Latest { get; set; }

    /// <summary>The state at this position (WAL bytes, epoch or LSN, as the engine counts).</summary>
    [Parameter(Mandatory = true, ParameterSetName = ParameterSets.PathToPosition)]
    [Parameter(Mandatory = true, ParameterSetName = ParameterSets.LiteralPathToPosition)]
    [Parameter(Mandatory = true, ParameterSetName = ParameterSets.InputObjectToPosition)]
    [Alias("ToEpoch", "ToLsn")]
    [PositionTransformation]
    [ArgumentCompleter(typeof(ToPositionCompleter))]
    public ulong? ToPosition { get; set; }

    /// <summary>The newest state not later than this time: a DateTime, a DateTimeOffset or ISO 8601 text.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ParameterSets.PathPointInTime)]
    [Parameter(Mandatory = true, ParameterSetName = ParameterSets.LiteralPathPointInTime)]
    [Parameter(Mandatory = true, ParameterSetName = ParameterSets.InputObjectPointInTime)]
    [PointInTimeTransformation]
    [ArgumentCompleter(typeof(PointInTimeCompleter))]
    public DateTimeOffset? PointInTime { get; set; }

    /// <summary>The chain must reach this position at least: else its end was removed.</summary>
    [Parameter]
    [PositionTransformation]
    public ulong? ExpectedPosition { get; set; }

    /// <summary>How many files or ranges are worked on at once. Default: the number of processors.</summary>
    [Parameter]
    [ValidateRange(1, 1024)]
    public int ThrottleLimit { get; set; } = Environment.ProcessorCount;

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        if (PointInTime is { } time)
        {
            WriteVerbose($"the point in time is {ReportText.Time(time.UtcDateTime)}");
        }
    }

    /// <summary>Acts on chains that were given; folders and bundles wait for the end of the pipe.</summary>
    private protected void PerChoice(Action<ChainChoice> act) => PerChoice(InputObject, ChainId, act);
}
