using System.Management.Automation;
using System.Security;
using BackupTools.Operations;
using BackupTools.Reports;

namespace BackupTools.PowerShell.Commands;

/// <summary>New-BackupKey: a secret key to read encrypted copies with, and the public key to encrypt them for.</summary>
[Cmdlet(VerbsCommon.New, "BackupKey", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Low)]
[OutputType(typeof(KeyInfo))]
public sealed class NewBackupKeyCommand : CommandBase
{
    /// <summary>The file to write the secret key to; nothing is replaced. Taken literally.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = null!;

    /// <summary>Encrypt the file with this passphrase, as age -p does.</summary>
    [Parameter]
    [ValidateNotNull]
    public SecureString? IdentityPassphrase { get; set; }

    /// <summary>A file whose first line is that passphrase. Taken literally.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? PassphraseFile { get; set; }

    /// <summary>Make a key to sign bundles with, instead of one to read encrypted bundles with.</summary>
    [Parameter]
    public SwitchParameter Signing { get; set; }

    /// <inheritdoc/>
    protected override void EndProcessing() => PerItem(Path, Create);

    private void Create()
    {
        var settings = new KeySettings
        {
            Path = Paths.Literal(Path),
            Signing = Signing,
            Passphrase = IdentityPassphrase,
            PassphraseFile = PassphraseFile is null ? null : Paths.Literal(PassphraseFile),
        };
        var plan = Pump.Execute("Looking at the path", 1, host => CreateKey.Plan(settings, host));
        if (IsAgreed("Make this key?", plan))
        {
            var key = Pump.Execute("Making a key", 1, host => CreateKey.Execute(plan, host));
            WriteObject(WithPSPath(key, key.FullName));
        }
    }
}
