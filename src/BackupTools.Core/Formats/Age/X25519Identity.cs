using System.Security.Cryptography;
using Org.BouncyCastle.Math.EC.Rfc7748;

namespace BackupTools.Formats.Age;

/// <summary>A secret key: <c>AGE-SECRET-KEY-1…</c>. Never shown but in the file that it is made for.</summary>
internal sealed class X25519Identity : IAgeIdentity
{
    private const string Prefix = "age-secret-key-";

    private readonly byte[] _secret;
    private readonly byte[] _public = new byte[X25519.PointSize];

    private X25519Identity(byte[] secret)
    {
        _secret = secret;
        X25519.ScalarMultBase(secret, 0, _public, 0);
        Recipient = new X25519Recipient(_public);
    }

    /// <summary>The public key that belongs to it.</summary>
    public X25519Recipient Recipient { get; }

    public static X25519Identity New() => new(RandomNumberGenerator.GetBytes(X25519.ScalarSize));

    /// <summary>Reads a key; null where the text is none.</summary>
    public static X25519Identity? TryParse(string text) =>
        Bech32.Decode(text) is (Prefix, { Length: X25519.ScalarSize } secret) ? new X25519Identity(secret) : null;

    /// <summary>The key as it stands in an identity file.</summary>
    public string Export() => Bech32.Encode(Prefix, _secret).ToUpperInvariant();

    public AgeFileKey? Unwrap(AgeHeader header)
    {
        AgeFileKey? found = null;
        foreach (var stanza in header.Stanzas.Where(s => s.Type == X25519Recipient.StanzaType))
        {
            stanza.Require(arguments: 1);
            var share = stanza.Argument(0, X25519.PointSize);
            var key = X25519Recipient.KeyOf(_secret, other: share, share, _public) ?? throw stanza.Malformed();
            found ??= WrapKey.Unwrap(key, stanza.Body);
        }
        return found;
    }

    public override string ToString() => $"identity of {Recipient}";
}
