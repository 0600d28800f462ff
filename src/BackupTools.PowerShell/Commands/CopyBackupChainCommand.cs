using System.Management.Automation;
using BackupTools.Operations;
using BackupTools.PowerShell.Pipeline;
using BackupTools.Reports;

namespace BackupTools.PowerShell.Commands;

/// <summary>Copy-BackupChain: what is missing in a second folder, verified on the way.</summary>
[Cmdlet(
    VerbsCommon.Copy,
    "BackupChain",
    SupportsShouldProcess = true,
    ConfirmImpact = ConfirmImpact.Medium,
    DefaultParameterSetName = ParameterSets.Path
)]
[OutputType(typeof(CopyReport), typeof(BackupJob))]
public sealed class CopyBackupChainCommand : FolderCommandBase
{
    private string[] _recipientsFiles = [];

    /// <summary>The second folder; made when it does not exist. Or s3://bucket/prefix. Taken literally.</summary>
    [Parameter(Mandatory = true, Position = 1, ParameterSetName = ParameterSets.Path)]
    [Parameter(Mandatory = true, Position = 1, ParameterSetName = ParameterSets.InputObject)]
    [Parameter(
        Mandatory = true,
        Position = 1,
        ValueFromPipelineByPropertyName = true,
        ParameterSetName = ParameterSets.LiteralPath
    )]
    [ValidateNotNullOrEmpty]
    public string DestinationPath { get; set; } = null!;

    /// <summary>Read the whole copy again afterwards and compare every checksum; fills IsValid.</summary>
    [Parameter]
    public SwitchParameter Verify { get; set; }

    /// <summary>Encrypt the copy for these public keys of age (age1…); whoever has the secret key of one can read it.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[]? Recipient { get; set; }

    /// <summary>Files of such public keys, one in a line. Taken literally.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[]? RecipientsFile { get; set; }

    /// <summary>Sign what is copied with the key of this file. Taken literally.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? SigningKeyPath { get; set; }

    /// <summary>How many files or ranges are worked on at once. Default: the number of processors.</summary>
    [Parameter]
    [ValidateRange(1, 1024)]
    public int ThrottleLimit { get; set; } = Environment.ProcessorCount;

    /// <summary>Returns a job at once and runs the copy in the background.</summary>
    [Parameter]
    public SwitchParameter AsJob { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        SweepSpool();
        _recipientsFiles = LiteralFiles(RecipientsFile);
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        Destination = PerCommand(DestinationPath, () => Paths.Destination(DestinationPath));
        PerChoice(Copy);
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        PerGivenPath(Copy);
        StartJob(Destination);
    }

    private void Copy(ChainChoice choice)
    {
        var settings = new CopySettings
        {
            Path = choice.Path,
            Bundles = choice.Bundles,
            DestinationPath = choice.Destination,
            ChainId = choice.ChainId,
            Engine = choice.Engine,
            Verify = Verify,
            Recipients = Recipient ?? [],
            RecipientsFiles = _recipientsFiles,
            SigningKeyPath = SigningKeyPath is null ? null : Paths.Literal(SigningKeyPath),
        };
        var plan = Pump.Execute("Planning the copy", ThrottleLimit, host => CopyChain.Plan(settings, host));
        if (!IsAgreed("Copy?", plan))
        {
            return;
        }
        var activity = $"Copying {choice.Path} to {choice.Destination}";
        NowOrAsJob(AsJob, (pump, streams, _) => Run(plan, activity, pump, streams));
    }

    private void Run(CopyPlan plan, string activity, PipelinePump pump, IStreams streams)
    {
        var report = pump.Execute(activity, ThrottleLimit, host => CopyChain.Execute(plan, host));
        streams.Object(WithPSPath(report, report.FullName));
        streams.Information(
            $"copy to {report.FullName}: {report.Copied.Count} copied, {report.PresentCount} there already, "
                + $"{report.Length} bytes"
        );
        if (report.Problems.FirstOrDefault(p => p.Severity == "Error") is { } worst)
        {
            throw worst.ToException();
        }
    }
}
