namespace BackupTools.Formats.Age;

/// <summary>Who may read a file.</summary>
internal interface IAgeRecipient
{
    /// <summary>The file key, for whom this stands.</summary>
    AgeStanza Wrap(AgeFileKey key);
}

/// <summary>What a reader has: a secret.</summary>
internal interface IAgeIdentity
{
    /// <summary>The file key; null where the file is for others.</summary>
    /// <exception cref="Errors.BackupException">Malformed, UnsupportedFormat.</exception>
    AgeFileKey? Unwrap(AgeHeader header);
}
