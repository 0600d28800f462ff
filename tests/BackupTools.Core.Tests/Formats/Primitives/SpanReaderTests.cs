using System.Text;
using BackupTools.Errors;
using BackupTools.Formats.Primitives;

namespace BackupTools.Tests.Formats.Primitives;

public sealed class SpanReaderTests
{
    private static readonly byte[] Bytes = Enumerable.Range(1, 20).Select(i => (byte)i).ToArray();

    [Fact]
    public void Values_are_read_one_after_the_other_lowest_byte_first()
    {
        var reader = new SpanReader(Bytes, baseOffset: 100);

        Assert.Equal(0x01, reader.U8());
        Assert.Equal(0x0302, reader.U16());
        Assert.Equal(0x07060504u, reader.U32());
        Assert.Equal(0x0F0E0D0C0B0A0908u, reader.U64());
        reader.Skip(1);
        Assert.Equal([17, 18], reader.Bytes(2).ToArray());

        Assert.Equal(18, reader.Position);
        Assert.Equal(2, reader.Remaining);
        Assert.Equal(118, reader.Offset);
        Assert.Equal([19, 20], reader.Rest.ToArray());
        reader.Skip(2);
        Assert.Equal(0, reader.Remaining);
    }

    [Theory]
    [InlineData(18ul)]
    [InlineData(1ul << 32)]
    [InlineData(ulong.MaxValue)]
    public void More_than_is_left_is_refused_where_it_was_wanted_and_nothing_is_taken(ulong count)
    {
        var reader = new SpanReader(Bytes, baseOffset: 100);
        reader.Skip(3);
        BackupException? refusal = null;
        try
        {
            reader.Skip(count);
        }
        catch (BackupException e)
        {
            refusal = e;
        }

        Assert.Equal(ErrorCode.Truncated, refusal?.Code);
        Assert.Equal(103, refusal?.Offset);
        Assert.Equal(
            $"unexpected end of data at offset 103 (wanted {count} bytes, 17 left)",
            refusal?.Message,
            StringComparer.Ordinal
        );
        Assert.Equal(3, reader.Position);
        Assert.Equal(17, reader.Bytes(17).Length);
    }

    [Fact]
    public void A_text_that_is_not_UTF_8_is_refused_where_it_begins()
    {
        byte[] bytes = [0, .. Encoding.UTF8.GetBytes("naïve"), 0xC3, 0x28];
        var reader = new SpanReader(bytes, baseOffset: 7);
        reader.Skip(1);
        Assert.Equal("naïve", reader.Utf8(6));

        var refusal = Assert.Throws<BackupException>(() =>
        {
            var second = new SpanReader(bytes, baseOffset: 7);
            second.Skip(7);
            second.Utf8(2);
        });
        Assert.Equal((ErrorCode.Malformed, 14), (refusal.Code, refusal.Offset));
    }
}
