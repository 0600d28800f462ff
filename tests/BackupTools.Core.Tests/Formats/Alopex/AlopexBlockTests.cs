using System.Buffers.Binary;
using BackupTools.Errors;
using BackupTools.Formats.Alopex;
using static BackupTools.Tests.Formats.Alopex.AlopexTables;

namespace BackupTools.Tests.Formats.Alopex;

/// <summary>Tables whose checksums are right and whose blocks are not.</summary>
public sealed class AlopexBlockTests
{
    private const int Lz4 = 1;
    private const int FirstBlock = 32;
    private const int HeadSize = 25;

    private static readonly AlopexRow[] Rows = [AlopexRow.Of("a", 5, "one"), AlopexRow.Of("b", 5, null)];

    [Theory]
    [InlineData(1, "a block ends inside its entries")]
    [InlineData(-1, "a block has more bytes or fewer than its entries say")]
    public void A_block_has_the_entries_that_its_head_says(int more, string said) =>
        Blames(said, b => b with { Entries = b.Entries + more });

    [Theory]
    [InlineData(1)]
    [InlineData(HeadSize - 1)]
    public void A_block_ends_with_its_last_entry(int more) =>
        Blames(
            "a block ends inside its entries",
            b => b with { Payload = [.. b.Payload, .. new byte[more]], Plain = b.Plain + more }
        );

    [Theory]
    [InlineData(17)] // first entry, key length
    [InlineData(21)]
    [InlineData(HeadSize + 4 + 17)] // second entry
    public void An_entry_ends_inside_its_block(int length) =>
        Blames(
            "a block has more bytes or fewer than its entries say",
            b =>
            {
                b.Payload[length] += 27;
                return b;
            }
        );

    [Theory]
    [InlineData(0, 2)]
    [InlineData(0, 1)] // a delete with a value
    public void An_entry_is_a_put_or_a_delete_without_a_value(int at, byte type) =>
        Blames(
            $"an entry is of unknown type {type}, or a delete with a value",
            b =>
            {
                b.Payload[at] = type;
                return b;
            }
        );

    [Fact]
    public void The_keys_of_the_index_are_the_first_and_the_last_of_the_block()
    {
        Blames("the first key of a block differs from the one in the index", b => b with { First = "b"u8.ToArray() });
        Blames("the last key of a block differs from the one in the index", b => b with { Last = "c"u8.ToArray() });
    }

    [Fact]
    public void A_block_that_does_not_say_its_own_length_is_found_without_looking_at_entries()
    {
        var error = Refused(AlopexTableBuilder.Build(Rows, block: b => b with { Plain = b.Plain + 1 }), deep: false);

        Assert.Equal(
            (ErrorCode.Malformed, "SSTable: a block of 55 bytes says it has 56", (long)FirstBlock),
            (error.Code, error.Message, error.Offset)
        );
    }

    [Fact]
    public void A_version_that_stands_twice_is_not_in_order()
    {
        var twice = AlopexTableBuilder.Build([AlopexRow.Of("a", 5, "1"), AlopexRow.Of("a", 5, "1")]);

        Assert.Equal("SSTable: entries are not in order", Refused(twice).Message);
    }

    [Fact]
    public void An_empty_key_with_an_empty_value_is_an_entry_like_any_other()
    {
        Scan(AlopexTableBuilder.Build([AlopexRow.Of("", 5, "")]));

        var later = AlopexTableBuilder.Build([AlopexRow.Of("", 5, "")], bloom: false);
        later[^24]++;
        Assert.Contains("timestamps 5..5", Refused(later).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_coded_block_reads_like_a_plain_one_in_pieces_of_any_size()
    {
        var table = AlopexTableBuilder.Build(Rows, codec: Lz4, block: Coded);

        foreach (var piece in new[] { 1, 3, 7, 1000 })
        {
            Assert.Equal(0, Scan(table, piece).OpaqueBlocks);
        }
        Blames("a block ends inside its entries", b => Coded(b with { Entries = b.Entries + 1 }), Lz4);
    }

    [Fact]
    public void Both_lengths_of_a_coded_block_are_compared() =>
        Blames("the two lengths of a coded block differ", b => Coded(b) with { Plain = b.Plain + 1 }, Lz4);

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public void A_coded_block_too_short_for_its_own_length_is_malformed(int size) =>
        Blames(
            $"a coded block of {size} bytes cannot hold 0",
            b => b with { Payload = new byte[size], Plain = 0 },
            Lz4
        );

    [Fact]
    public void A_coded_block_too_large_to_be_held_is_checked_by_its_checksum_alone()
    {
        var table = AlopexTableBuilder.Build(
            Rows,
            codec: Lz4,
            block: b => b with { Payload = new byte[100_000], Plain = 17 << 20 }
        );

        Assert.Equal(1, Scan(table).OpaqueBlocks);

        table[FirstBlock + 100]++;
        var error = Refused(AlopexTableBuilder.Reseal(table));
        Assert.Equal((ErrorCode.ChecksumMismatch, (long)FirstBlock), (error.Code, error.Offset));
    }

    [Fact]
    public void A_lz4_block_that_claims_more_than_its_bytes_can_hold_is_refused_before_it_is_allocated()
    {
        var table = File.ReadAllBytes(AlopexFixtures.At("codec-lz4/data/sst/1.sst"));
        const int Block = AlopexTableLayout.HeaderSize;
        BinaryPrimitives.WriteInt32LittleEndian(table.AsSpan(Block + 4), 16 << 20);
        BinaryPrimitives.WriteInt32LittleEndian(table.AsSpan(Block + 8), 16 << 20);
        AlopexTableBuilder.Reseal(table);

        var before = GC.GetAllocatedBytesForCurrentThread();
        var error = Assert.Throws<BackupException>(() => Scan(table));

        Assert.Equal(ErrorCode.Malformed, error.Code);
        Assert.Contains("cannot hold", error.Message, StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    private static void Blames(string said, Func<AlopexBlock, AlopexBlock> change, int codec = 0)
    {
        var error = Refused(AlopexTableBuilder.Build(Rows, codec: codec, block: change));

        Assert.Equal(
            (ErrorCode.Malformed, $"SSTable: {said}", (long)FirstBlock),
            (error.Code, error.Message, error.Offset)
        );
    }

    /// <summary>An LZ4 block of literals only, behind its length.</summary>
    private static AlopexBlock Coded(AlopexBlock plain) =>
        plain with
        {
            Payload =
            [
                .. AlopexTableBuilder.U32(plain.Plain),
                0xF0,
                (byte)(plain.Payload.Length - 15),
                .. plain.Payload,
            ],
        };
}
