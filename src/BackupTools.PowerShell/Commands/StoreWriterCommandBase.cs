using System.Management.Automation;
using BackupTools.Options;

namespace BackupTools.PowerShell.Commands;

/// <summary>What the cmdlets share that take or copy bundles, or remove them, in object stores too.</summary>
public abstract class StoreWriterCommandBase : StoreCommandBase
{
    /// <summary>Nobody else writes to the store: for stores that cannot keep two writers apart.</summary>
    [Parameter]
    public SwitchParameter SingleWriter { get; set; }

    /// <summary>Where what goes to a store is put together before. Default: a folder of the user's own.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? SpoolPath { get; set; }

    /// <summary>The storage class of S3, or tier of Azure, that bundles are put into. Default: the store's own.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? StorageClass { get; set; }

    /// <summary>How S3 encrypts what is put there: None (as the bucket says), SSE-S3 or SSE-KMS.</summary>
    [Parameter]
    [ValidateSet("None", "SSE-S3", "SSE-KMS")]
    public string? StoreEncryption { get; set; }

    /// <summary>SSE-KMS: the key. Default: the account's own.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? StoreKeyId { get; set; }

    private protected override StoreOptions Stores =>
        base.Stores with
        {
            SingleWriter = SingleWriter,
            SpoolPath = SpoolPath is null ? null : Paths.Literal(SpoolPath),
            StorageClass = StorageClass,
            StoreEncryption = StoreEncryption,
            StoreKeyId = StoreKeyId,
        };
}
