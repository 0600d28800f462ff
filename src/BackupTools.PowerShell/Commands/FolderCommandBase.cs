using System.Management.Automation;
using BackupTools.Operations;
using BackupTools.PowerShell.Binding;
using BackupTools.Reports;

namespace BackupTools.PowerShell.Commands;

/// <summary>What Copy-BackupChain and Remove-ExpiredBackup share: folders of bundles, or chains of them.</summary>
public abstract class FolderCommandBase : ReadingCommandBase
{
    /// <summary>Chains from Get-BackupChain.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = ParameterSets.InputObject)]
    [ValidateNotNullOrEmpty]
    public ChainInfo[]? InputObject { get; set; }

    /// <summary>Only this chain. Default: every chain of the folder.</summary>
    [Parameter(ParameterSetName = ParameterSets.Path)]
    [Parameter(ValueFromPipelineByPropertyName = true, ParameterSetName = ParameterSets.LiteralPath)]
    [ArgumentCompleter(typeof(ChainIdCompleter))]
    public string? ChainId { get; set; }

    /// <summary>How many seconds to wait for another run that works in the same folder; 0: not at all.</summary>
    [Parameter]
    [ValidateRange(0, int.MaxValue / 1000)]
    public int LockTimeout { get; set; } = OperationHost.DefaultLockTimeout;

    private protected override bool MustFind => true;

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

    private protected override TimeSpan LockWait => TimeSpan.FromSeconds(LockTimeout);

    /// <summary>Acts on chains that were given; folders and bundles wait for the end of the pipe.</summary>
    private protected void PerChoice(Action<ChainChoice> act) => PerChoice(InputObject, ChainId, act);
}
