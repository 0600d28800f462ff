using BackupTools.Errors;
using BackupTools.Formats.Grafeo;

namespace BackupTools.Tests.Formats.Grafeo;

public class GrafeoContainerTests
{
    private static byte[] Paged => GrafeoBytes.FixtureBytes("v06-native", "S0.grafeo");

    private static byte[] Sectioned => GrafeoBytes.FixtureBytes("v05-reference", "S0.grafeo");

    [Fact]
    public void A_paged_image_tells_its_database_and_where_the_log_goes_on()
    {
        var header = GrafeoContainerHeader.Read(Paged);
        Assert.Equal(("Grafeo image v3", "81a6b88702c3b2f2362d0d1ee73ce92e"), (header.Format, header.DatabaseId));
        Assert.Equal(
            ("0.6.0", 1795145303938ul, 1, 0),
            (header.CreatorVersion, header.CreatedMs, header.ActivePage, header.DamagedPage)
        );
        var slot = header.Active;
        Assert.Equal((2ul, 311ul, 3ul, 4ul), (slot.Iteration, slot.CheckpointLsn, slot.Epoch, slot.TransactionId));
        Assert.Equal((2ul, 1ul, 1795145303942ul), (slot.Nodes, slot.Edges, slot.TimestampMs));
        Assert.Equal(new GrafeoExtent("a directory block", 77824, 704, 557347214), slot.Root);
    }

    [Fact]
    public void Every_chunk_that_the_directory_lists_has_its_checksum()
    {
        var bytes = Paged;
        var root = GrafeoContainerHeader.Read(bytes).Active.Root!.Value;
        var block = bytes.AsSpan((int)root.Offset, (int)root.Length);
        Assert.Equal(root.Checksum, GrafeoBytes.Crc(block));
        var chunks = GrafeoPages.ReadDirectory(block, (long)root.Offset, out var next);
        Assert.Null(next);
        Assert.Equal(14, chunks.Count);
        Assert.All(chunks, c => Assert.Equal(c.Checksum, GrafeoBytes.Crc(bytes.AsSpan((int)c.Offset, (int)c.Length))));
    }

    [Fact]
    public void A_sectioned_image_tells_its_epoch_and_sections()
    {
        var bytes = Sectioned;
        var header = GrafeoContainerHeader.Read(bytes);
        Assert.Equal(
            (GrafeoContainer.Sections, "Grafeo image v2", "0.5.37", 2),
            (header.Container, header.Format, header.CreatorVersion, header.ActivePage)
        );
        Assert.Null(header.DatabaseId);
        Assert.Equal((1ul, 3ul, 4ul), (header.Active.Iteration, header.Active.Epoch, header.Active.TransactionId));
        var root = header.Active.Root!.Value;
        var crc = GrafeoBytes.Crc(bytes.AsSpan(12288, 4096));
        Assert.Equal(new GrafeoExtent("the section directory", 12288, 4096, crc), root);
        var section = Assert.Single(GrafeoSections.ReadDirectory(bytes.AsSpan(12288, 4096)));
        Assert.Equal("section LpgStore", section.Name);
        Assert.Equal(section.Checksum, GrafeoBytes.Crc(bytes.AsSpan((int)section.Offset, (int)section.Length)));
    }

    [Fact]
    public void A_snapshot_image_vouches_for_its_snapshot()
    {
        var bytes = GrafeoBytes.FixtureBytes("v05-reference", "empty.grafeo").Concat(new byte[10]).ToArray();
        byte[] slot = [5, .. GrafeoBytes.Var(GrafeoBytes.Crc(new byte[10])), 10, 9, 8, 7, 6, 1];
        slot.CopyTo(bytes, 4096);
        var header = GrafeoContainerHeader.Read(bytes);
        Assert.Equal((GrafeoContainer.Snapshot, "Grafeo image v1"), (header.Container, header.Format));
        Assert.Equal((9ul, 1), (header.Active.Epoch, header.ActivePage));
        Assert.Equal(new GrafeoExtent("the snapshot", 12288, 10, GrafeoBytes.Crc(new byte[10])), header.Active.Root);
        Assert.Equal((ulong)bytes.Length, header.Active.Root!.Value.End);
        header.CheckLength(bytes.Length);
        Assert.Equal(ErrorCode.Truncated, GrafeoBytes.Refused(() => header.CheckLength(bytes.Length - 1)).Code);
    }

    [Fact]
    public void A_never_checkpointed_file_is_empty_unless_data_follows_its_headers()
    {
        var header = GrafeoContainerHeader.Read(GrafeoBytes.FixtureBytes("v05-reference", "empty.grafeo"));
        Assert.Equal(GrafeoContainer.Empty, header.Container);
        header.CheckLength(12288);
        // One flipped bit in a header without checksum makes the engine open a full file as empty.
        var flipped = GrafeoContainerHeader.Read(GrafeoBytes.Flip(Sectioned, 8192));
        Assert.Equal(GrafeoContainer.Empty, flipped.Container);
        var error = GrafeoBytes.Refused(() => flipped.CheckLength(20480));
        Assert.Equal(
            "both database headers say that nothing was ever written, but 8192 bytes of data follow",
            error.Message
        );
        Assert.Equal((ErrorCode.Malformed, 4096L), (error.Code, error.Offset));
    }

    [Fact]
    public void The_first_eight_bytes_tell_a_paged_image()
    {
        Assert.True(GrafeoContainerHeader.IsPagedImage(Paged.AsSpan(0, 8)));
        Assert.False(GrafeoContainerHeader.IsPagedImage(Paged.AsSpan(0, 7)));
        Assert.False(GrafeoContainerHeader.IsPagedImage(Sectioned));
        Assert.False(GrafeoContainerHeader.IsPagedImage(GrafeoBytes.Flip(Paged, 0)));
        Assert.False(GrafeoContainerHeader.IsPagedImage(GrafeoBytes.SegmentHeader(0)));
    }

    [Fact]
    public void Of_two_database_headers_with_the_same_iteration_the_first_counts()
    {
        foreach (var (bytes, sound) in new[] { (Paged, 4096), (Sectioned, 8192) })
        {
            bytes.AsSpan(sound, 4096).CopyTo(bytes.AsSpan(sound == 4096 ? 8192 : 4096));
            Assert.Equal(1, GrafeoContainerHeader.Read(bytes).ActivePage);
        }
    }

    [Fact]
    public void A_database_header_that_was_never_written_is_no_damage()
    {
        foreach (var (empty, other) in new[] { (1, 2), (2, 1) })
        {
            var bytes = Paged;
            bytes.AsSpan(empty * 4096, 4096).Clear();
            var header = GrafeoContainerHeader.Read(bytes);
            Assert.Equal((other, 0), (header.ActivePage, header.DamagedPage));
        }
    }

    [Theory]
    [InlineData(0)] // the magic
    [InlineData(81)] // the checksum
    public void A_damaged_second_header_is_told_and_left_aside(int at)
    {
        var bytes = GrafeoBytes.Flip(Paged, 8192 + at);
        if (at < 80)
            GrafeoBytes.Seal(bytes.AsSpan(8192), 80);
        var header = GrafeoContainerHeader.Read(bytes);
        Assert.Equal((1, 2), (header.ActivePage, header.DamagedPage));
    }

    [Fact]
    public void A_database_header_of_another_revision_is_refused_by_name()
    {
        var bytes = Paged;
        bytes[8196] = 2;
        GrafeoBytes.Seal(bytes.AsSpan(8192), 80);
        var error = GrafeoBytes.Refused(() => GrafeoContainerHeader.Read(bytes));
        Assert.Equal(
            (ErrorCode.UnsupportedVersion, "database header revision 2 is not known", 8196L),
            (error.Code, error.Message, error.Offset)
        );
    }

    [Fact]
    public void Pages_of_another_size_are_refused()
    {
        var paged = Paged;
        paged[9] = 0x20;
        GrafeoBytes.Seal(paged, 72);
        var sectioned = Sectioned;
        sectioned[7] = 0x20;
        foreach (var (bytes, offset) in new[] { (paged, 8L), (sectioned, 5L) })
        {
            var error = GrafeoBytes.Refused(() => GrafeoContainerHeader.Read(bytes));
            Assert.Equal(
                (ErrorCode.Malformed, "the page size is 8192", offset),
                (error.Code, error.Message, error.Offset)
            );
        }
    }

    [Fact]
    public void Every_flipped_byte_of_a_paged_header_is_noticed()
    {
        var bytes = Paged;
        for (var at = 0; at < 76; at++)
            GrafeoBytes.Refused(() => GrafeoContainerHeader.Read(GrafeoBytes.Flip(bytes, at)));
        for (var at = 4096; at < 4096 + 84; at++)
        {
            var header = GrafeoContainerHeader.Read(GrafeoBytes.Flip(bytes, at));
            Assert.Equal((1, 2, 1ul), (header.DamagedPage, header.ActivePage, header.Active.Iteration));
        }
    }

    [Fact]
    public void Two_damaged_database_headers_are_refused_in_the_engines_words()
    {
        var bytes = GrafeoBytes.Flip(GrafeoBytes.Flip(Paged, 4100), 8200);
        var error = GrafeoBytes.Refused(() => GrafeoContainerHeader.Read(bytes));
        Assert.Equal((ErrorCode.ChecksumMismatch, "both database headers are damaged"), (error.Code, error.Message));
        Assert.Equal(4096, ((BackupException)error.InnerException!).Offset);
        bytes.AsSpan(4096, 4096).Clear();
        var second = GrafeoBytes.Refused(() => GrafeoContainerHeader.Read(bytes)).InnerException;
        Assert.Equal(8192, ((BackupException)second!).Offset);
    }

    [Theory]
    [InlineData(1u, ErrorCode.EncryptedNotSupported)]
    [InlineData(2u, ErrorCode.UnsupportedVersion)]
    [InlineData(0x8000u, ErrorCode.UnsupportedVersion)]
    public void Encrypted_databases_and_unknown_features_are_refused_by_name(uint flags, ErrorCode code)
    {
        var bytes = Paged;
        BitConverter.GetBytes(flags).CopyTo(bytes, 12);
        GrafeoBytes.Seal(bytes, 72);
        var error = GrafeoBytes.Refused(() => GrafeoContainerHeader.Read(bytes));
        Assert.Equal((code, 12L), (error.Code, error.Offset));
    }

    [Fact]
    public void A_feature_flag_that_readers_may_ignore_is_ignored()
    {
        var bytes = Paged;
        bytes[14] = 1;
        GrafeoBytes.Seal(bytes, 72);
        Assert.True(GrafeoContainerHeader.Read(bytes).IsPaged);
    }

    [Theory]
    [InlineData("04 00 00 00", "Grafeo file format version 4 is not known")]
    [InlineData("02 FB 00 10", "Grafeo file format version 2 is not known")]
    public void Unknown_versions_are_refused_by_name(string version, string message)
    {
        var bytes = Paged;
        GrafeoBytes.Hex(version).CopyTo(bytes, 4);
        var error = GrafeoBytes.Refused(() => GrafeoContainerHeader.Read(bytes));
        Assert.Equal((ErrorCode.UnsupportedVersion, message, 4L), (error.Code, error.Message, error.Offset));
    }

    [Fact]
    public void A_log_or_a_short_file_is_no_image()
    {
        var log = GrafeoBytes.SegmentHeader(0).Concat(new byte[13000]).ToArray();
        Assert.Equal(ErrorCode.BadMagic, GrafeoBytes.Refused(() => GrafeoContainerHeader.Read(log)).Code);
        Assert.Equal(
            (ErrorCode.Truncated, 12287L),
            GrafeoBytes.Refused(() => GrafeoContainerHeader.Read(Paged.AsSpan(0, 12287))) is var e
                ? (e.Code, e.Offset!.Value)
                : default
        );
    }

    [Theory]
    [InlineData(0ul, 1ul, ErrorCode.Malformed, 0L)]
    [InlineData(8192ul, 1ul, ErrorCode.Malformed, 8192L)]
    [InlineData(12289ul, 1ul, ErrorCode.Malformed, 12289L)]
    [InlineData((ulong)long.MaxValue, 1ul, ErrorCode.Malformed, long.MaxValue)]
    [InlineData(ulong.MaxValue, 1ul, ErrorCode.Malformed, null)]
    [InlineData(ulong.MaxValue - 4095, 8192ul, ErrorCode.Truncated, 16384L)]
    [InlineData(12288ul, ulong.MaxValue, ErrorCode.Truncated, 16384L)]
    [InlineData(12288ul, 4097ul, ErrorCode.Truncated, 16384L)]
    [InlineData(16384ul, 1ul, ErrorCode.Truncated, 16384L)]
    [InlineData(20480ul, 0ul, ErrorCode.Truncated, 16384L)]
    public void Extents_outside_the_data_area_are_refused_without_overflow(
        ulong offset,
        ulong length,
        ErrorCode code,
        long? at
    )
    {
        var extent = new GrafeoExtent("x", offset, length, 0);
        var error = GrafeoBytes.Refused(() => GrafeoContainerHeader.CheckInside(extent, 16384));
        Assert.Equal((code, at), (error.Code, error.Offset));
    }

    [Theory]
    [InlineData(12288ul, 4096ul)]
    [InlineData(16384ul, 0ul)]
    public void Extents_may_reach_to_the_end_of_the_file(ulong offset, ulong length) =>
        GrafeoContainerHeader.CheckInside(new GrafeoExtent("x", offset, length, 0), 16384);
}
