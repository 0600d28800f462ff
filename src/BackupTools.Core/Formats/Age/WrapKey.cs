namespace BackupTools.Formats.Age;

/// <summary>Encrypts a file key under a key that is used once.</summary>
internal static class WrapKey
{
    private static readonly byte[] Nonce = new byte[Aead.NonceLength];

    public static byte[] Wrap(byte[] wrapKey, AgeFileKey key)
    {
        var body = new byte[AgeFileKey.Length + Aead.TagLength];
        using var aead = Aead.Of(wrapKey);
        aead.Seal(Nonce, key.Bytes, body);
        return body;
    }

    /// <summary>Null where it was another key.</summary>
    public static AgeFileKey? Unwrap(byte[] wrapKey, byte[] body)
    {
        var key = new byte[AgeFileKey.Length];
        using var aead = Aead.Of(wrapKey);
        return aead.TryOpen(Nonce, body, key) ? new AgeFileKey(key) : null;
    }
}
