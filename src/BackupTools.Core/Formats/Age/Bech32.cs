using System.Text;

namespace BackupTools.Formats.Age;

/// <summary>Bytes as letters and digits with a checksum (BIP 173, without its limit of 90 characters).</summary>
internal static class Bech32
{
    private const string Alphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    private const int ChecksumLength = 6;

    /// <summary>Longer texts are no keys.</summary>
    private const int Longest = 4096;

    private static readonly uint[] Generator = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];

    /// <summary>In lower case.</summary>
    public static string Encode(string prefix, ReadOnlySpan<byte> bytes)
    {
        var words = Regroup(bytes.ToArray(), from: 8, to: 5, pad: true)!;
        var check = Polymod([.. Expand(prefix), .. words, .. new byte[ChecksumLength]]) ^ 1;
        var text = new StringBuilder(prefix).Append('1');
        foreach (var word in words)
        {
            text.Append(Alphabet[word]);
        }
        for (var i = ChecksumLength - 1; i >= 0; i--)
        {
            text.Append(Alphabet[(int)(check >> (5 * i)) & 31]);
        }
        return text.ToString();
    }

    /// <summary>The prefix in lower case, and the bytes; null where the text is not what <see cref="Encode"/> gives.</summary>
    public static (string Prefix, byte[] Bytes)? Decode(string text)
    {
        var lower = text.ToLowerInvariant();
        if ((text.Any(char.IsAsciiLetterLower) && text.Any(char.IsAsciiLetterUpper)) || text.Length > Longest)
        {
            return null; // cases are not mixed
        }
        var at = lower.LastIndexOf('1');
        if (at < 1 || lower.Length - at - 1 < ChecksumLength || lower.Any(c => c is < '!' or > '~'))
        {
            return null;
        }
        var prefix = lower[..at];
        var words = lower[(at + 1)..].Select(c => Alphabet.IndexOf(c, StringComparison.Ordinal)).ToArray();
        if (Array.Exists(words, w => w < 0))
        {
            return null;
        }
        var all = Array.ConvertAll(words, w => (byte)w);
        if (Polymod([.. Expand(prefix), .. all]) != 1)
        {
            return null;
        }
        return Regroup(all[..^ChecksumLength], from: 5, to: 8, pad: false) is { } bytes ? (prefix, bytes) : null;
    }

    private static IEnumerable<byte> Expand(string prefix) =>
        prefix.Select(c => (byte)(c >> 5)).Append((byte)0).Concat(prefix.Select(c => (byte)(c & 31)));

    private static uint Polymod(IEnumerable<byte> words)
    {
        var check = 1u;
        foreach (var word in words)
        {
            var top = check >> 25;
            check = ((check & 0x1ffffff) << 5) ^ word;
            for (var i = 0; i < Generator.Length; i++)
            {
                check ^= ((top >> i) & 1) == 1 ? Generator[i] : 0;
            }
        }
        return check;
    }

    /// <summary>The same bits in words of another size; null where what is left over is not zeros of less than a word.</summary>
    private static byte[]? Regroup(byte[] words, int from, int to, bool pad)
    {
        var (value, bits) = (0, 0);
        var result = new List<byte>();
        foreach (var word in words)
        {
            value = ((value << from) | word) & 0xfff;
            bits += from;
            while (bits >= to)
            {
                bits -= to;
                result.Add((byte)((value >> bits) & ((1 << to) - 1)));
            }
        }
        var rest = (value << (to - bits)) & ((1 << to) - 1);
        if (pad)
        {
            return bits > 0 ? [.. result, (byte)rest] : [.. result];
        }
        return bits < from && rest == 0 ? [.. result] : null;
    }
}
