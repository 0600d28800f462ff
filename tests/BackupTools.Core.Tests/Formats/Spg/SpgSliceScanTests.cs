using System.IO.Hashing;
using BackupTools.Errors;
using BackupTools.Formats.Spg;

namespace BackupTools.Tests.Formats.Spg;

/// <summary>What a scan knows at its end: frames, transactions, where to cut, and the checksum up to there.</summary>
public sealed class SpgSliceScanTests
{
    private const long Start = 1000;

    private static readonly byte[] s_insert = SpgFrames.V3("INSERT INTO t VALUES (1)");
    private static readonly byte[] s_begin = SpgFrames.V2("BEGIN");
    private static readonly byte[] s_commit = SpgFrames.V2("COMMIT");

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(50)]
    [InlineData(1000)]
    public void The_checksum_covers_everything_up_to_the_cut(int piece)
    {
        byte[] closed = [.. s_insert, .. s_begin, .. s_insert, .. s_commit];
        byte[] log = [.. closed, .. s_begin, .. s_insert, .. s_insert[..11]];
        var scan = Scan(log, piece);
        Assert.Equal(Start + closed.Length, scan.Scanner.CutPoint);
        Assert.Equal(Crc32.HashToUInt32(closed), scan.CrcAtCut);
        Assert.Equal(6, scan.Scanner.Frames);
        Assert.Equal(Start + closed.Length, scan.Scanner.TransactionStart);
        Assert.Equal(Start + log.Length - 11, scan.Scanner.FrameEnd);
        Assert.Equal(Start + log.Length, scan.Scanner.Position);
        Assert.False(scan.Scanner.IsAtFrameEnd);
    }

    [Fact]
    public void A_log_without_a_place_to_cut_is_cut_where_it_begins()
    {
        var scan = Scan([.. s_begin, .. s_insert], 9);
        Assert.Equal(Start, scan.Scanner.CutPoint);
        Assert.Equal(0u, scan.CrcAtCut);
        Assert.True(scan.Scanner.IsAtFrameEnd);
        Assert.True(new SpgWalScanner(Start).IsAtFrameEnd);
    }

    [Fact]
    public void A_second_begin_does_not_move_the_start_of_a_transaction()
    {
        var scanner = Scan([.. s_insert, .. s_begin, .. s_insert, .. s_begin, .. s_insert], 1000).Scanner;
        Assert.Equal(Start + s_insert.Length, scanner.TransactionStart);
        Assert.Equal(Start + s_insert.Length, scanner.CutPoint);
    }

    [Fact]
    public void The_first_end_without_a_begin_is_the_one_that_is_told()
    {
        byte[] log = [.. s_insert, .. s_commit, .. s_begin, .. s_commit, .. s_commit];
        Assert.Equal(Start + s_insert.Length, Scan(log, 1000).Scanner.StrayEnd);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(1000)]
    public void Frames_without_a_payload_are_frames(int piece)
    {
        byte[] log = [.. SpgFrames.V1(""), .. SpgFrames.V2(""), .. SpgFrames.V3(""), .. s_insert];
        Assert.Equal([(0, 1), (4, 2), (12, 3), (21, 3)], Frames(log, piece).Select(f => (f.Offset, (int)f.Version)));
    }

    [Theory]
    [InlineData(new byte[] { 0, 0, 0, 0xC0, 0, 0, 0, 0, 1 })]
    [InlineData(new byte[] { 0, 0, 0, 0x80, 1, 0, 0, 0 })]
    public void The_checksum_of_a_frame_without_a_payload_counts(byte[] frame)
    {
        foreach (var piece in new[] { 1, 1000 })
        {
            var error = Assert.Throws<BackupException>(() => Frames([.. frame, .. s_insert], piece));
            Assert.Equal(ErrorCode.ChecksumMismatch, error.Code);
            Assert.Equal(0, error.Offset);
        }
    }

    [Fact]
    public void Text_that_looks_like_a_type_byte_is_text()
    {
        foreach (var piece in new[] { 1, 1000 })
        {
            Assert.Equal(0, Frames(SpgFrames.V2("\u0001abc"), piece)[0].Type);
            Assert.Equal(0, Frames(SpgFrames.V2("\u0002abcdefg"), piece)[0].Type);
            Assert.Equal(0, Frames(SpgFrames.V1("abcd\u0002efg"), piece)[0].Type);
        }
    }

    [Fact]
    public void A_marker_is_no_statement_whatever_its_number_spells()
    {
        foreach (var piece in new[] { 1, 1000 })
        {
            var frame = Assert.Single(Frames(SpgFrames.V3(0x02, "BEGIN;;;"u8), piece));
            Assert.Equal(SpgStatement.Other, frame.Statement);
            Assert.Equal(SpgWalFrame.Marker, frame.Type);
        }
    }

    private static SpgSliceScan Scan(byte[] log, int piece)
    {
        var scan = new SpgSliceScan(Start);
        foreach (var part in log.Chunk(piece))
        {
            scan.Append(part);
        }
        return scan;
    }

    private static List<SpgWalFrame> Frames(byte[] log, int piece)
    {
        var scanner = new SpgWalScanner();
        var frames = new List<SpgWalFrame>();
        foreach (var part in log.Chunk(piece))
        {
            ReadOnlySpan<byte> rest = part;
            while (scanner.TryRead(ref rest, out var frame))
            {
                frames.Add(frame);
            }
        }
        return frames;
    }
}
