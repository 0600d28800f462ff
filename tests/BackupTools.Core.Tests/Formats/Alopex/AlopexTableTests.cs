using System.Buffers.Binary;
using BackupTools.Errors;
using BackupTools.Formats.Alopex;
using BackupTools.Tests.Files;
using FsCheck;
using FsCheck.Fluent;
using static BackupTools.Tests.Formats.Alopex.AlopexTables;

namespace BackupTools.Tests.Formats.Alopex;

public sealed class AlopexTableTests
{
    public static TheoryData<string> Tables =>
        new(
            Directory
                .GetFiles(AlopexFixtures.At(), "*.sst", SearchOption.AllDirectories)
                .Select(f => TempFolder.Relative(AlopexFixtures.At(), f))
        );

    [Theory]
    [MemberData(nameof(Tables))]
    public void Every_table_of_the_engine_passes_to_the_last_entry(string table)
    {
        var bytes = File.ReadAllBytes(AlopexFixtures.At(table));

        var scanner = Scan(bytes);

        Assert.Equal(AlopexKeyReader.Crc(bytes), scanner.WholeCrc);
        Assert.Equal(table.Contains("zstd", StringComparison.Ordinal), scanner.OpaqueBlocks > 0);
    }

    [Fact]
    public void Pieces_of_any_size_give_the_same_verdict()
    {
        var bytes = File.ReadAllBytes(AlopexFixtures.At("small/S2/data/sst/4.sst"));
        foreach (var piece in new[] { 1, 3, 24, 25, 4096, 7000 })
        {
            Assert.Equal(AlopexKeyReader.Crc(bytes), Scan(bytes, piece).WholeCrc);
        }
    }

    [Fact]
    public void Tables_with_long_keys_deletes_versions_and_large_values_pass()
    {
        var rows = new List<AlopexRow> { AlopexRow.Of("", 1, "empty key") };
        rows.Add(AlopexRow.Of("a", 9, null));
        rows.Add(AlopexRow.Of("a", 8, "older", 2));
        rows.Add(AlopexRow.Of("a", 8, "oldest", 1));
        rows.Add(AlopexRow.Of("b" + new string('x', 10_000), 4, new string('v', 50_000)));
        rows.Add(AlopexRow.Of("b" + new string('x', 10_001), 4, ""));
        foreach (var bloom in new[] { true, false })
        {
            Scan(AlopexTableBuilder.Build(rows, bloom: bloom));
        }
        Scan(AlopexTableBuilder.Build([]));
    }

    [Fact]
    public void A_wrong_block_checksum_is_found_although_the_file_checksum_is_right()
    {
        var table = Sound();
        table[100] ^= 1;
        var error = Refused(AlopexTableBuilder.Reseal(table));
        Assert.Equal((ErrorCode.ChecksumMismatch, 32L), (error.Code, error.Offset!.Value));
        Assert.StartsWith("checksum mismatch in block 0", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_wrong_file_checksum_comes_before_everything_that_follows_from_it()
    {
        var table = Sound();
        table[^60] ^= 1;
        Assert.Equal("checksum mismatch of the SSTable file", Refused(table).Message);
    }

    [Fact]
    public void Entries_out_of_order_are_found_only_when_looked_for()
    {
        var table = AlopexTableBuilder.Build([
            AlopexRow.Of("b", 1, "1"),
            AlopexRow.Of("a", 1, "2"),
            AlopexRow.Of("c", 1, "3"),
        ]);
        Scan(table, deep: false);
        Assert.Equal("SSTable: entries are not in order", Refused(table).Message);
        Assert.Equal(
            "SSTable: entries are not in order",
            Refused(AlopexTableBuilder.Build([AlopexRow.Of("a", 1, "1"), AlopexRow.Of("a", 2, "2")])).Message
        );
    }

    [Fact]
    public void What_header_and_footer_say_of_the_entries_is_compared()
    {
        var timestamps = Sound();
        timestamps[^24] ^= 1;
        Assert.Contains("timestamps", Refused(timestamps).Message, StringComparison.Ordinal);

        var lengths = Sound();
        lengths[24] ^= 1;
        Assert.Contains("the keys have", Refused(AlopexTableBuilder.Reseal(lengths)).Message, StringComparison.Ordinal);

        foreach (var at in new[] { 8, 12 }) // blocks, entries
        {
            var count = Sound();
            count[at] ^= 1;
            Assert.Contains(
                "the header says",
                Refused(AlopexTableBuilder.Reseal(count), deep: false).Message,
                StringComparison.Ordinal
            );
        }
    }

    [Fact]
    public void A_bloom_filter_that_denies_a_key_is_found()
    {
        var table = Sound();
        var layout = LayoutOf(table);
        table.AsSpan((int)layout.BloomOffset + 8, (int)layout.BloomSize - 8).Clear();
        Assert.Equal(
            "SSTable: the bloom filter denies a key that the table holds",
            Refused(AlopexTableBuilder.Reseal(table)).Message
        );
    }

    [Fact]
    public void A_block_that_is_not_where_the_index_says_is_found()
    {
        var table = Sound();
        var index = (int)LayoutOf(table).IndexOffset;
        table[index + 4]++;
        Assert.Contains(
            "block 0 should be",
            Refused(AlopexTableBuilder.Reseal(table)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void An_index_key_that_is_not_the_blocks_is_found()
    {
        var table = Sound();
        var index = (int)LayoutOf(table).IndexOffset;
        table[index + 20]++;
        Assert.Contains("first key", Refused(AlopexTableBuilder.Reseal(table)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(8, 40)] // reaches into the index
    [InlineData(8, 255)]
    [InlineData(8, 11)] // shorter than its head and checksum
    [InlineData(0, 33)]
    public void A_block_fills_the_data_area_as_the_index_says(int at, byte value)
    {
        var table = AlopexTableBuilder.Build([AlopexRow.Of("a", 1, "1")], index: i => i[4 + at] = value);

        var error = Refused(table, deep: false);

        Assert.Equal((ErrorCode.Malformed, 32L), (error.Code, error.Offset));
        Assert.StartsWith("SSTable: block 0 should be ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Bytes_behind_the_last_block_are_found()
    {
        var error = Refused(AlopexTableBuilder.Build([AlopexRow.Of("a", 1, "1")], gap: 3), deep: false);

        Assert.Equal(
            (ErrorCode.Malformed, "SSTable: the data area has bytes that no block of the index covers", 71L),
            (error.Code, error.Message, error.Offset)
        );
    }

    [Fact]
    public void Blocks_that_the_index_has_and_the_data_area_has_not_are_found()
    {
        var table = AlopexTableBuilder.Build(
            [AlopexRow.Of("a", 1, "1")],
            index: i =>
            {
                i[0]++;
                i.AddRange(new byte[20]);
            }
        );

        Assert.Equal(
            "SSTable: 1 blocks with 1 entries fill the data area, 1 more are in the index, the header says 1 and 1",
            Refused(table, deep: false).Message
        );
    }

    [Fact]
    public void A_fault_of_the_index_comes_before_those_of_the_blocks()
    {
        var table = AlopexTableBuilder.Build([AlopexRow.Of("a", 1, "1")], index: i => i.Add(0));
        table[40] ^= 1;

        Assert.Equal(
            "invalid format: SSTable index block has trailing bytes",
            Refused(AlopexTableBuilder.Reseal(table)).Message
        );
    }

    [Fact]
    public void The_head_of_a_filter_is_checked_also_when_the_filter_is_not_held()
    {
        var table = Sound();
        table[(int)LayoutOf(table).BloomOffset + 4]++;
        AlopexTableBuilder.Reseal(table);

        foreach (var piece in new[] { 1, 5, int.MaxValue })
        {
            var error = Assert.Throws<BackupException>(() => Scan(table, piece, deep: false, bloomToo: false));
            Assert.Equal("invalid format: SSTable bloom truncated", error.Message);
        }
    }

    [Fact]
    public void Where_a_filter_would_be_means_nothing_when_there_is_none()
    {
        var table = AlopexTableBuilder.Build([AlopexRow.Of("a", 1, "1")], bloom: false);
        table.AsSpan(table.Length - 36, 8).Fill(0x80);

        Assert.Equal(0, Scan(table).OpaqueBlocks);
    }

    [Fact]
    public void A_codec_that_no_engine_knows_is_unsupported()
    {
        var error = Refused(AlopexTableBuilder.Build([AlopexRow.Of("a", 1, "1")], codec: 3));

        Assert.Equal(
            (ErrorCode.UnsupportedFormat, "invalid format: unknown SSTable compression flag", 6L),
            (error.Code, error.Message, error.Offset)
        );
    }

    [Fact]
    public void A_table_that_ends_while_it_is_read_is_truncated()
    {
        var table = Sound();
        var layout = LayoutOf(table);
        var scanner = new AlopexTableScanner(layout, Index(table, layout, 100).GetEnumerator());

        scanner.Feed(table.AsSpan(0, table.Length - 1));

        var error = Assert.Throws<BackupException>(scanner.Finish);
        Assert.Equal((ErrorCode.Truncated, table.Length - 1L), (error.Code, error.Offset));
    }

    [Theory]
    [InlineData(79, "invalid format: SSTable file too small")]
    [InlineData(5000, "invalid format: SSTable footer magic mismatch")]
    public void A_cut_table_has_the_engines_words(int length, string message) =>
        Assert.Equal(
            message,
            Refused(File.ReadAllBytes(AlopexFixtures.At("small/S2/data/sst/2.sst"))[..length]).Message
        );

    [Fact]
    public void Any_single_changed_byte_of_a_table_is_noticed()
    {
        var table = Sound();
        var unnoticed = new List<int>();
        for (var i = 0; i < table.Length; i++)
        {
            table[i] ^= 0x55;
            try
            {
                Scan(table);
                unnoticed.Add(i);
            }
            catch (BackupException) { }
            table[i] ^= 0x55;
        }
        Assert.Empty(unnoticed);
    }

    [Fact]
    public void Any_bytes_between_sound_ends_end_in_a_verdict()
    {
        Prop.ForAll(
                ArbMap.Default.ArbFor<(byte[] Middle, uint Index, uint Size)>(),
                input =>
                {
                    byte[] table = [.. Sound()[..32], .. input.Middle, .. new byte[44], .. "TSSA"u8];
                    table[6] = 0;
                    var footer = table.AsSpan(table.Length - 48);
                    BinaryPrimitives.WriteUInt64LittleEndian(
                        footer,
                        32 + (input.Index % (uint)(input.Middle.Length + 1))
                    );
                    BinaryPrimitives.WriteUInt32LittleEndian(footer[8..], input.Size % (uint)(input.Middle.Length + 1));
                    var error = Record.Exception(() => Scan(AlopexTableBuilder.Reseal(table), bloomToo: false));
                    return error is null or BackupException;
                }
            )
            .QuickCheckThrowOnFailure();
    }
}
