using System.Management.Automation;
using BackupTools.Operations;
using BackupTools.PowerShell.Pipeline;
using BackupTools.Reports;

namespace BackupTools.PowerShell.Commands;

/// <summary>Merge-BackupChain: a new full from a chain, without the database and without its engine.</summary>
[Cmdlet(
    VerbsData.Merge,
    "BackupChain",
    SupportsShouldProcess = true,
    ConfirmImpact = ConfirmImpact.Medium,
    DefaultParameterSetName = ParameterSets.Path
)]
[OutputType(typeof(BundleInfo), typeof(BackupJob))]
public sealed class MergeBackupChainCommand : ChainDestinationCommandBase
{
    private string[] _recipientsFiles = [];

    /// <summary>Sign the merged full with the key of this file. Taken literally.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? SigningKeyPath { get; set; }

    /// <summary>
    /// Encrypt the merged full for these public keys of age (age1…). Default, in a folder of encrypted bundles: for those
    /// that they are for.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[]? Recipient { get; set; }

    /// <summary>Files of such public keys, one in a line. Taken literally.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[]? RecipientsFile { get; set; }

    /// <summary>States that nobody else writes to the store: for stores that cannot keep two writers apart.</summary>
    [Parameter]
    public SwitchParameter SingleWriter { get; set; }

    /// <summary>Where bundles are assembled for a store. Default: a folder of the user's own.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? SpoolPath { get; set; }

    /// <summary>The storage class of S3, or tier of Azure, for bundles. Default: the store's own.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? StorageClass { get; set; }

    /// <summary>How S3 encrypts objects: None (as the bucket is set up), SSE-S3 or SSE-KMS.</summary>
    [Parameter]
    [ValidateSet("None", "SSE-S3", "SSE-KMS")]
    public string? StoreEncryption { get; set; }

    /// <summary>SSE-KMS: the key. Default: the account's own.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? StoreKeyId { get; set; }

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
        PerChoice(Merge);
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        PerGivenPath(Merge);
        StartJob(Destination);
    }

    private void Merge(ChainChoice choice)
    {
        var settings = new MergeSettings
        {
            Path = choice.Path,
            Bundles = choice.Bundles,
            ChainId = choice.ChainId,
            Engine = choice.Engine,
            ToPosition = ToPosition,
            ExpectedPosition = ExpectedPosition,
            PointInTime = PointInTime,
            DestinationPath = choice.Destination,
            SigningKeyPath = SigningKeyPath is null ? null : Paths.Literal(SigningKeyPath),
            Recipients = Recipient ?? [],
            RecipientsFiles = _recipientsFiles,
        };
        var preview = Pump.Execute("Planning the merge", ThrottleLimit, host => MergeChain.Plan(settings, host));
        if (!IsAgreed("Merge?", preview))
        {
            return;
        }
        NowOrAsJob(AsJob, (pump, streams, _) => Run(preview, choice.Destination, pump, streams));
    }

    private void Run(MergePreview preview, string destination, PipelinePump pump, IStreams streams)
    {
        var bundles = pump.Execute(
            $"Merging chain {preview.ChainId} into {destination}",
            ThrottleLimit,
            host => MergeChain.Execute(preview, host)
        );
        foreach (var bundle in bundles)
        {
            streams.Object(WithPSPath(bundle, bundle.FullName));
            streams.Information(
                $"{bundle.Engine} merge of chain {preview.ChainId}: {bundle.FullName}, "
                    + $"{bundle.StartPosition}..{bundle.EndPosition} {bundle.PositionUnit}, {bundle.Length} bytes"
            );
        }
    }
}
