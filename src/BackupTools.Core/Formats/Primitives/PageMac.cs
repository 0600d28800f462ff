using System.Security.Cryptography;

namespace BackupTools.Formats.Primitives;

/// <summary>Fingerprints of pages under the secret of a chain: AES-128-GCM's authentication tag (GMAC).</summary>
/// <remarks>
/// Whoever writes rows chooses what is in a page, so a fingerprint must not be foreseeable: two pages of 4 KiB that
/// somebody prepared have the same tag with a probability below 2^-119 (257 blocks of 16 bytes, NIST SP 800-38D), as long
/// as the secret is one. XxHash128 is eight times as fast, but for pages that differ in two well-chosen bits it has the
/// same value under one of 130 seeds; BLAKE3 of a page needs no secret, but four to seven times as long.
/// Not safe for several threads at once.
/// </remarks>
/// <param name="key">The secret, <see cref="Length"/> bytes.</param>
internal sealed class PageMac(ReadOnlySpan<byte> key) : IDisposable
{
    /// <summary>Bytes of a secret, and of a fingerprint.</summary>
    public const int Length = 16;

    // That it is always the same discloses how two tags differ, to somebody who sees tags: who does sees the secret too.
    private static readonly byte[] Nonce = new byte[12];

    private readonly AesGcm _gcm = new(key, Length);

    /// <summary>The fingerprint of one page.</summary>
    public void Compute(ReadOnlySpan<byte> page, Span<byte> tag) => _gcm.Encrypt(Nonce, [], [], tag, page);

    public void Dispose() => _gcm.Dispose();
}
