using System.Buffers.Text;
using System.Text;

namespace BackupTools.Formats.Age;

/// <summary>Base64 as headers have it: without padding, and in one spelling only.</summary>
internal static class AgeText
{
    /// <summary>The bytes; null where the text is not what <see cref="Encode"/> makes of any.</summary>
    public static byte[]? Decode(ReadOnlySpan<byte> text)
    {
        if (text.Length % 4 == 1)
        {
            return null;
        }
        var padded = new byte[(text.Length + 3) & ~3];
        padded.AsSpan().Fill((byte)'=');
        text.CopyTo(padded);
        var bytes = new byte[padded.Length / 4 * 3];
        if (
            Base64.DecodeFromUtf8(padded, bytes, out _, out var length) == System.Buffers.OperationStatus.Done
            && text.SequenceEqual(Encoding.ASCII.GetBytes(Encode(bytes.AsSpan(0, length))))
        )
        {
            return bytes[..length];
        }
        return null;
    }

    public static string Encode(ReadOnlySpan<byte> bytes) => Convert.ToBase64String(bytes).TrimEnd('=');
}
