using BackupTools.Encryption;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Reports;

namespace BackupTools.Operations;

/// <summary>Makes an age key: an identity file, which decrypts encrypted copies, and its recipient.</summary>
public static class CreateKey
{
    private const string Staged = "key";

    /// <summary>Looks whether a key can be made; writes nothing.</summary>
    /// <exception cref="BackupException">DestinationExists, or the passphrase cannot be read.</exception>
    public static KeyPlan Plan(KeySettings settings, OperationHost host)
    {
        if (host.Disk.Stat(settings.Path) is not null)
        {
            throw new BackupException(
                ErrorCode.DestinationExists,
                "something with this name already exists, and a key is never overwritten",
                settings.Path
            );
        }
        if (settings.Signing && (settings.Passphrase is not null || settings.PassphraseFile is not null))
        {
            throw new BackupException(
                ErrorCode.InvalidOption,
                "the file of a signing key is not encrypted: the machine that takes backups must read it unattended",
                settings.Path
            );
        }
        _ = PassphraseText.Read(settings.Passphrase, settings.PassphraseFile, host.Disk);
        return new KeyPlan(settings);
    }

    /// <summary>Makes the key: its file, for the owner only (0600), appears complete and flushed, or not at all.</summary>
    /// <exception cref="BackupException">DestinationExists, AccessDenied, DiskFull, WriteFailed.</exception>
    public static KeyInfo Execute(KeyPlan plan, OperationHost host)
    {
        var settings = plan.Settings;
        // Of the root of a drive that is not there, itself.
        var folder = Path.GetDirectoryName(settings.Path) ?? settings.Path;
        using var staging = StagingArea.Create(host.Disk, folder, host.Clock, host.Warning);
        var passphrase = PassphraseText.Read(settings.Passphrase, settings.PassphraseFile, host.Disk);
        var (bytes, recipient) = settings.Signing
            ? Make(SigningKey.New(), host.Clock.GetUtcNow())
            : IdentityFiles.Make(host.Clock.GetUtcNow(), passphrase);
        staging.Write(Staged, bytes);
        staging.Publish([PublishStep.Place(Staged, settings.Path)], host.Cancellation);
        return new KeyInfo
        {
            Recipient = recipient,
            FullName = settings.Path,
            IsEncrypted = plan.IsEncrypted,
        };
    }

    private static (byte[] File, string Public) Make(SigningKey key, DateTimeOffset created) =>
        (key.Write(created), $"{key.Public}");
}
