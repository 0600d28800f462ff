using System.Security.Cryptography;
using System.Text;
using BackupTools.Errors;
using BackupTools.Formats.Age;
using Org.BouncyCastle.Math.EC.Rfc8032;

namespace BackupTools.Encryption;

/// <summary>A secret key of Ed25519, which signs bundles. Never shown but in the file that it is made for.</summary>
internal sealed class SigningKey
{
    /// <summary>Longer files are none.</summary>
    public const int LongestFile = 4096;

    private const int Length = 32;

    private const string Prefix = "backuptools-signing-key-";

    private readonly byte[] _secret;

    private SigningKey(byte[] secret)
    {
        _secret = secret;
        var point = new byte[Ed25519.PublicKeySize];
        Ed25519.GeneratePublicKey(secret, 0, point, 0);
        Public = new TrustedKey(point);
    }

    /// <summary>The public key that belongs to it.</summary>
    public TrustedKey Public { get; }

    public static SigningKey New() => new(RandomNumberGenerator.GetBytes(Ed25519.SecretKeySize));

    /// <summary>The key of a file: one line, and comments. No error quotes a line.</summary>
    /// <exception cref="BackupException">Malformed.</exception>
    public static SigningKey Parse(ReadOnlySpan<byte> file)
    {
        var lines = Encoding
            .UTF8.GetString(file)
            .Split('\n', StringSplitOptions.TrimEntries)
            .Where(l => l.Length > 0 && !l.StartsWith('#'))
            .ToList();
        return lines is [var line] && Bech32.Decode(line) is (Prefix, { Length: Length } secret)
            ? new SigningKey(secret)
            : throw new BackupException(
                ErrorCode.Malformed,
                "this is no file of a signing key",
                recommendation: "Give the file that the signing key was made in, as it was made."
            );
    }

    /// <summary>What a new file holds.</summary>
    public byte[] Write(DateTimeOffset created) =>
        Encoding.ASCII.GetBytes(
            $"# created: {created.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ}\n# public key: {Public}\n"
                + $"{Bech32.Encode(Prefix, _secret).ToUpperInvariant()}\n"
        );

    /// <summary>The signature of a statement.</summary>
    public byte[] Sign(byte[] statement)
    {
        var message = TrustedKey.Message(statement);
        var signature = new byte[Ed25519.SignatureSize];
        Ed25519.Sign(_secret, 0, message, 0, message.Length, signature, 0);
        return signature;
    }

    public override string ToString() => $"signing key of {Public}";
}
