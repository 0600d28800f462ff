using System.Management.Automation;
using BackupTools.Options;

namespace BackupTools.PowerShell.Commands;

/// <summary>What the cmdlets share that take bundles in object stores: how the store is reached.</summary>
public abstract class StoreCommandBase : BackupCommandBase
{
    /// <summary>The URL of a store that is not AWS.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? StoreEndpoint { get; set; }

    /// <summary>The profile with the credentials, of the files of the AWS tools.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? StoreProfile { get; set; }

    /// <summary>The region of the bucket.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? StoreRegion { get; set; }

    /// <summary>A PEM file with the certificate of the authority that the store's is of.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? StoreCaFile { get; set; }

    /// <summary>The bucket is in the path, and not in the host's name. Default: where an endpoint is given.</summary>
    [Parameter]
    public SwitchParameter StorePathStyle { get; set; }

    /// <summary>How the store is reached, and written.</summary>
    private protected StoreOptions StoresToWrite(SwitchParameter singleWriter, string? spoolPath) =>
        StoresToRead with
        {
            SingleWriter = singleWriter,
            SpoolPath = spoolPath is null ? null : Paths.Literal(spoolPath),
        };

    private protected override StoreOptions Stores => StoresToRead;

    private StoreOptions StoresToRead =>
        new()
        {
            StoreEndpoint = StoreEndpoint,
            StoreProfile = StoreProfile,
            StoreRegion = StoreRegion,
            StoreCaFile = StoreCaFile is null ? null : Paths.Literal(StoreCaFile),
            StorePathStyle = MyInvocation.BoundParameters.ContainsKey(nameof(StorePathStyle))
                ? StorePathStyle.ToBool()
                : null,
        };
}
