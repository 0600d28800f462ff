using System.Buffers.Binary;
using BackupTools.Errors;
using BackupTools.Formats.Alopex;
using FsCheck;
using FsCheck.Fluent;

namespace BackupTools.Tests.Formats.Alopex;

public sealed class AlopexTableTests
{
    public static TheoryData<string> Tables =>
        new(
            Directory
                .GetFiles(AlopexFixtures.At(), "*.sst", SearchOption.AllDirectories)
                .Select(f => Path.GetRelativePath(AlopexFixtures.At(), f))
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

        var count = Sound();
        count[12] ^= 1;
        Assert.Contains(
            "the header says",
            Refused(AlopexTableBuilder.Reseal(count), deep: false).Message,
            StringComparison.Ordinal
        );
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

    [Fact]
    public void A_lz4_block_decodes_runs_literals_and_long_lengths()
    {
        // Made by hand after the block format: 4 literals, a match of 20 at distance 4; 3 literals.
        byte[] block = [0x4F, 1, 2, 3, 4, 4, 0, 1, 0x30, 9, 8, 7];
        var plain = new byte[27];

        Lz4Block.Decode(block, plain);

        Assert.Equal([1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4, 9, 8, 7], plain);
        foreach (var bad in new[] { block[..^1], [.. block, 0x10], [0x10, 1, 5, 0], [0xF0, 255, 255] })
        {
            Assert.Equal(ErrorCode.Malformed, Assert.Throws<BackupException>(() => Lz4Block.Decode(bad, plain)).Code);
        }
    }

    private static byte[] Sound() =>
        AlopexTableBuilder.Build(
            [
                .. Enumerable
                    .Range(0, 40)
                    .Select(i => AlopexRow.Of($"key{i:d4}", 5 + (ulong)(i % 3), i % 7 == 0 ? null : $"v{i}")),
            ],
            blockSize: 600
        );

    private static AlopexTableLayout LayoutOf(byte[] table) =>
        AlopexTableLayout.Read(
            table.AsSpan(0, Math.Min(32, table.Length)),
            table.AsSpan(Math.Max(0, table.Length - 48)),
            table.Length
        );

    private static BackupException Refused(byte[] table, bool deep = true) =>
        Assert.Throws<BackupException>(() => Scan(table, deep: deep));

    private static AlopexTableScanner Scan(
        byte[] table,
        int piece = int.MaxValue,
        bool deep = true,
        bool bloomToo = true
    )
    {
        var layout = LayoutOf(table);
        var filter =
            bloomToo && layout.BloomSize > 0
                ? AlopexBloom.Read(table.AsSpan((int)layout.BloomOffset, (int)layout.BloomSize).ToArray())
                : null;
        var scanner = new AlopexTableScanner(layout, Index(table, layout, piece).GetEnumerator(), deep, filter);
        for (var at = 0; at < table.Length; at += Math.Min(piece, table.Length - at))
        {
            scanner.Feed(table.AsSpan(at, Math.Min(piece, table.Length - at)));
        }
        scanner.Finish();
        return scanner;
    }

    private static IEnumerable<AlopexIndexReader> Index(byte[] table, AlopexTableLayout layout, int piece)
    {
        var reader = new AlopexIndexReader(layout.IndexSize);
        var at = (int)layout.IndexOffset;
        var end = at + (int)layout.IndexSize;
        while (at < end)
        {
            ReadOnlySpan<byte> chunk = table.AsSpan(at, Math.Min(piece, end - at));
            var before = chunk.Length;
            var found = reader.TryRead(ref chunk);
            at += before - chunk.Length;
            if (found)
            {
                yield return reader;
            }
        }
    }
}
