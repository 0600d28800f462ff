using BackupTools.Errors;
using BackupTools.Formats.Grafeo;

namespace BackupTools.Tests.Formats.Grafeo;

public class GrafeoWalHeaderTests
{
    [Theory]
    [InlineData(0, 0x58, ErrorCode.BadMagic, "WAL segment header: wrong magic", 1000)]
    [InlineData(8, 3, ErrorCode.UnsupportedVersion, "WAL version 3 with a header of 128 bytes is not known", 1008)]
    [InlineData(10, 64, ErrorCode.UnsupportedVersion, "WAL version 2 with a header of 64 bytes is not known", 1008)]
    [InlineData(12, 5, ErrorCode.EncryptedNotSupported, "the WAL is encrypted", 1012)]
    [InlineData(
        12,
        4,
        ErrorCode.UnsupportedVersion,
        "the WAL uses features that this version does not know (flags 0x4)",
        1012
    )]
    public void Sound_headers_of_other_segments_are_refused_by_name(
        int at,
        byte value,
        ErrorCode code,
        string message,
        long offset
    )
    {
        var header = GrafeoBytes.SegmentHeader(0);
        header[at] = value;
        GrafeoBytes.Seal(header, 124);
        var error = GrafeoBytes.Refused(() => GrafeoWalHeader.Read(header, 1000));
        Assert.Equal((code, message, offset), (error.Code, error.Message, error.Offset));
    }

    [Fact]
    public void Cut_and_damaged_headers_are_refused_at_their_place()
    {
        var header = GrafeoBytes.SegmentHeader(0);
        var cut = GrafeoBytes.Refused(() => GrafeoWalHeader.Read(header.AsSpan(0, 127), 1000));
        Assert.Equal(
            (ErrorCode.Truncated, "WAL segment header: the file is too short", 1127L),
            (cut.Code, cut.Message, cut.Offset)
        );
        var flipped = GrafeoBytes.Refused(() => GrafeoWalHeader.Read(GrafeoBytes.Flip(header, 48), 1000));
        Assert.Equal(
            (ErrorCode.ChecksumMismatch, "WAL segment header: checksum mismatch", 1000L),
            (flipped.Code, flipped.Message, flipped.Offset)
        );
    }
}
