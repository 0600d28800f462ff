using System.Buffers.Binary;
using System.Security.Cryptography;

namespace BackupTools.Formats.PowDb;

/// <summary>Fingerprints of pages under the secret of a chain: AES-128-GCM's authentication tag (GMAC).</summary>
/// <remarks>
/// Whoever writes rows chooses what is in a page, so a fingerprint must not be foreseeable: two pages that somebody
/// prepared have the same tag with a probability below 2^-119 (257 blocks of 16 bytes, NIST SP 800-38D), as long as
/// the secret is one. XxHash128 is eight times as fast, but for pages that differ in two well-chosen bits it has the same
/// value under one of 130 seeds; BLAKE3 of a page needs no secret, but four to seven times as long.
/// Not safe for several threads at once.
/// </remarks>
internal sealed class PowDbPageMac : IDisposable
{
    // That it is always the same discloses how two tags differ, to somebody who sees tags: who does sees the secret too.
    private static readonly byte[] Nonce = new byte[12];

    private readonly AesGcm _gcm;

    public PowDbPageMac(UInt128 key)
    {
        Span<byte> bytes = stackalloc byte[PowDbFingerprints.Size];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, key);
        _gcm = new AesGcm(bytes, PowDbFingerprints.Size);
        bytes.Clear();
    }

    /// <summary>A new secret.</summary>
    public static UInt128 NewKey()
    {
        Span<byte> bytes = stackalloc byte[PowDbFingerprints.Size];
        RandomNumberGenerator.Fill(bytes);
        return BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }

    /// <summary>Computes the fingerprints of whole pages, one after the other.</summary>
    public void Compute(ReadOnlySpan<byte> pages, Span<byte> fingerprints)
    {
        for (; pages.Length >= PowDbPage.Size; pages = pages[PowDbPage.Size..])
        {
            _gcm.Encrypt(Nonce, [], [], fingerprints[..PowDbFingerprints.Size], pages[..PowDbPage.Size]);
            fingerprints = fingerprints[PowDbFingerprints.Size..];
        }
    }

    public void Dispose() => _gcm.Dispose();
}
