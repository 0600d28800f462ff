using System.Management.Automation;

namespace BackupTools.PowerShell.Commands;

/// <summary>What the cmdlets share that take or copy bundles, or remove them, in object stores too.</summary>
public abstract class StoreWriterCommandBase : BackupCommandBase
{
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
}
