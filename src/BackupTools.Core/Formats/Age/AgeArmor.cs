using System.Text;
using BackupTools.Errors;

namespace BackupTools.Formats.Age;

/// <summary>An encrypted file as text (PEM, RFC 7468, in its strict form). Of identity files; bundles are binary.</summary>
internal static class AgeArmor
{
    private const string First = "-----BEGIN AGE ENCRYPTED FILE-----";
    private const string Last = "-----END AGE ENCRYPTED FILE-----";
    private const int LineLength = 64;

    /// <summary>True for the first bytes of such a file; white space may precede it.</summary>
    public static bool Begins(ReadOnlySpan<byte> start) =>
        start.TrimStart(" \t\r\n"u8).StartsWith(Encoding.ASCII.GetBytes(First));

    /// <summary>The encrypted file.</summary>
    /// <exception cref="BackupException">Malformed.</exception>
    public static byte[] Decode(ReadOnlySpan<byte> text)
    {
        var lines = Encoding.Latin1.GetString(text).Trim(' ', '\t', '\r', '\n').Split('\n');
        for (var i = 0; i < lines.Length - 1; i++)
        {
            lines[i] = lines[i].EndsWith('\r') ? lines[i][..^1] : lines[i];
        }
        if (lines.Length < 3 || lines[0] != First || lines[^1] != Last)
        {
            throw Malformed();
        }
        var body = lines[1..^1];
        if (body[..^1].Any(l => l.Length != LineLength) || body[^1].Length is 0 or > LineLength)
        {
            throw Malformed();
        }
        var base64 = string.Concat(body);
        var bytes = new byte[base64.Length / 4 * 3];
        return
            Convert.TryFromBase64String(base64, bytes, out var length)
            && Convert.ToBase64String(bytes.AsSpan(0, length)) == base64
            ? bytes[..length]
            : throw Malformed();
    }

    private static BackupException Malformed() =>
        new(ErrorCode.Malformed, "the armor of the encrypted file is malformed");
}
