using System.Text;
using BackupTools.Errors;

namespace BackupTools.Formats.Age;

/// <summary>Files of keys: a key in each line, and comments. No error quotes a line.</summary>
internal static class AgeIdentityFile
{
    /// <summary>Longer ones are none.</summary>
    public const int Longest = 1 << 20;

    /// <summary>True where the file is itself encrypted, as by <c>age -p</c>.</summary>
    public static bool IsEncrypted(ReadOnlySpan<byte> bytes) => AgeHeader.Begins(bytes) || AgeArmor.Begins(bytes);

    /// <summary>The secret keys of a file.</summary>
    /// <exception cref="BackupException">Malformed, UnsupportedFormat.</exception>
    public static IReadOnlyList<X25519Identity> Parse(ReadOnlySpan<byte> bytes)
    {
        var keys = Lines(bytes).Select(l => X25519Identity.TryParse(l.Text) ?? throw NoKey(l.Text, l.Number)).ToList();
        return keys.Count > 0
            ? keys
            : throw new BackupException(ErrorCode.Malformed, "there is no key in the identity file");
    }

    /// <summary>The public keys of a file of recipients.</summary>
    /// <exception cref="BackupException">InvalidOption.</exception>
    public static IReadOnlyList<X25519Recipient> ParseRecipients(ReadOnlySpan<byte> bytes) =>
        [.. Lines(bytes).Select(l => X25519Recipient.Parse(l.Text))];

    /// <summary>What a new identity file holds.</summary>
    public static byte[] Write(X25519Identity identity, DateTimeOffset created) =>
        Encoding.ASCII.GetBytes(
            $"# created: {created.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ}\n# public key: {identity.Recipient}\n{identity.Export()}\n"
        );

    private static List<(string Text, int Number)> Lines(ReadOnlySpan<byte> bytes) =>
        [
            .. Encoding
                .UTF8.GetString(bytes)
                .Split('\n')
                .Select((line, i) => (Text: line.Trim().Trim('\uFEFF'), Number: i + 1))
                .Where(l => l.Text.Length > 0 && !l.Text.StartsWith('#')),
        ];

    private static BackupException NoKey(string line, int number) =>
        Bech32.Decode(line) is not null || line.StartsWith("-----BEGIN OPENSSH", StringComparison.Ordinal)
            ? new BackupException(
                ErrorCode.UnsupportedFormat,
                $"the key in line {number} of the identity file is of a kind that is not supported",
                recommendation: "Use an age key (AGE-SECRET-KEY-1...)."
            )
            : new BackupException(
                ErrorCode.Malformed,
                $"line {number} of the identity file is not a key, or a character of it is wrong",
                recommendation: "Give the original key file, unchanged."
            );
}
