using BackupTools.Errors;
using BackupTools.Formats.Age;
using Org.BouncyCastle.Math.EC.Rfc8032;

namespace BackupTools.Encryption;

/// <summary>The public key of who signs bundles: <c>btsign1…</c>.</summary>
internal sealed class TrustedKey(byte[] point)
{
    private const string Prefix = "btsign";
    private const int Length = 32;

    /// <summary>Reads a key.</summary>
    /// <exception cref="BackupException">InvalidOption; what was given is not repeated.</exception>
    public static TrustedKey Parse(string text) =>
        Bech32.Decode(text) is (Prefix, { Length: Length } point)
            ? new TrustedKey(point)
            : throw new BackupException(
                ErrorCode.InvalidOption,
                "a key to trust is no public key of a signer, or one letter of it is wrong",
                recommendation: "Give the key as it was emitted when it was made: btsign1..."
            );

    /// <summary>True where the owner of the key has signed the statement.</summary>
    public bool HasSigned(byte[] statement, byte[] signature)
    {
        var message = Message(statement);
        return signature.Length == Ed25519.SignatureSize
            && Ed25519.Verify(signature, 0, point, 0, message, 0, message.Length);
    }

    public override string ToString() => Bech32.Encode(Prefix, point);

    /// <summary>What is signed: a statement about a bundle, and nothing that a key of this kind may sign elsewhere.</summary>
    internal static byte[] Message(byte[] statement) => [.. "BackupTools signed bundle v1\n"u8, .. statement];
}
