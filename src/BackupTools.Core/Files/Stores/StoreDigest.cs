using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace BackupTools.Files.Stores;

/// <summary>The digests that stores take of what is sent, and by which they name a content (ETag).</summary>
[SuppressMessage("Security", "CA5351", Justification = "The protocol has it, against faults and not against people.")]
internal static class StoreDigest
{
    public static byte[] Md5(ReadOnlySpan<byte> content) => MD5.HashData(content);

    public static IncrementalHash Md5() => IncrementalHash.CreateHash(HashAlgorithmName.MD5);

    public static string Sha256(ReadOnlySpan<byte> content) => Convert.ToHexStringLower(SHA256.HashData(content));

    /// <summary>The ETag of a content that was sent in these parts, or as a whole; a store that encrypts has another.</summary>
    public static string ETag(IReadOnlyList<byte[]> parts, bool isWhole) =>
        isWhole
            ? Convert.ToHexStringLower(parts[0])
            : $"{Convert.ToHexStringLower(Md5(parts.SelectMany(p => p).ToArray()))}-{parts.Count}";

    /// <summary>Without the quotes that some answers have and others have not.</summary>
    public static string Bare(string etag) => etag.Trim('"');
}
