using System.Management.Automation;
using System.Security;
using BackupTools.Operations;

namespace BackupTools.PowerShell.Commands;

/// <summary>What the cmdlets share that read bundles: these may lie in a store, and may be encrypted.</summary>
public abstract class ReadingCommandBase : StoreCommandBase
{
    /// <summary>Files of secret keys of age, to read encrypted bundles with. Taken literally.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[]? IdentityPath { get; set; }

    /// <summary>The passphrase of an encrypted identity file, or of bundles that were encrypted with one.</summary>
    [Parameter]
    [ValidateNotNull]
    public SecureString? IdentityPassphrase { get; set; }

    /// <summary>A file whose first line is that passphrase. Taken literally.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? PassphraseFile { get; set; }

    /// <summary>Public keys of signers: with any, only bundles count that one of them has signed.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[]? TrustedKey { get; set; }

    private protected override bool ReadsStores => true;

    private protected override Identities ReadIdentities() =>
        IdentitiesOf(IdentityPath, IdentityPassphrase, PassphraseFile, TrustedKey);
}
