using BackupTools.Errors;
using BackupTools.Formats.Alopex;

namespace BackupTools.Tests.Formats.Alopex;

public sealed class AlopexWalGeometryTests
{
    [Theory]
    [InlineData("small/S1", AlopexWalDialect.A)]
    [InlineData("dialectB-small/S1", AlopexWalDialect.B)]
    [InlineData("torn/small-segment_header_bad", AlopexWalDialect.A)]
    public void Small_logs_show_their_geometry_even_when_a_segment_header_is_bad(string fixture, object dialect)
    {
        var wal = File.ReadAllBytes(AlopexFixtures.At(fixture, "data", "lsm.wal"));

        var header = AlopexWalHeader.Read(wal);
        var geometry = AlopexWalGeometry.Find(header.Size, wal.Length, AlopexWal.Reader(wal));

        Assert.Equal(dialect, header.Dialect);
        Assert.Equal((8192L, 3), (geometry.SegmentSize, geometry.Segments));
    }

    [Theory]
    [InlineData(16, 67108864, 8, 0)]
    [InlineData(20, 67108864, 8, 0)]
    [InlineData(16, 67108864, 16, 0)]
    [InlineData(16, 67108864, 8, 4096)] // longer than needed
    [InlineData(16, 67108864, 4, 0)]
    [InlineData(16, 4096, 1, 0)]
    [InlineData(16, 10000, 7, 0)]
    [InlineData(20, 1048576, 2, 0)]
    [InlineData(16, 65536, 64, 100)]
    public void A_geometry_is_found_from_the_places_of_its_headers(int headerSize, long size, int segments, int extra)
    {
        var file = Headers(headerSize, size, segments);

        var found = AlopexWalGeometry.Find(headerSize, headerSize + (size * segments) + extra, file);

        Assert.Equal(new AlopexWalGeometry(headerSize, size, segments), found);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    public void One_damaged_header_does_not_hide_the_default_geometry(int damaged)
    {
        var file = Headers(16, AlopexWalGeometry.DefaultSegmentSize, 8, damaged);

        var found = AlopexWalGeometry.Find(16, 16 + (8 * AlopexWalGeometry.DefaultSegmentSize), file);

        Assert.Equal(new AlopexWalGeometry(16, AlopexWalGeometry.DefaultSegmentSize, 8), found);
    }

    [Theory]
    [InlineData(16 + 1000)] // before the second header
    [InlineData(16 + (64L << 20) + 500)]
    [InlineData(16 + (200L << 20))]
    public void A_cut_default_log_is_shorter_than_its_geometry(long length)
    {
        var whole = Headers(16, AlopexWalGeometry.DefaultSegmentSize, 8);
        int Cut(long offset, Span<byte> buffer) =>
            whole(offset, buffer[..(int)Math.Clamp(length - offset, 0, buffer.Length)]);

        Assert.True(AlopexWalGeometry.Find(16, length, Cut).RequiredLength > length);
    }

    [Fact]
    public void Pieces_follow_the_ring_over_segment_ends_and_around_its_own_end()
    {
        var geometry = new AlopexWalGeometry(16, 100, 3); // 72 data bytes a segment, ring of 216

        Assert.Equal(
            [new AlopexWalPiece(16 + 28 + 70, 2), new AlopexWalPiece(116 + 28, 72), new AlopexWalPiece(216 + 28, 6)],
            geometry.Pieces(70, 80)
        );
        Assert.Equal([new AlopexWalPiece(216 + 28 + 71, 1), new AlopexWalPiece(16 + 28, 3)], geometry.Pieces(215, 4));
        Assert.Equal(216, geometry.Pieces(10, geometry.Ring).Sum(p => p.Length));
        Assert.Empty(geometry.Pieces(5, 0));
    }

    [Fact]
    public void A_file_that_no_engine_could_have_written_is_refused_without_much_work()
    {
        var reads = 0;
        int Garbage(long offset, Span<byte> buffer)
        {
            reads++;
            buffer.Clear();
            return buffer.Length;
        }

        var found = AlopexWalGeometry.Find(16, 1L << 62, Garbage);

        Assert.Equal(AlopexWalGeometry.DefaultSegments, found.Segments);
        Assert.True(reads < 50_000, $"{reads} reads");
    }

    [Fact]
    public void More_segments_than_any_engine_makes_are_malformed()
    {
        var error = Assert.Throws<BackupException>(() =>
            AlopexWalGeometry.Find(16, 16 + (64L * 5000), Headers(16, 64, 5000))
        );

        Assert.Equal(ErrorCode.Malformed, error.Code);
    }

    [Fact]
    public void Ids_that_do_not_ascend_have_the_engines_words()
    {
        var segment = new AlopexWalSegmentHeader(2, 9, 0);

        var error = Assert.Throws<BackupException>(() => segment.CheckSequence(1, 2, 0));

        Assert.Equal("corrupted segment 9: WAL segment_id sequence mismatch: expected 3, got 9", error.Message);
    }

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

    private static AlopexWalGeometry.ReadAt Headers(int headerSize, long size, int segments, int damaged = -1) =>
        (offset, buffer) =>
        {
            buffer.Clear();
            var index = (offset - headerSize) / size;
            if ((offset - headerSize) % size == 0 && index < segments && index != damaged)
            {
                new AlopexWalSegmentHeader(2, 1 + (ulong)index, 0).ToBytes().AsSpan(0, buffer.Length).CopyTo(buffer);
            }
            return buffer.Length;
        };
}
