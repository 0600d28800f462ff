using System.Buffers.Binary;
using System.IO.Hashing;
using BackupTools.Formats.PowDb;

namespace BackupTools.Tests.Formats.PowDb;

public sealed class PowDbPageMacTests
{
    [Fact]
    public void A_page_has_the_tag_that_OpenSSL_gives_it()
    {
        // OpenSSL: 4,096 bytes (i mod 251) as associated data of AES-128-GCM, nonce of zeros, key 000102..0f.
        var page = Enumerable.Range(0, PowDbPage.Size).Select(i => (byte)(i % 251)).ToArray();
        var tag = new byte[PowDbFingerprints.Size];
        using var mac = new PowDbPageMac(new UInt128(0x0001020304050607, 0x08090A0B0C0D0E0F));

        mac.Compute(page, tag);

        Assert.Equal("3225aa5ed35745261a8df90e4881da7a", Convert.ToHexStringLower(tag));
    }

    [Fact]
    public void Each_page_has_the_fingerprint_that_it_has_alone()
    {
        var pages = new byte[5 * PowDbPage.Size];
        new Random(1).NextBytes(pages);
        var key = PowDbPageMac.NewKey();
        var all = new byte[5 * PowDbFingerprints.Size];
        using var mac = new PowDbPageMac(key);

        mac.Compute(pages, all);

        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(
                Of(key, pages.AsSpan(i * PowDbPage.Size, PowDbPage.Size)),
                BinaryPrimitives.ReadUInt128BigEndian(all.AsSpan(i * PowDbFingerprints.Size))
            );
        }
    }

    [Fact]
    public void One_changed_bit_anywhere_is_another_fingerprint()
    {
        var page = new byte[PowDbPage.Size];
        var key = PowDbPageMac.NewKey();
        var seen = new HashSet<UInt128> { Of(key, page) };
        for (var bit = 0; bit < 8 * page.Length; bit += 3)
        {
            page[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.True(seen.Add(Of(key, page)), $"bit {bit}");
            page[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Fact]
    public void Two_secrets_give_two_fingerprints_and_no_secret_comes_twice()
    {
        var page = new byte[PowDbPage.Size];
        var keys = Enumerable.Range(0, 1000).Select(_ => PowDbPageMac.NewKey()).ToArray();

        Assert.Equal(keys.Length, keys.Select(k => Of(k, page)).Distinct().Count());
    }

    /// <summary>
    /// Why the fingerprint is no XxHash128: that adds up the words of a lane, and the products of their halves, each
    /// masked with a word that comes of the one seed. Flipping bit 63 of two words leaves no trace where the low halves
    /// of both are equal behind their masks; whoever writes the page arranges that, up to the carries of the seed.
    /// </summary>
    [Fact]
    public void Two_bits_that_a_seeded_XxHash128_misses_are_seen()
    {
        var page = new byte[PowDbPage.Size];
        // The masks of these two words differ in just these bits under one of sixty seeds.
        BinaryPrimitives.WriteUInt32LittleEndian(page.AsSpan(SecondWord), 0x0A0A0410);
        var changed = page.ToArray();
        changed[FirstWord + 7] ^= 0x80;
        changed[SecondWord + 7] ^= 0x80;

        var random = new Random(7);
        var missed = 0;
        for (var run = 0; run < 2000; run++)
        {
            var seed = random.NextInt64(long.MinValue, long.MaxValue);
            missed += XxHash128.HashToUInt128(page, seed) == XxHash128.HashToUInt128(changed, seed) ? 1 : 0;
            if (run % 20 == 0)
            {
                var key = PowDbPageMac.NewKey();
                Assert.NotEqual(Of(key, page), Of(key, changed));
            }
        }
        // One of 130 seeds; of 2^128 it should be.
        Assert.InRange(missed, 2, 100);
    }

    // The first word of the stripes 0 and 12 in the second block of 1,024 bytes: in the midst of the rows.
    private const int FirstWord = 1024;
    private const int SecondWord = 1024 + (12 * 64);

    private static UInt128 Of(UInt128 key, ReadOnlySpan<byte> page)
    {
        var tag = new byte[PowDbFingerprints.Size];
        using var mac = new PowDbPageMac(key);
        mac.Compute(page, tag);
        return BinaryPrimitives.ReadUInt128BigEndian(tag);
    }
}
