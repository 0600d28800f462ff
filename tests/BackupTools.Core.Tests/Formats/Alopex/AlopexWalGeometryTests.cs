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
    [InlineData(16, 67108864, 8, 200 << 20)] // much longer: what no header begins is no segment
    [InlineData(16, 4096, 1, 0)]
    [InlineData(16, 1024, 1, 0)]
    [InlineData(16, 100, 4096, 0)]
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
    [InlineData(16 + (64L << 20))]
    [InlineData(16 + (192L << 20) + 2)] // in the magic of the fourth
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

    [Theory]
    [InlineData(512, 0, 0)] // smaller than any ring of one segment
    [InlineData(5000, 0, 0)] // no power of two
    [InlineData(64 << 20, 0, 0)]
    [InlineData(200, 50, 4)] // segments hardly longer than their headers
    public void A_file_whose_headers_tell_nothing_is_taken_for_a_default_log(long body, long size, int segments)
    {
        var file = Headers(16, Math.Max(1, size), segments);

        Assert.Equal(
            new AlopexWalGeometry(16, AlopexWalGeometry.DefaultSegmentSize, AlopexWalGeometry.DefaultSegments),
            AlopexWalGeometry.Find(16, 16 + body, file)
        );
    }

    [Theory]
    [InlineData(0)]
    [InlineData(4096)]
    public void Headers_inside_the_values_of_a_default_log_do_not_mislead(long extra)
    {
        const long Body = 8 * AlopexWalGeometry.DefaultSegmentSize;
        var reads = 0;
        var real = Headers(16, AlopexWalGeometry.DefaultSegmentSize, 8);
        var inside = Headers(16, 4096, (int)(Body / 4096));
        int Read(long offset, Span<byte> buffer)
        {
            reads++;
            return ((offset - 16) % AlopexWalGeometry.DefaultSegmentSize == 0 ? real : inside)(offset, buffer);
        }

        var found = AlopexWalGeometry.Find(16, 16 + Body + extra, Read);

        Assert.Equal(new AlopexWalGeometry(16, AlopexWalGeometry.DefaultSegmentSize, 8), found);
        Assert.InRange(reads, 1, 16);
    }

    [Theory]
    [InlineData(10000, 2, 5000, 1)] // as many as the real ones
    [InlineData(4096, 16, 64, 3)] // beside a damaged one
    public void No_more_headers_inside_values_than_real_ones_do_not_mislead(
        long size,
        int segments,
        long other,
        int count
    )
    {
        var real = Headers(16, size, segments, segments > 2 ? 1 : -1);
        var inside = Headers(16, other, 1 + count);

        var found = AlopexWalGeometry.Find(
            16,
            16 + (size * segments),
            (offset, buffer) => ((offset - 16) % size == 0 ? real : inside)(offset, buffer)
        );

        Assert.Equal(new AlopexWalGeometry(16, size, segments), found);
    }

    [Fact]
    public void Two_damaged_headers_do_not_hide_a_geometry()
    {
        var file = Headers(16, 8192, 8, 1, 2);

        Assert.Equal(new AlopexWalGeometry(16, 8192, 8), AlopexWalGeometry.Find(16, 16 + (8 * 8192), file));
    }

    [Fact]
    public void More_segments_than_any_engine_makes_are_malformed()
    {
        var reads = 0;
        var file = Headers(16, 64, 100_000);
        int Read(long offset, Span<byte> buffer)
        {
            reads++;
            return file(offset, buffer);
        }

        var error = Assert.Throws<BackupException>(() => AlopexWalGeometry.Find(16, 16 + (64L * 100_000), Read));

        Assert.Equal(
            (ErrorCode.Malformed, "the WAL would have 100000 segments of 64 bytes"),
            (error.Code, error.Message)
        );
        Assert.True(reads < 50_000, $"{reads} reads");
    }

    private static AlopexWalGeometry.ReadAt Headers(int headerSize, long size, int segments, params int[] damaged) =>
        (offset, buffer) =>
        {
            buffer.Clear();
            var index = (offset - headerSize) / size;
            if ((offset - headerSize) % size == 0 && index < segments && !damaged.Contains((int)index))
            {
                new AlopexWalSegmentHeader(2, 1 + (ulong)index, 0).ToBytes().AsSpan(0, buffer.Length).CopyTo(buffer);
            }
            return buffer.Length;
        };
}
