using System.Security.Cryptography;

namespace BackupTools.Formats.Age;

/// <summary>The secret that one file is encrypted with. No two files have the same.</summary>
internal sealed class AgeFileKey(byte[] bytes)
{
    /// <summary>Bytes.</summary>
    public const int Length = 16;

    /// <summary>Bytes of the nonce before the payload.</summary>
    public const int NonceLength = 16;

    public ReadOnlySpan<byte> Bytes => bytes;

    public static AgeFileKey New() => new(RandomNumberGenerator.GetBytes(Length));

    /// <summary>The MAC of a header.</summary>
    public byte[] Mac(ReadOnlySpan<byte> header)
    {
        var key = HKDF.DeriveKey(HashAlgorithmName.SHA256, bytes, 32, salt: [], info: "header"u8.ToArray());
        return HMACSHA256.HashData(key, header);
    }

    /// <summary>What encrypts the payload after this nonce.</summary>
    public AgePayload Payload(ReadOnlySpan<byte> nonce) =>
        new(HKDF.DeriveKey(HashAlgorithmName.SHA256, bytes, 32, nonce.ToArray(), "payload"u8.ToArray()));
}
