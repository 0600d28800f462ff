using System.Management.Automation;
using System.Net;
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

    /// <summary>
    /// The access key as user name, its secret as password (Azure: account and key). Default: the environment, a profile, the machine.
    /// </summary>
    [Parameter]
    [Credential]
    [ValidateNotNull]
    public PSCredential? StoreCredential { get; set; }

    private protected override StoreOptions Stores =>
        this is not IStoreWriter writer
            ? Reached
            : Reached with
            {
                SingleWriter = writer.SingleWriter,
                SpoolPath = writer.SpoolPath is null ? null : Paths.Literal(writer.SpoolPath),
                StorageClass = writer.StorageClass,
                StoreEncryption = writer.StoreEncryption,
                StoreKeyId = writer.StoreKeyId,
            };

    private StoreOptions Reached =>
        new()
        {
            StoreEndpoint = StoreEndpoint,
            StoreProfile = StoreProfile,
            StoreRegion = StoreRegion,
            StoreCaFile = StoreCaFile is null ? null : Paths.Literal(StoreCaFile),
            StorePathStyle = MyInvocation.BoundParameters.ContainsKey(nameof(StorePathStyle))
                ? StorePathStyle.ToBool()
                : null,
            StoreCredential = CredentialOf(StoreCredential),
        };

    /// <summary>As it is: an access key may have what divides users from domains.</summary>
    internal static NetworkCredential? CredentialOf(PSCredential? given) =>
        given is null ? null : new NetworkCredential(given.UserName, given.Password);
}
