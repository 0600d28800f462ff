using System.Security;
using BackupTools.Encryption;
using BackupTools.Errors;
using BackupTools.Files;

namespace BackupTools.Operations;

/// <summary>
/// What encrypted bundles are read with, and whose bundles count. The files are read when the first operation begins; an object that serves several
/// operations tries a passphrase once.
/// </summary>
public sealed class Identities
{
    private readonly Lock _gate = new();
    private KeyRing? _keys;

    /// <summary>Identity files (AGE-SECRET-KEY-1…, also as encrypted by <c>age -p</c>); absolute.</summary>
    public IReadOnlyList<string> Paths { get; init; } = [];

    /// <summary>The passphrase of encrypted identity files, and of bundles that one was encrypted with; null for none.</summary>
    public SecureString? Passphrase { get; init; }

    /// <summary>A file whose first line is the passphrase; absolute. Null for none.</summary>
    public string? PassphraseFile { get; init; }

    /// <summary>Public keys of signers (btsign1…): with any, only bundles count that one of them has signed.</summary>
    public IReadOnlyList<string> TrustedKeys { get; init; } = [];

    /// <summary>What can be read with them.</summary>
    /// <exception cref="BackupException">
    /// PathNotFound, AccessDenied, Malformed, IdentityRequired, IdentityMismatch: a file of keys cannot be used.
    /// </exception>
    internal KeyRing Open(IReadingDisk disk)
    {
        lock (_gate)
        {
            return _keys ??= IdentityFiles.Open(Paths, PassphraseText.Read(Passphrase, PassphraseFile, disk), disk);
        }
    }
}
