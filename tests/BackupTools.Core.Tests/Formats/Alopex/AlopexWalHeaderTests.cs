using System.Buffers.Binary;
using BackupTools.Errors;
using BackupTools.Formats.Alopex;

namespace BackupTools.Tests.Formats.Alopex;

public sealed class AlopexWalHeaderTests
{
    [Theory]
    [InlineData(AlopexWalDialect.A, 0, 30, false)]
    [InlineData(AlopexWalDialect.B, 0, 30, false)]
    [InlineData(AlopexWalDialect.B, 500, 500, true)]
    public void A_section_header_reads_back_as_it_was_written(object dialect, ulong start, ulong end, bool full)
    {
        var header = new AlopexWalHeader((AlopexWalDialect)dialect, start, end, full);
        var probe = header.ToBytes().Concat("AWAL\0\0\0\0"u8.ToArray()).ToArray();

        var read = AlopexWalHeader.Read(probe);

        read.Check(1000);
        Assert.Equal(header, read);
    }

    [Fact]
    public void A_dialect_B_header_without_marker_or_with_a_wrong_checksum_is_refused()
    {
        var probe = new AlopexWalHeader(AlopexWalDialect.B, 0, 30, false)
            .ToBytes()
            .Concat("AWAL"u8.ToArray())
            .ToArray();
        probe[7] = 0;
        Assert.Equal(
            "invalid format: WAL section header valid marker missing",
            Assert.Throws<BackupException>(() => AlopexWalHeader.Read(probe).Check(1000)).Message
        );
        probe[7] = 0x80;
        probe[8] ^= 1;
        Assert.Equal(
            ErrorCode.ChecksumMismatch,
            Assert.Throws<BackupException>(() => AlopexWalHeader.Read(probe).Check(1000)).Code
        );
    }

    [Fact]
    public void Ids_that_do_not_ascend_have_the_engines_words()
    {
        var segment = new AlopexWalSegmentHeader(2, 9, 0);

        var error = Assert.Throws<BackupException>(() => segment.CheckSequence(1, 2, 0));

        Assert.Equal("corrupted segment 9: WAL segment_id sequence mismatch: expected 3, got 9", error.Message);
    }

    [Fact]
    public void A_file_too_short_for_a_header_and_a_segment_has_the_engines_words()
    {
        var error = Assert.Throws<BackupException>(() => AlopexWalHeader.Read(new byte[23]));

        Assert.Equal(
            (ErrorCode.Truncated, "invalid format: WAL file is smaller than configured section size"),
            (error.Code, error.Message)
        );
    }

    [Theory]
    [InlineData(true, true, true)] // the marker and the checksum tell, although segment 0 is damaged
    [InlineData(true, false, false)]
    [InlineData(false, true, false)]
    [InlineData(false, false, false)]
    public void Without_a_segment_behind_it_only_marker_and_checksum_together_make_dialect_B(
        bool marker,
        bool checksum,
        bool isB
    )
    {
        byte[] probe = [.. new byte[16], .. new byte[4], .. "XXXX"u8];
        probe[8] = 30;
        probe[7] = (byte)(marker ? 0x80 : 0);
        var crc = AlopexKeyReader.Crc(probe.AsSpan(0, 16)) ^ (checksum ? 0u : 1u);
        BinaryPrimitives.WriteUInt32LittleEndian(probe.AsSpan(16), crc);

        if (isB)
        {
            var header = AlopexWalHeader.Read(probe);
            header.Check(1000);
            Assert.Equal((AlopexWalDialect.B, 30UL), (header.Dialect, header.End));
            return;
        }
        var error = Assert.Throws<BackupException>(() => AlopexWalHeader.Read(probe));
        Assert.Equal(
            (
                ErrorCode.BadMagic,
                "corrupted segment 0: WAL segment header invalid: invalid format: WAL magic mismatch",
                16L
            ),
            (error.Code, error.Message, error.Offset)
        );
    }

    [Theory]
    [InlineData(999, 999, false, null, null)]
    [InlineData(999, 999, true, null, null)]
    [InlineData(1000, 0, false, "WAL start offset exceeds ring length", 0L)]
    [InlineData(1001, 1001, false, "WAL start offset exceeds ring length", 0L)]
    [InlineData(0, 1000, false, "WAL end offset exceeds ring length", 8L)]
    [InlineData(0, 1001, true, "WAL end offset exceeds ring length", 8L)]
    [InlineData(1, 2, true, "WAL section header inconsistent: is_full=true but start_offset != end_offset", 8L)]
    public void Offsets_are_inside_the_ring(ulong start, ulong end, bool full, string? said, long? offset)
    {
        var header = new AlopexWalHeader(AlopexWalDialect.A, start, end, full);

        var error = Record.Exception(() => header.Check(1000)) as BackupException;

        Assert.Equal(said is null ? null : $"invalid format: {said}", error?.Message);
        Assert.Equal(offset, error?.Offset);
    }

    [Theory]
    [InlineData(0, 0, false, 0)]
    [InlineData(500, 500, false, 0)]
    [InlineData(500, 500, true, 1000)]
    [InlineData(100, 130, false, 30)]
    [InlineData(990, 20, false, 30)]
    public void What_is_used_lies_between_start_and_end_around_the_ring(ulong start, ulong end, bool full, ulong used)
    {
        var header = new AlopexWalHeader(AlopexWalDialect.B, start, end, full);

        Assert.Equal(used, header.Used(1000));
        Assert.Equal(header, (header with { End = 7, IsFull = false }).WithUsed(used, 1000));
    }

    [Fact]
    public void A_segment_header_reads_back_as_it_was_written()
    {
        var header = new AlopexWalSegmentHeader(2, 0x0102030405060708, 0x1112131415161718);

        var bytes = header.ToBytes();

        Assert.StartsWith(
            "4157414C 0200 0807060504030201 1817161514131211".Replace(" ", "", StringComparison.Ordinal),
            Convert.ToHexString(bytes),
            StringComparison.Ordinal
        );
        Assert.Equal(header, AlopexWalSegmentHeader.Read(bytes, 0, 0));
        Assert.True(AlopexWalSegmentHeader.TryRead([.. bytes, 1, 2, 3], out var read));
        Assert.Equal(header, read);
        Assert.False(AlopexWalSegmentHeader.TryRead(bytes.AsSpan(0, 27), out _));
        Assert.False(AlopexWalSegmentHeader.TryRead(bytes.AsSpan(0, 10), out _));
        Assert.False(AlopexWalSegmentHeader.TryRead([], out _));
    }

    [Theory]
    [InlineData(0, ErrorCode.BadMagic, "invalid format: WAL magic mismatch")]
    [InlineData(4, ErrorCode.UnsupportedVersion, "invalid format: unsupported WAL version: 3")]
    [InlineData(21, ErrorCode.ChecksumMismatch, "checksum mismatch")]
    [InlineData(25, ErrorCode.ChecksumMismatch, "checksum mismatch")]
    public void A_damaged_segment_header_has_the_engines_words(int at, ErrorCode code, string why)
    {
        var bytes = new AlopexWalSegmentHeader(2, 1, 0).ToBytes();
        bytes[at] ^= 1;

        var error = Assert.Throws<BackupException>(() => AlopexWalSegmentHeader.Read(bytes, 5, 777));

        Assert.Equal(
            (code, $"corrupted segment 5: WAL segment header invalid: {why}", 777L),
            (error.Code, error.Message, error.Offset)
        );
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(3, false)]
    public void Only_an_older_log_is_sent_to_the_engine_that_migrates_it(ushort version, bool migrates)
    {
        var bytes = new AlopexWalSegmentHeader(version, 1, 0).ToBytes();

        var error = Assert.Throws<BackupException>(() => AlopexWalSegmentHeader.Read(bytes, 0, 16));

        Assert.Equal(ErrorCode.UnsupportedVersion, error.Code);
        Assert.Equal(migrates, error.Recommendation.Contains("migrates its log", StringComparison.Ordinal));
    }
}
