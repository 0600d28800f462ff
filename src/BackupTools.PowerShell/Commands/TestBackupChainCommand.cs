using System.Management.Automation;
using BackupTools.Operations;
using BackupTools.Reports;

namespace BackupTools.PowerShell.Commands;

/// <summary>Test-BackupChain: whether chains can be restored, and everything that was noticed on the way.</summary>
[Cmdlet(VerbsDiagnostic.Test, "BackupChain", DefaultParameterSetName = ParameterSets.Path)]
[OutputType(typeof(ChainReport), typeof(bool))]
public sealed class TestBackupChainCommand : ChainTargetCommandBase
{
    private string? _drillPath;
    private int _tested;
    private int _valid;

    /// <summary>Check everything that the format defines, not only checksums and structure.</summary>
    [Parameter]
    public SwitchParameter Deep { get; set; }

    /// <summary>Restore each chain into a temporary folder, check the result deeply, and remove it.</summary>
    [Parameter]
    public SwitchParameter RestoreDrill { get; set; }

    /// <summary>Where the drill makes its temporary folder. Default: the system's folder for temporary files.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? DrillPath { get; set; }

    /// <summary>Return only true or false: one answer for all chains, so that it can be asked for in a condition.</summary>
    [Parameter]
    public SwitchParameter Quiet { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        _drillPath = DrillPath is null ? null : PerCommand(DrillPath, () => Paths.Literal(DrillPath));
    }

    /// <inheritdoc/>
    protected override void ProcessRecord() => PerChoice(Test);

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        PerGivenPath(Test);
        if (Quiet)
        {
            // What could not be read, or was not there, is nothing to rely on either.
            WriteObject(_tested > 0 && _valid == _tested && !HasFailed);
        }
    }

    private void Test(ChainChoice choice)
    {
        var settings = new VerifySettings
        {
            Path = choice.Path,
            Bundles = choice.Bundles,
            ChainId = choice.ChainId,
            Engine = choice.Engine,
            ToPosition = ToPosition,
            PointInTime = PointInTime,
            Deep = Deep,
            RestoreDrill = RestoreDrill,
            DrillFolder = _drillPath,
        };
        Pump.Stream(
            $"Testing the chains in {choice.Path}",
            ThrottleLimit,
            host => VerifyChain.Run(settings, host),
            Emit
        );
    }

    private void Emit(ChainReport report)
    {
        _tested++;
        _valid += report.IsValid ? 1 : 0;
        if (!Quiet)
        {
            WriteObject(WithPSPath(report, report.FullName));
        }
        WriteInformation(
            $"{report.Engine} chain {report.ChainId}: {(report.IsValid ? "valid" : "NOT VALID")}, "
                + $"{report.Problems.Count} finding(s), {ReportText.Seconds(report.DurationSeconds)}",
            [Pipeline.CmdletStreams.Tag]
        );
    }
}
