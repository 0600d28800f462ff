using System.Management.Automation;
using BackupTools.Errors;
using BackupTools.Operations;
using BackupTools.PowerShell.Pipeline;
using BackupTools.Reports;

namespace BackupTools.PowerShell.Commands;

/// <summary>Test-BackupChain: whether chains can be restored, and everything that was noticed on the way.</summary>
[Cmdlet(VerbsDiagnostic.Test, "BackupChain", DefaultParameterSetName = ParameterSets.Path)]
[OutputType(typeof(ChainReport), typeof(bool), typeof(BackupJob))]
public sealed class TestBackupChainCommand : ChainTargetCommandBase
{
    private string? _drillPath;
    private string? _sourcePath;
    private string _location = "";
    private int _tested;
    private int _valid;

    /// <summary>Check everything the format defines, not only checksums and structure.</summary>
    [Parameter]
    public SwitchParameter Deep { get; set; }

    /// <summary>Restore each chain into a temporary folder, check the result deeply, and remove it.</summary>
    [Parameter]
    public SwitchParameter RestoreDrill { get; set; }

    /// <summary>Where the drill makes its temporary folder. Default: the system's folder for temporary files.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? DrillPath { get; set; }

    /// <summary>SQLite: the database that was backed up, whose rows a drill counts beside the restored ones.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? SourcePath { get; set; }

    /// <summary>Return only true or false: one answer for all chains, so that it can be asked for in a condition.</summary>
    [Parameter]
    public SwitchParameter Quiet { get; set; }

    /// <summary>Returns a job at once and tests in the background; the job emits the reports.</summary>
    [Parameter]
    public SwitchParameter AsJob { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        if (Quiet && AsJob)
        {
            PerCommand<bool>(
                null,
                () => throw new BackupException(ErrorCode.InvalidOption, "-Quiet answers at once, -AsJob later")
            );
        }
        _drillPath = DrillPath is null ? null : PerCommand(DrillPath, () => Paths.Literal(DrillPath));
        _sourcePath = SourcePath is null ? null : PerCommand(SourcePath, () => Paths.Literal(SourcePath));
    }

    /// <inheritdoc/>
    protected override void ProcessRecord() => PerChoice(Test);

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        PerGivenPath(Test);
        StartJob(_location);
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
            ExpectedPosition = ExpectedPosition,
            PointInTime = PointInTime,
            Deep = Deep,
            RestoreDrill = RestoreDrill,
            DrillFolder = _drillPath,
            SourcePath = _sourcePath,
        };
        _location = choice.Path;
        NowOrAsJob(
            AsJob,
            (pump, streams, _) =>
                pump.Stream(
                    $"Testing the chains in {choice.Path}",
                    ThrottleLimit,
                    host => VerifyChain.Run(settings, host),
                    report => Emit(report, streams)
                )
        );
    }

    private void Emit(ChainReport report, IStreams streams)
    {
        _tested++;
        _valid += report.IsValid == true ? 1 : 0;
        if (!Quiet)
        {
            streams.Object(WithPSPath(report, report.FullName));
        }
        streams.Information(
            $"{report.Engine} chain {report.ChainId}: {ReportText.Verdict(report.IsValid)}, "
                + $"{report.Problems.Count} finding(s), {ReportText.Seconds(report.DurationSeconds)}"
        );
    }
}
