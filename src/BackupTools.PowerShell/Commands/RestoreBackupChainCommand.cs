using System.Management.Automation;
using BackupTools.Errors;
using BackupTools.Operations;
using BackupTools.PowerShell.Pipeline;
using BackupTools.Reports;

namespace BackupTools.PowerShell.Commands;

/// <summary>Restore-BackupChain: rebuilds a database from a chain, whole or not at all.</summary>
[Cmdlet(
    VerbsData.Restore,
    "BackupChain",
    SupportsShouldProcess = true,
    ConfirmImpact = ConfirmImpact.Medium,
    DefaultParameterSetName = ParameterSets.Path
)]
[OutputType(typeof(RestoreReport), typeof(BackupJob))]
public sealed class RestoreBackupChainCommand : ChainDestinationCommandBase
{
    private readonly List<ChainChoice> _choices = [];
    private string? _walPath;

    /// <summary>SPG: where the write-ahead log goes. Default: beside the database.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? WalPath { get; set; }

    /// <summary>Replace an existing database of the same engine. Skips no check.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Check everything the format defines in the result before it appears.</summary>
    [Parameter]
    public SwitchParameter Deep { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        _walPath = WalPath is null ? null : PerCommand(WalPath, () => Paths.Literal(WalPath));
    }

    /// <summary>Only collects: one destination takes one chain, and that is known at the end of the pipe.</summary>
    protected override void ProcessRecord()
    {
        Destination = PerCommand(DestinationPath, () => Paths.LiteralOrInto(DestinationPath));
        PerChoice(_choices.Add);
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        PerGivenPath(_choices.Add);
        foreach (var several in _choices.GroupBy(c => c.Destination, StringComparer.Ordinal).Where(g => g.Count() > 1))
        {
            var second = several.ElementAt(1).Path;
            PerCommand<bool>(
                second,
                () =>
                    throw new BackupException(
                        ErrorCode.ChainIsAmbiguous,
                        $"{several.Count()} chains were given for one destination",
                        second,
                        recommendation: "Restore one at a time, or each to a destination of its own: Get-BackupChain -Database NAME -Last 1 finds one."
                    )
            );
        }
        foreach (var choice in _choices)
        {
            PerItem(choice.Path, () => Restore(choice));
        }
        StartJob(Destination);
    }

    private void Restore(ChainChoice choice)
    {
        var settings = new RestoreSettings
        {
            Path = choice.Path,
            Bundles = choice.Bundles,
            ChainId = choice.ChainId,
            Engine = choice.Engine,
            ToPosition = ToPosition,
            ExpectedPosition = ExpectedPosition,
            PointInTime = PointInTime,
            DestinationPath = choice.Destination,
            WalPath = _walPath,
            Force = Force,
            Deep = Deep,
        };
        var preview = Pump.Execute("Planning the restore", ThrottleLimit, host => RestoreChain.Plan(settings, host));
        if (!IsAgreed("Restore?", preview))
        {
            return;
        }
        NowOrAsJob(AsJob, (pump, streams, _) => Run(preview, choice.Destination, pump, streams));
    }

    private void Run(RestorePreview preview, string destination, PipelinePump pump, IStreams streams)
    {
        var report = pump.Execute(
            $"{preview.Engine} restore to {destination}",
            ThrottleLimit,
            host => RestoreChain.Execute(preview, host)
        );
        streams.Object(WithPSPath(report, report.FullName));
        streams.Information(
            $"{report.Engine} restore: {report.FullName}, position {report.EndPosition} {report.PositionUnit}, "
                + $"{report.Length} bytes"
        );
    }
}
