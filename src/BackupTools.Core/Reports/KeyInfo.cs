namespace BackupTools.Reports;

/// <summary>A key that was made. The secret is in its file, and nowhere else.</summary>
public sealed record KeyInfo
{
    /// <summary>
    /// The public key: whoever has it can encrypt for the owner of the file, and read nothing. Of a signing key (btsign1…) the
    /// one that readers trust.
    /// </summary>
    public required string Recipient { get; init; }

    /// <summary>The identity file, which holds the secret key; absolute.</summary>
    public required string FullName { get; init; }

    /// <summary>The file is itself encrypted with a passphrase.</summary>
    public required bool IsEncrypted { get; init; }

    /// <summary>The public key, so that the object can be given wherever a recipient is wanted.</summary>
    public override string ToString() => Recipient;
}
