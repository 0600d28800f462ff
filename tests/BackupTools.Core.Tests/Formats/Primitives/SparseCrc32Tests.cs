using System.IO.Hashing;
using BackupTools.Formats.Primitives;

namespace BackupTools.Tests.Formats.Primitives;

public sealed class SparseCrc32Tests
{
    [Fact]
    public void Pieces_and_zeros_in_between_give_the_crc_of_the_whole()
    {
        foreach (var hole in Enumerable.Range(0, 70).Concat([1000, 4095, 4096, 65_537, 1_000_003]))
        {
            var whole = new byte[3 + hole + 5];
            whole.AsSpan(0, 3).Fill(0xA5);
            whole.AsSpan(3 + hole).Fill(0x5A);
            var crc = new SparseCrc32();

            crc.Append(whole.AsSpan(0, 3));
            crc.ZerosUpTo(3 + hole);
            Assert.Equal(3 + hole, crc.Length);
            crc.Append(Crc32.HashToUInt32(whole.AsSpan(3 + hole)), 5);

            Assert.Equal((hole, Crc32.HashToUInt32(whole)), (hole, crc.Current));
            Assert.Equal(whole.Length, crc.Length);
        }
    }

    [Fact]
    public void Zeros_up_to_what_is_behind_add_nothing()
    {
        var crc = new SparseCrc32();
        crc.Append("123456789"u8);

        crc.ZerosUpTo(9);
        crc.ZerosUpTo(2);

        Assert.Equal((0xCBF43926u, 9L), (crc.Current, crc.Length));
    }

    [Fact]
    public void A_hole_longer_than_any_memory_takes_no_time()
    {
        // x has the order 2^32 - 1 modulo the polynomial: so many bytes of zeros, eight bits each, leave the register as
        // it was.
        var crc = new SparseCrc32();
        crc.Append("123456789"u8);
        crc.ZerosUpTo(9 + (uint.MaxValue * 1000L));
        var before = crc.Current;
        crc.Append("123456789"u8);

        Assert.Equal(Crc32.HashToUInt32("123456789123456789"u8), crc.Current);
        Assert.Equal(0xCBF43926u, before);
    }
}
