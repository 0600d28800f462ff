using System.Security.Cryptography;
using System.Text;
using BackupTools.Errors;

namespace BackupTools.Formats.Age;

/// <summary>
/// The head of an encrypted file (age-encryption.org/v1): the file key for each recipient, and a MAC under that key.
/// </summary>
internal sealed class AgeHeader
{
    /// <summary>Longer ones are refused: some hundreds of recipients.</summary>
    public const int Longest = 64 << 10;

    private const string Version = "age-encryption.org/v1\n";
    private const string AnyVersion = "age-encryption.org/";
    private const string Mark = "---";
    private const int MacTextLength = 43;

    private readonly byte[] _signed;
    private readonly byte[] _mac;

    private AgeHeader(IReadOnlyList<AgeStanza> stanzas, byte[] signed, byte[] mac)
    {
        Stanzas = stanzas;
        _signed = signed;
        _mac = mac;
    }

    /// <summary>One for each recipient; at least one.</summary>
    public IReadOnlyList<AgeStanza> Stanzas { get; }

    /// <summary>How many bytes of the file it takes.</summary>
    public int Length => _signed.Length + 1 + MacTextLength + 1;

    /// <summary>Tells a file from any other, whatever its name: nobody makes the same header twice.</summary>
    public string Id => Convert.ToHexString(_mac);

    /// <summary>True for the first bytes of an encrypted file of any version.</summary>
    public static bool Begins(ReadOnlySpan<byte> start) => start.StartsWith(Encoding.ASCII.GetBytes(AnyVersion));

    /// <summary>Makes a header for a new file.</summary>
    public static byte[] Write(AgeFileKey key, IEnumerable<IAgeRecipient> recipients)
    {
        var text = new StringBuilder(Version);
        foreach (var recipient in recipients)
        {
            recipient.Wrap(key).AppendTo(text);
        }
        text.Append(Mark);
        var mac = key.Mac(Encoding.ASCII.GetBytes(text.ToString()));
        return Encoding.ASCII.GetBytes(text.Append(' ').Append(AgeText.Encode(mac)).Append('\n').ToString());
    }

    /// <summary>
    /// Reads the header at the start of a file.
    /// </summary>
    /// <param name="start">The file, or so much of it as a header may take: <see cref="Longest"/>.</param>
    /// <exception cref="BackupException">BadMagic, UnsupportedVersion, Truncated, Malformed.</exception>
    public static AgeHeader Parse(ReadOnlySpan<byte> start)
    {
        if (!start.StartsWith(Encoding.ASCII.GetBytes(Version)))
        {
            throw NotOne(start);
        }
        var lines = new LineReader(start, Version.Length);
        var stanzas = new List<AgeStanza>();
        while (true)
        {
            var at = lines.At;
            var line = lines.Next();
            if (line.StartsWith("-> "u8))
            {
                stanzas.Add(ParseStanza(line[3..], ref lines, at));
                continue;
            }
            var mac = line.StartsWith("--- "u8) && line.Length == 4 + MacTextLength ? AgeText.Decode(line[4..]) : null;
            if (mac is null || stanzas.Count == 0)
            {
                throw Malformed(at);
            }
            RefuseMixed(stanzas);
            return new AgeHeader(stanzas, start[..(at + Mark.Length)].ToArray(), mac);
        }
    }

    /// <summary>Whether this is the key that the header was made with.</summary>
    public bool IsMadeWith(AgeFileKey key) => CryptographicOperations.FixedTimeEquals(key.Mac(_signed), _mac);

    private static AgeStanza ParseStanza(ReadOnlySpan<byte> line, ref LineReader lines, int at)
    {
        if (line.IndexOfAnyExceptInRange((byte)' ', (byte)'~') >= 0)
        {
            throw Malformed(at);
        }
        var arguments = Encoding.ASCII.GetString(line).Split(' ');
        if (Array.Exists(arguments, a => a.Length == 0))
        {
            throw Malformed(at);
        }
        using var body = new MemoryStream();
        while (true)
        {
            var start = lines.At;
            var text = lines.Next();
            if (text.Length > AgeStanza.LineLength || AgeText.Decode(text) is not { } bytes)
            {
                throw Malformed(start);
            }
            body.Write(bytes);
            if (text.Length < AgeStanza.LineLength)
            {
                return new AgeStanza(arguments[0], arguments[1..], body.ToArray());
            }
        }
    }

    /// <summary>
    /// Whoever knows the passphrase counts as the author of the file, so nobody else may be able to read it.
    /// </summary>
    private static void RefuseMixed(List<AgeStanza> stanzas)
    {
        if (stanzas.Count > 1 && stanzas.Exists(s => s.Type == PassphraseKey.StanzaType))
        {
            throw new BackupException(
                ErrorCode.Malformed,
                "the file is encrypted with a passphrase and for other recipients too, which the format forbids"
            );
        }
    }

    private static BackupException NotOne(ReadOnlySpan<byte> start) =>
        Encoding.ASCII.GetBytes(Version).AsSpan().StartsWith(start)
            ? new BackupException(ErrorCode.Truncated, "the encrypted file ends in its first line")
        : Begins(start)
            ? new BackupException(
                ErrorCode.UnsupportedVersion,
                "the file is encrypted in another version of the age format than v1"
            )
        : AgeArmor.Begins(start)
            ? new BackupException(
                ErrorCode.UnsupportedFormat,
                "the file is armored, so no range of it can be read on its own",
                recommendation: "Decrypt it with the age program, and encrypt it without armor."
            )
        : new BackupException(ErrorCode.BadMagic, "the file does not begin like an encrypted file");

    private static BackupException Malformed(int at) =>
        new(ErrorCode.Malformed, "the header of the encrypted file is malformed", offset: at);

    /// <summary>Lines that end with a line feed.</summary>
    private ref struct LineReader(ReadOnlySpan<byte> text, int at)
    {
        private readonly ReadOnlySpan<byte> _text = text;

        /// <summary>Where the next line begins.</summary>
        public int At { get; private set; } = at;

        public ReadOnlySpan<byte> Next()
        {
            var rest = _text[At..];
            var length = rest.IndexOf((byte)'\n');
            if (length < 0)
            {
                throw _text.Length < Longest
                    ? new BackupException(ErrorCode.Truncated, "the encrypted file ends in its header", offset: At)
                    : Malformed(At);
            }
            At += length + 1;
            return rest[..length];
        }
    }
}
