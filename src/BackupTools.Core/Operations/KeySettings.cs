using System.Security;

namespace BackupTools.Operations;

/// <summary>Which key is to be made.</summary>
public sealed record KeySettings
{
    /// <summary>The identity file; absolute. Nothing is written over.</summary>
    public required string Path { get; init; }

    /// <summary>A key to sign bundles with, instead of one to read encrypted bundles with.</summary>
    public bool Signing { get; init; }

    /// <summary>Encrypts the file, as <c>age -p</c> does; null for none.</summary>
    public SecureString? Passphrase { get; init; }

    /// <summary>A file whose first line is that passphrase; absolute. Null for none.</summary>
    public string? PassphraseFile { get; init; }
}
