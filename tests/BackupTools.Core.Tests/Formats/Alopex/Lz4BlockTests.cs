using BackupTools.Errors;
using BackupTools.Formats.Alopex;

namespace BackupTools.Tests.Formats.Alopex;

public sealed class Lz4BlockTests
{
    // Made by hand after the block format: token (literals, match - 4), literals, u16 distance, again.
    [Theory]
    [InlineData("", "")]
    [InlineData("00", "")]
    [InlineData("30090807", "090807")]
    [InlineData("10010100", "0101010101")] // ends with its match
    [InlineData("4F010203040400013009 0807", "010203040102030401020304010203040102030401020304090807")]
    public void Runs_literals_and_long_lengths_decode(string block, string plain)
    {
        var bytes = new byte[plain.Length / 2];

        Lz4Block.Decode(Convert.FromHexString(block.Replace(" ", "", StringComparison.Ordinal)), bytes);

        Assert.Equal(plain, Convert.ToHexString(bytes));
    }

    [Theory]
    [InlineData("1001", 0)] // more literals than room
    [InlineData("1001", 2)] // fewer bytes than room
    [InlineData("", 1)]
    [InlineData("3009", 3)] // literals end early
    [InlineData("10010100 10", 6)] // a token and nothing behind it
    [InlineData("10010100 2002 03", 6)] // literals beyond the room that is left
    [InlineData("1001 05", 5)] // half a distance
    [InlineData("1001 0000", 5)]
    [InlineData("1001 0200", 5)] // from before the beginning
    [InlineData("1101 0100 00", 5)] // a match beyond the room
    [InlineData("1001 0100", 9)] // ends with a match and leaves room
    [InlineData("F0FFFF", 600)] // a length without an end
    public void A_payload_that_does_not_fill_the_block_exactly_is_malformed(string block, int room)
    {
        var bytes = Convert.FromHexString(block.Replace(" ", "", StringComparison.Ordinal));

        var error = Assert.Throws<BackupException>(() => Lz4Block.Decode(bytes, new byte[room]));

        Assert.Equal((ErrorCode.Malformed, "the LZ4 payload of a block does not decode"), (error.Code, error.Message));
    }

    [Fact]
    public void A_length_that_no_number_holds_is_malformed()
    {
        var block = new byte[9 << 20];
        block.AsSpan(0, block.Length - 1).Fill(255);

        Assert.Equal(
            ErrorCode.Malformed,
            Assert.Throws<BackupException>(() => Lz4Block.Decode(block, new byte[1 << 16])).Code
        );
    }
}
