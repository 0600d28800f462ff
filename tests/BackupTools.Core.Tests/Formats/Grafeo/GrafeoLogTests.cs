using BackupTools.Errors;
using BackupTools.Formats.Grafeo;

namespace BackupTools.Tests.Formats.Grafeo;

public class GrafeoLogTests
{
    [Theory]
    [InlineData("02 00 00 00 26 04 C2 55 6A 85", GrafeoRecordKind.EpochAdvance, 4)]
    [InlineData("04 00 00 00 26 FB 2C 01 F7 E8 BA 53", GrafeoRecordKind.EpochAdvance, 300)]
    [InlineData("02 00 00 00 23 05 11 91 1A 8F", GrafeoRecordKind.TransactionCommit, 5)]
    [InlineData("0A 00 00 00 00 01 01 06 50 65 72 73 6F 6E 72 3C 39 D9", GrafeoRecordKind.Data, 0)]
    [InlineData("0A 00 00 00 04 FB 2C 01 03 61 67 65 02 3C C1 1D 1E 21", GrafeoRecordKind.Data, 0)]
    internal void The_records_of_the_format_document_are_read(string hex, GrafeoRecordKind kind, ulong value)
    {
        var bytes = GrafeoBytes.Hex(hex);
        Assert.Equal([new GrafeoRecord(kind, value, 0, bytes.Length)], Records(bytes, 1000));
    }

    [Fact]
    public void Blocks_of_any_size_give_the_same_records()
    {
        var bytes = GrafeoBytes.FixtureBytes("v05-reference", "S2.grafeo.wal", "wal_00000002.log");
        var whole = Records(bytes, bytes.Length);
        Assert.Equal([5ul, 6ul, 7ul], whole.Where(r => r.Kind == GrafeoRecordKind.EpochAdvance).Select(r => r.Value));
        Assert.Equal(bytes.Length, whole[^1].End);
        for (var block = 1; block < 40; block++)
            Assert.Equal(whole, Records(bytes, block));
    }

    [Fact]
    public void A_flipped_byte_in_a_record_is_refused_at_its_offset()
    {
        byte[] bytes = [.. GrafeoBytes.Node(1, "Person"), .. GrafeoBytes.Epoch(4)];
        for (var at = 4; at < bytes.Length; at++)
        {
            if (at is >= 18 and < 22)
                continue; // a length prefix: its flip may only show as a torn end
            var flipped = GrafeoBytes.Flip(bytes, at);
            var error = GrafeoBytes.Refused(() => Records(flipped, 7));
            Assert.Equal(
                (ErrorCode.ChecksumMismatch, "damaged WAL record: checksum mismatch", at < 18 ? 0L : 18L),
                (error.Code, error.Message, error.Offset)
            );
        }
    }

    [Fact]
    public void A_torn_record_says_how_much_is_left_and_a_torn_length_is_a_clean_end()
    {
        var record = GrafeoBytes.Record([0, 1, 2, 3, 4, 5, 6, 7, 8]);
        for (var length = 0; length < record.Length; length++)
        {
            var reader = new GrafeoRecordReader();
            ReadOnlySpan<byte> rest = record.AsSpan(0, length);
            Assert.False(reader.Read(ref rest, out _));
            Assert.Equal(length == 0, reader.AtBoundary);
            Assert.Equal(length < 4, reader.Torn() is null);
        }
        var torn = new GrafeoRecordReader(offset: 100);
        ReadOnlySpan<byte> bytes = record.AsSpan(0, 6);
        torn.Read(ref bytes, out _);
        Assert.Equal(
            ("damaged WAL record: a record of 9 bytes runs past the end of the file (2 bytes left)", 100L),
            (torn.Torn()!.Message, torn.Torn()!.Offset)
        );
        bytes = record.AsSpan(6, 9);
        torn.Read(ref bytes, out _);
        Assert.Contains("(11 bytes left)", torn.Torn()!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_commit_is_found_wherever_its_epoch_begins()
    {
        byte[] junk = [38, 2, 0, 0, 0, 38, 4, 0, 0, 0, 0, 38, 38];
        foreach (var epoch in new ulong[] { 0, 38, 300, 70_000, ulong.MaxValue })
        {
            var frame = GrafeoBytes.Epoch(epoch);
            Assert.True(frame.Length <= GrafeoRecordReader.MaxEpochFrame);
            Assert.Equal(junk.Length, GrafeoRecordReader.IndexOfEpoch([.. junk, .. frame, 1]));
            Assert.Equal(0, GrafeoRecordReader.IndexOfEpoch(frame));
            Assert.Equal(-1, GrafeoRecordReader.IndexOfEpoch([.. junk, .. frame[..^1]]));
            Assert.Equal(-1, GrafeoRecordReader.IndexOfEpoch([.. junk, .. GrafeoBytes.Flip(frame, frame.Length - 1)]));
        }
        Assert.Equal(-1, GrafeoRecordReader.IndexOfEpoch([]));
        Assert.Equal(-1, GrafeoRecordReader.IndexOfEpoch(GrafeoBytes.Commit(38)));
        Assert.Equal(-1, GrafeoRecordReader.IndexOfEpoch(GrafeoBytes.Record([38])));
        Assert.Equal(-1, GrafeoRecordReader.IndexOfEpoch(GrafeoBytes.Record([38, .. new byte[10]])));
    }

    [Theory]
    [InlineData("27 01", ErrorCode.UnsupportedVersion, 0)] // a kind that is not known
    [InlineData("26", ErrorCode.Truncated, 5)] // an epoch without its number
    [InlineData("26 01 00", ErrorCode.Malformed, 0)] // something behind it
    [InlineData("", ErrorCode.Malformed, 0)]
    [InlineData("26 01 00 00 00 00 00 00 00 00 00 00 00 00 00 00", ErrorCode.Malformed, 0)]
    [InlineData("26 01 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00", ErrorCode.Malformed, 0)]
    public void Sound_frames_with_unsound_records_are_refused(string payload, ErrorCode code, long offset)
    {
        var error = GrafeoBytes.Refused(() => Records(GrafeoBytes.Record(GrafeoBytes.Hex(payload)), 3));
        Assert.Equal((code, offset), (error.Code, error.Offset));
    }

    [Fact]
    public void A_record_of_64_MiB_passes_without_being_kept()
    {
        var reader = new GrafeoRecordReader(checkCrc: false);
        var block = new byte[1 << 16];
        BitConverter.GetBytes(1u << 26).CopyTo(block, 0);
        var before = GC.GetAllocatedBytesForCurrentThread();
        ReadOnlySpan<byte> rest = block;
        Assert.False(reader.Read(ref rest, out _));
        block.AsSpan(0, 4).Clear();
        var blocks = 1;
        rest = block;
        while (!reader.Read(ref rest, out _))
            rest = block.AsSpan(0, ++blocks == 1024 ? 8 : block.Length);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 10_000);
        Assert.Equal((1024, (1L << 26) + 8), (blocks, reader.End));
    }

    [Fact]
    public void The_groups_of_an_engine_made_segment_are_read_with_epochs_and_times()
    {
        var bytes = GrafeoBytes.FixtureBytes("v06-native", "S2.grafeo.wal", "wal_00000000000000000480.log");
        var header = GrafeoWalHeader.Read(bytes);
        Assert.Equal(new GrafeoWalHeader("81a6b88702c3b2f2362d0d1ee73ce92e", 480, 1795145304097), header);
        Assert.Equal("wal_00000000000000000480.log", GrafeoWalHeader.NameOf(header.FirstLsn));
        var frames = Frames(bytes, 480, 1000);
        Assert.Equal(6, frames.Count);
        Assert.Equal(
            [
                (480ul, 578ul, 5ul, 1795145304098ul),
                (578, 611, null, null),
                (611, 694, 6, 1795145304100),
                (694, 772, 7, 1795145304100),
                (772, 102653, 8, 1795145304112),
            ],
            frames
                .Where(f => f.EndsGroup)
                .Select(f => ((ulong, ulong, ulong?, ulong?))(f.GroupLsn, f.EndLsn, f.Epoch, f.TimestampMs))
        );
        for (var block = 1; block < 60; block++)
            Assert.Equal(frames, Frames(bytes, 480, block));
    }

    [Fact]
    public void Every_flipped_byte_of_a_segment_is_noticed()
    {
        var bytes = GrafeoBytes.FixtureBytes("v06-native", "S1.grafeo.wal", "wal_00000000000000000311.log");
        for (var at = 0; at < bytes.Length; at++)
        {
            var flipped = GrafeoBytes.Flip(bytes, at, 0x10);
            Assert.True(IsDamaged(flipped, 311), $"byte {at}");
        }
    }

    [Fact]
    public void A_segment_cut_anywhere_ends_torn_or_between_groups()
    {
        var bytes = GrafeoBytes.FixtureBytes("v06-native", "S2.grafeo.wal", "wal_00000000000000000480.log");
        var ends = Frames(bytes, 480, 9999)
            .Where(f => f.EndsGroup)
            .Select(f => (int)(f.EndLsn - 480) + 128)
            .ToHashSet();
        for (var length = 128; length < 900; length++)
        {
            var reader = new GrafeoFrameReader(480);
            ReadOnlySpan<byte> rest = bytes.AsSpan(128, length - 128);
            while (reader.Read(ref rest, out _)) { }
            Assert.Equal(length == 128 || ends.Contains(length), reader.Torn() is null);
        }
    }

    [Fact]
    public void Groups_that_interlock_or_have_no_beginning_are_refused()
    {
        var first = GrafeoBytes.Frame(10, 5, 1, GrafeoBytes.GroupPayload(0, 4, 1000, 3));
        var next = 10 + (ulong)first.Length;
        Refused([.. first, .. GrafeoBytes.Frame(next, 6, 2, [1])], "did not begin");
        Refused([.. first, .. GrafeoBytes.Frame(next, 5, 1, GrafeoBytes.GroupPayload(0, 5, 1000, 3))], "has ended");
        Refused(GrafeoBytes.Frame(10, 5, 2, [1]), "did not begin");
        Refused(GrafeoBytes.Frame(10, 5, 7, new byte[8]), "unknown flags");
        Refused(GrafeoBytes.Frame(10, 5, 3, new byte[7]), "prologue");
        Refused(GrafeoBytes.Frame(10, 5, 3, [11, 0, 0, 0, 0, 0, 0, 0]), "cannot be synced");
        Refused(GrafeoBytes.Frame(10, 5, 3, [.. new byte[8], 16, 1, 0, 0, 0, 0]), "does not begin with its epoch");
        Refused(GrafeoBytes.Frame(11, 5, 3, new byte[8]), "it says it is at LSN 11");
        var huge = GrafeoBytes.Frame(10, 5, 3, new byte[8]);
        BitConverter.GetBytes((1u << 30) + 1).CopyTo(huge, 0);
        Refused(huge, "too long");

        static void Refused(byte[] frames, string words) =>
            Assert.Contains(
                words,
                GrafeoBytes.Refused(() => Frames([.. new byte[128], .. frames], 10, 11)).Message,
                StringComparison.Ordinal
            );
    }

    [Theory]
    [InlineData(53, "the group at LSN 10 has no last frame")]
    [InlineData(77, "damaged WAL frame at LSN 63: its header runs past the end of the file")]
    [InlineData(78, "damaged WAL frame at LSN 63: a frame of 30 bytes runs past the end of the file (0 bytes left)")]
    [InlineData(85, "damaged WAL frame at LSN 63: a frame of 30 bytes runs past the end of the file (7 bytes left)")]
    public void A_torn_segment_says_what_is_missing_and_where(int length, string message)
    {
        byte[] frames =
        [
            .. GrafeoBytes.Frame(10, 5, 1, GrafeoBytes.GroupPayload(0, 4, 1000, 3)),
            .. GrafeoBytes.Frame(63, 5, 2, new byte[30]),
        ];
        var torn = Torn(frames.AsSpan(0, length))!;
        Assert.Equal((ErrorCode.Truncated, message, 181L), (torn.Code, torn.Message, torn.Offset));
    }

    [Fact]
    public void A_frame_may_be_a_gigabyte_long()
    {
        var longest = GrafeoBytes.Frame(10, 5, 3, new byte[8]);
        BitConverter.GetBytes(1u << 30).CopyTo(longest, 0);
        Assert.Contains("a frame of 1073741824 bytes", Torn(longest)!.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("01 01 00 00 00 00", 167)] // no epoch
    [InlineData("01 01 01 00 00 00 04 09", 168)] // no time: what follows is another record's
    public void A_group_whose_first_record_is_cut_short_is_refused_at_the_byte(string records, long offset)
    {
        var frame = GrafeoBytes.Frame(10, 5, 3, [.. new byte[8], .. GrafeoBytes.Hex(records)]);
        var error = GrafeoBytes.Refused(() => Torn(frame));
        Assert.Equal((ErrorCode.Truncated, offset), (error.Code, error.Offset));
    }

    [Fact]
    public void A_seal_has_no_epoch() =>
        Assert.Equal(
            new GrafeoFrame(10, 43, true, 10, 9, null, null),
            Assert.Single(Frames([.. new byte[128], .. GrafeoBytes.Frame(10, 1, 3, [9, 0, 0, 0, 0, 0, 0, 0])], 10, 5))
        );

    private static bool IsDamaged(byte[] segment, ulong lsn)
    {
        try
        {
            if (GrafeoWalHeader.Read(segment).FirstLsn != lsn)
                return true;
            var reader = new GrafeoFrameReader(lsn);
            ReadOnlySpan<byte> rest = segment.AsSpan(128);
            while (reader.Read(ref rest, out _)) { }
            return reader.Torn() is not null;
        }
        catch (BackupException)
        {
            return true;
        }
    }

    /// <summary>What is missing behind frames that begin at LSN 10, at the usual place of a file.</summary>
    private static BackupException? Torn(ReadOnlySpan<byte> frames)
    {
        var reader = new GrafeoFrameReader(10);
        while (reader.Read(ref frames, out _)) { }
        return reader.Torn();
    }

    private static List<GrafeoRecord> Records(byte[] bytes, int block)
    {
        var reader = new GrafeoRecordReader();
        var records = new List<GrafeoRecord>();
        for (var at = 0; at < bytes.Length; at += block)
        {
            ReadOnlySpan<byte> rest = bytes.AsSpan(at, Math.Min(block, bytes.Length - at));
            while (reader.Read(ref rest, out var record))
                records.Add(record);
            Assert.True(rest.IsEmpty);
        }
        return records;
    }

    private static List<GrafeoFrame> Frames(byte[] segment, ulong lsn, int block)
    {
        var reader = new GrafeoFrameReader(lsn);
        var frames = new List<GrafeoFrame>();
        for (var at = 128; at < segment.Length; at += block)
        {
            ReadOnlySpan<byte> rest = segment.AsSpan(at, Math.Min(block, segment.Length - at));
            while (reader.Read(ref rest, out var frame))
                frames.Add(frame);
            Assert.True(rest.IsEmpty);
        }
        return frames;
    }
}
