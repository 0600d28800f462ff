using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using BackupTools.Errors;
using Org.BouncyCastle.Crypto.Generators;

namespace BackupTools.Formats.Age;

/// <summary>A passphrase, by which a file is encrypted and read.</summary>
internal sealed class PassphraseKey(byte[] passphrase, int workFactor = PassphraseKey.OfNewFiles)
    : IAgeRecipient,
        IAgeIdentity
{
    public const string StanzaType = "scrypt";

    /// <summary>About four seconds and 256 MiB for each try; that of the age program.</summary>
    public const int OfNewFiles = 18;

    /// <summary>1 GiB. The file says how much: a hostile one would ask for all there is.</summary>
    public const int Most = 20;

    private const int SaltLength = 16;

    public AgeStanza Wrap(AgeFileKey key)
    {
        var salt = RandomNumberGenerator.GetBytes(SaltLength);
        return new AgeStanza(
            StanzaType,
            [AgeText.Encode(salt), workFactor.ToString(CultureInfo.InvariantCulture)],
            WrapKey.Wrap(KeyOf(salt, workFactor), key)
        );
    }

    public AgeFileKey? Unwrap(AgeHeader header)
    {
        if (header.Stanzas is not [{ Type: StanzaType } stanza])
        {
            return null;
        }
        stanza.Require(arguments: 2);
        var salt = stanza.Argument(0, SaltLength);
        var text = stanza.Arguments[1];
        if (text.StartsWith('0') || !text.All(char.IsAsciiDigit))
        {
            throw stanza.Malformed();
        }
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var factor) && factor <= Most
            ? WrapKey.Unwrap(KeyOf(salt, factor), stanza.Body)
            : throw new BackupException(
                ErrorCode.UnsupportedFormat,
                $"the work factor of the passphrase (2^{text}) is so high that reading the file would take more than 1 GiB of memory",
                recommendation: $"Decrypt the file with the age program, and encrypt it with a work factor of at most {Most}."
            );
    }

    private byte[] KeyOf(byte[] salt, int factor)
    {
        byte[] prefixed = [.. Encoding.ASCII.GetBytes("age-encryption.org/v1/scrypt"), .. salt];
        return SCrypt.Generate(passphrase, prefixed, 1 << factor, 8, 1, 32);
    }
}
