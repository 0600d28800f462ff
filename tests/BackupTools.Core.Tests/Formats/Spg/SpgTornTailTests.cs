using BackupTools.Errors;
using BackupTools.Formats.Spg;

namespace BackupTools.Tests.Formats.Spg;

/// <summary>How a log that ends in no whole frame is judged (SPG format, §4.2, §4.3).</summary>
public sealed class SpgTornTailTests
{
    [Theory]
    [InlineData("INSERT INTO t VALUES (1)", true)]
    [InlineData("INSE", true)]
    [InlineData(" ~ ~", true)]
    [InlineData("INS", false)]
    [InlineData("\u001fNSE", false)]
    [InlineData("INS\u007f", false)]
    [InlineData("A\0\0\0 statement of fewer bytes than it says", false)]
    public void A_length_word_of_four_printable_characters_is_text(string bytes, bool isText)
    {
        foreach (var piece in new[] { 1, 1000 })
        {
            var torn = Torn([.. bytes.Select(c => (byte)c)], piece, 1000)!;
            Assert.Equal(isText, torn.IsText);
            Assert.Equal(1000, torn.Offset);
            Assert.Equal(bytes.Length, torn.Length);
        }
    }

    [Fact]
    public void A_length_read_from_text_is_told_whole() =>
        Assert.Equal(
            // 'I' 'N' 'S' 'E' as a number; its bit 30 is part of a v1 length.
            "WAL entry truncated (payload_len=1163087433) — dropping tail",
            Torn("INSERT INTO t VALUES (1)"u8.ToArray(), 1000)?.Text
        );

    [Fact]
    public void A_checksummed_frame_cut_short_is_no_text() =>
        Assert.False(Torn(SpgFrames.V3("SELECT 1")[..^1], 7)?.IsText);

    [Fact]
    public void A_log_that_ends_with_a_length_word_of_embedded_spg_is_refused()
    {
        var error = Assert.Throws<BackupException>(() => Torn([0, 0, 0, 0xE0], 4, 500));
        Assert.Equal(ErrorCode.UnsupportedFormat, error.Code);
        Assert.Equal(500, error.Offset);
        Assert.Equal("WAL truncated at offset 500 (need 4-byte length, have 3)", Torn([0, 0, 0xE0], 4, 500)?.Text);
    }

    [Fact]
    public void A_whole_frame_is_found_wherever_it_begins()
    {
        byte[][] frames = [SpgFrames.V2("x"), SpgFrames.V3("x"), SpgFrames.V2("SELECT 1"), SpgFrames.V3("SELECT 1")];
        foreach (var frame in frames)
        {
            Assert.True(SpgWalScanner.HoldsWholeFrame([7, .. frame]));
            Assert.True(SpgWalScanner.HoldsWholeFrame([7, 0, 0, 0, 9, .. frame]));
            Assert.True(SpgWalScanner.HoldsWholeFrame([7, .. frame, 7, 7]));
            // The frame that is torn begins at the first byte: only others count.
            Assert.False(SpgWalScanner.HoldsWholeFrame(frame));
            Assert.False(SpgWalScanner.HoldsWholeFrame([7, .. frame[..^1]]));
        }
    }

    [Fact]
    public void Frames_that_prove_nothing_are_not_taken_for_whole_ones()
    {
        var noFlag = SpgFrames.V2("SELECT 1");
        noFlag[3] = 0;
        byte[][] frames = [SpgFrames.V1("SELECT 1"), SpgFrames.V2(""), SpgFrames.V3(""), noFlag];
        foreach (var frame in frames)
        {
            Assert.False(SpgWalScanner.HoldsWholeFrame([7, .. frame, 7, 7]));
        }
    }

    private static SpgTornTail? Torn(byte[] wal, int piece, long offset = 0)
    {
        var scanner = new SpgWalScanner(offset);
        foreach (var part in wal.Chunk(piece))
        {
            ReadOnlySpan<byte> rest = part;
            while (scanner.TryRead(ref rest, out _)) { }
        }
        return scanner.Finish();
    }
}
