using System.Security.Cryptography;
using BackupTools.Errors;
using Org.BouncyCastle.Math.EC.Rfc7748;

namespace BackupTools.Formats.Age;

/// <summary>A public key: <c>age1…</c>.</summary>
internal sealed class X25519Recipient(byte[] point) : IAgeRecipient
{
    public const string StanzaType = "X25519";

    private const string Prefix = "age";

    /// <summary>The key as it is passed on.</summary>
    public override string ToString() => Bech32.Encode(Prefix, point);

    /// <summary>Reads a key. What is none may be a secret, given by mistake: it is not repeated.</summary>
    /// <exception cref="BackupException">InvalidOption.</exception>
    public static X25519Recipient Parse(string text)
    {
        if (Bech32.Decode(text) is (Prefix, { Length: X25519.PointSize } point))
        {
            return new X25519Recipient(point);
        }
        var isSecret = text.StartsWith("AGE-", StringComparison.OrdinalIgnoreCase);
        throw new BackupException(
            ErrorCode.InvalidOption,
            isSecret ? "a secret key is not a recipient"
                : Bech32.Decode(text) is not null || text.StartsWith("ssh-", StringComparison.Ordinal)
                    ? "recipients of this kind are not supported"
                : "this is not a recipient, or a character of it is wrong",
            recommendation: "Give an age public key (age1...)."
        );
    }

    public AgeStanza Wrap(AgeFileKey key)
    {
        var secret = RandomNumberGenerator.GetBytes(X25519.ScalarSize);
        var share = new byte[X25519.PointSize];
        X25519.ScalarMultBase(secret, 0, share, 0);
        return new AgeStanza(
            StanzaType,
            [AgeText.Encode(share)],
            WrapKey.Wrap(KeyOf(secret, other: point, share, point) ?? throw WeakKey(), key)
        );
    }

    /// <summary>The key under which a file key is wrapped; null where the other side's point keeps no secret.</summary>
    /// <param name="secret">Mine.</param>
    /// <param name="other">The other side's point.</param>
    /// <param name="share">The point that stands in the header.</param>
    /// <param name="recipient">The point that the file is encrypted to.</param>
    public static byte[]? KeyOf(byte[] secret, byte[] other, byte[] share, byte[] recipient)
    {
        var shared = new byte[X25519.PointSize];
        if (!X25519.CalculateAgreement(secret, 0, other, 0, shared, 0))
        {
            return null;
        }
        byte[] salt = [.. share, .. recipient];
        return HKDF.DeriveKey(HashAlgorithmName.SHA256, shared, 32, salt, "age-encryption.org/v1/X25519"u8.ToArray());
    }

    private static BackupException WeakKey() =>
        new(ErrorCode.InvalidOption, "this public key is weak and protects nothing");
}
