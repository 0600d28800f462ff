using System.Buffers.Binary;
using BackupTools.Errors;
using BackupTools.Formats.Alopex;

namespace BackupTools.Tests.Formats.Alopex;

public sealed class AlopexBloomTests
{
    private const uint Hashes = 7;

    [Fact]
    public void A_key_is_known_by_the_bits_of_all_its_hashes_and_denied_without_any_one_of_them()
    {
        var filter = Filter(Hashes, 100);
        var bits = Bits("123456789"u8, Hashes, 800);
        Assert.Equal(Hashes, (uint)bits.Length);
        foreach (var bit in bits)
        {
            filter[8 + (bit / 8)] |= (byte)(1 << (int)(bit % 8));
        }

        Assert.True(AlopexBloom.Read(filter).MayContain(Key("123456789"u8)));
        Assert.False(AlopexBloom.Read(filter).MayContain(Key("123456780"u8)));
        foreach (var bit in bits)
        {
            var less = filter.ToArray();
            less[8 + (bit / 8)] ^= (byte)(1 << (int)(bit % 8));
            Assert.False(AlopexBloom.Read(less).MayContain(Key("123456789"u8)));
        }
    }

    [Fact]
    public void A_filter_without_bits_denies_every_key() =>
        Assert.False(AlopexBloom.Read(Filter(1, 0)).MayContain(Key("k"u8)));

    [Theory]
    [InlineData(1)]
    [InlineData(30)]
    [InlineData(64)]
    public void As_many_hashes_as_an_engine_may_use_are_taken(uint hashes)
    {
        var filter = Filter(hashes, 10);
        filter.AsSpan(8).Fill(255);

        Assert.True(AlopexBloom.Read(filter).MayContain(Key("k"u8)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(65)]
    [InlineData(uint.MaxValue)]
    public void No_hash_or_more_than_any_engine_uses_are_malformed(uint hashes)
    {
        var error = Assert.Throws<BackupException>(() => AlopexBloom.Read(Filter(hashes, 10)));

        Assert.Equal(
            (ErrorCode.Malformed, $"SSTable: the bloom filter claims {hashes} hashes for a key"),
            (error.Code, error.Message)
        );
    }

    [Theory]
    [InlineData(10, 17, "SSTable bloom truncated")]
    [InlineData(10, 19, "SSTable bloom has trailing bytes")]
    [InlineData(-1, 18, "SSTable bloom truncated")]
    [InlineData(0, 7, "SSTable block/index truncated")]
    [InlineData(0, 0, "SSTable block/index truncated")]
    public void A_filter_that_is_not_as_long_as_it_says_has_the_engines_words(int bits, int size, string said)
    {
        var filter = Filter(Hashes, 10);
        BinaryPrimitives.WriteInt32LittleEndian(filter.AsSpan(4), bits);
        Array.Resize(ref filter, size);

        var error = Assert.Throws<BackupException>(() => AlopexBloom.Read(filter));

        Assert.Equal((ErrorCode.Malformed, $"invalid format: {said}"), (error.Code, error.Message));
    }

    [Fact]
    public void Long_keys_are_compared_by_length_checksum_and_beginning()
    {
        var beginning = new byte[AlopexKey.PrefixSize];
        beginning.AsSpan().Fill((byte)'x');
        var one = Key([.. beginning, 1]);

        Assert.Equal((ulong)AlopexKey.PrefixSize + 1, one.Length);
        Assert.True(one.IsSameAs(Key([.. beginning, 1])));
        Assert.False(one.IsSameAs(Key([.. beginning, 2])));
        Assert.False(one.IsSameAs(Key([.. beginning, 1, 0])));
        Assert.Equal(0, one.OrderAgainst(Key([.. beginning, 2])));
        Assert.True(one.OrderAgainst(Key("y"u8)) < 0);
        one.Clear();
        Assert.True(one.IsSameAs(Key([])));
    }

    [Fact]
    public void A_key_is_the_same_in_whatever_pieces_it_comes()
    {
        var bytes = new byte[10_000];
        new Random(1).NextBytes(bytes);
        foreach (var piece in new[] { 1, 63, 64, 65, 4095, 4096, 4097 })
        {
            var key = new AlopexKey();
            foreach (var part in bytes.Chunk(piece))
            {
                key.Append(part);
            }
            Assert.True(key.IsSameAs(Key(bytes)));
            Assert.Equal((10_000UL, AlopexKeyReader.Crc(bytes)), (key.Length, key.Crc));
        }
    }

    private static AlopexKey Key(ReadOnlySpan<byte> bytes)
    {
        var key = new AlopexKey();
        key.Append(bytes);
        return key;
    }

    private static byte[] Filter(uint hashes, int bytes)
    {
        var filter = new byte[8 + bytes];
        BinaryPrimitives.WriteUInt32LittleEndian(filter, hashes);
        BinaryPrimitives.WriteInt32LittleEndian(filter.AsSpan(4), bytes);
        return filter;
    }

    /// <summary>§4: bit_i = ((h1 + i*h2) mod 2^32) mod m, in numbers that cannot overflow.</summary>
    private static uint[] Bits(ReadOnlySpan<byte> key, uint hashes, uint count)
    {
        var first = (ulong)AlopexKeyReader.Crc(key.ToArray());
        var step = (ulong)Math.Max(1, AlopexKeyReader.Crc([.. key, 0xA5]));
        return
        [
            .. Enumerable.Range(0, (int)hashes).Select(i => (uint)((first + ((ulong)i * step)) % (1UL << 32) % count)),
        ];
    }
}
