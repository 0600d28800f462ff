using System.Buffers.Binary;
using BackupTools.Errors;
using BackupTools.Formats.PowDb;

namespace BackupTools.Tests.Formats.PowDb;

public sealed class PowDbFingerprintsTests
{
    private static readonly byte[] Head =
    [
        6,
        0,
        .. "t.heap"u8,
        4, // window
        3,
        2,
        1,
        2, // kind
        5, // count
        0,
        0,
        0,
    ];

    [Fact]
    public void A_listed_segment_repeats_the_place_of_each_page()
    {
        var all = new byte[301 * 16];
        new Random(6).NextBytes(all);

        Assert.Equal([1, 0, .. all[16..32], 0x2C, 1, .. all[4800..4816]], PowDbFingerprints.List([1, 300], all));
    }

    [Theory]
    [InlineData(true, 48)]
    [InlineData(false, 54)]
    public void Listed_fingerprints_take_two_bytes_more_each(bool complete, int expected)
    {
        Assert.Equal(expected, new PowDbFingerprintSegment("t.heap", 0, complete, 3).BodyLength);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_head_is_written_as_described_and_read_again(bool complete)
    {
        var segment = new PowDbFingerprintSegment("t.heap", 0x01020304, complete, 5);
        var bytes = new byte[PowDbFingerprints.MaxHeadSize];
        var expected = Head.ToArray();
        expected[12] = (byte)(complete ? 1 : 2);

        var length = PowDbFingerprints.WriteHead(bytes, segment);

        Assert.Equal(expected, bytes[..length]);
        Assert.Equal(segment, PowDbFingerprints.ReadHead(bytes, 8, out var read));
        Assert.Equal(length, read);
    }

    [Fact]
    public void The_longest_name_fits_the_longest_head()
    {
        var segment = new PowDbFingerprintSegment(new string('n', 255), 0, true, 1);
        var bytes = new byte[PowDbFingerprints.MaxHeadSize];

        Assert.Equal(bytes.Length, PowDbFingerprints.WriteHead(bytes, segment));
        Assert.Equal(segment, PowDbFingerprints.ReadHead(bytes, 8, out _));
    }

    [Theory]
    [InlineData(1, 1u)]
    [InlineData(1, 65536u)]
    [InlineData(2, 65536u)]
    public void A_window_may_be_full(byte kind, uint count)
    {
        var segment = PowDbFingerprints.ReadHead(Patched(kind, count), 8, out _);

        Assert.Equal((kind == 1, (int)count), (segment.IsComplete, segment.Count));
    }

    [Theory]
    [InlineData(0, 1u)]
    [InlineData(3, 1u)]
    [InlineData(1, 0u)]
    [InlineData(2, 0u)]
    [InlineData(1, 65537u)]
    [InlineData(2, uint.MaxValue)]
    public void A_segment_that_is_not_possible_is_refused(byte kind, uint count)
    {
        var error = Assert.Throws<BackupException>(() => PowDbFingerprints.ReadHead(Patched(kind, count), 100, out _));

        Assert.Equal((ErrorCode.Malformed, 100), (error.Code, error.Offset));
    }

    [Fact]
    public void A_head_cut_anywhere_is_refused()
    {
        for (var length = 0; length < Head.Length; length++)
        {
            var error = Assert.Throws<BackupException>(() =>
                PowDbFingerprints.ReadHead(Head.AsSpan(0, length), 100, out _)
            );

            Assert.Equal(ErrorCode.Truncated, error.Code);
            Assert.InRange(error.Offset!.Value, 100, 100 + length);
        }
    }

    private static byte[] Patched(byte kind, uint count)
    {
        var bytes = Head.ToArray();
        bytes[12] = kind;
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(13), count);
        return bytes;
    }
}
