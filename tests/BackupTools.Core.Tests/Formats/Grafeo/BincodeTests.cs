using BackupTools.Errors;
using BackupTools.Formats.Grafeo;
using FsCheck;
using FsCheck.Fluent;

namespace BackupTools.Tests.Formats.Grafeo;

public class BincodeTests
{
    [Theory]
    [InlineData(0UL, "00")]
    [InlineData(250UL, "FA")]
    [InlineData(251UL, "FB FB 00")]
    [InlineData(252UL, "FB FC 00")]
    [InlineData(255UL, "FB FF 00")]
    [InlineData(256UL, "FB 00 01")]
    [InlineData(65535UL, "FB FF FF")]
    [InlineData(65536UL, "FC 00 00 01 00")]
    [InlineData(4294967295UL, "FC FF FF FF FF")]
    [InlineData(4294967296UL, "FD 00 00 00 00 01 00 00 00")]
    [InlineData(ulong.MaxValue, "FD FF FF FF FF FF FF FF FF")]
    public void Integers_have_the_bytes_of_the_format_document(ulong value, string hex)
    {
        Assert.Equal(GrafeoBytes.Hex(hex), new BincodeWriter().U64(value).ToArray());
        var reader = new BincodeReader(GrafeoBytes.Hex(hex));
        Assert.Equal(value, reader.U64());
        Assert.Equal(0, reader.Remaining);
    }

    [Fact]
    public void Texts_have_the_bytes_of_the_format_document() =>
        Assert.Equal(
            GrafeoBytes.Hex("17 62 61 63 6B 75 70 5F 66 75 6C 6C 5F 30 30 30 30 2E 67 72 61 66 65 6F"),
            new BincodeWriter().Text("backup_full_0000.grafeo").ToArray()
        );

    [Theory]
    [InlineData("FB 01 00")]
    [InlineData("FC 01 00 00 00")]
    public void Longer_forms_than_needed_are_accepted_up_to_the_width_of_the_field(string hex)
    {
        var narrow = new BincodeReader(GrafeoBytes.Hex(hex));
        Assert.Equal(1u, narrow.U32());
        var wide = new BincodeReader(GrafeoBytes.Hex("FD 01 00 00 00 00 00 00 00"));
        Assert.Equal(1ul, wide.U64());
    }

    [Theory]
    [InlineData("FD 01 00 00 00 00 00 00 00", true, "InvalidIntegerType { expected: U32, found: U64 }")]
    [InlineData(
        "FE 01 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00",
        false,
        "InvalidIntegerType { expected: U64, found: U128 }"
    )]
    [InlineData("FF", false, "InvalidIntegerType { expected: U64, found: Reserved }")]
    public void Wider_forms_than_the_field_are_refused_in_the_engines_words(string hex, bool narrow, string message)
    {
        var error = GrafeoBytes.Refused(() =>
        {
            var reader = new BincodeReader(GrafeoBytes.Hex(hex), baseOffset: 40);
            _ = narrow ? reader.U32() : reader.U64();
        });
        Assert.Equal((ErrorCode.Malformed, message, 40L), (error.Code, error.Message, error.Offset));
    }

    [Fact]
    public void Invalid_UTF8_and_lengths_beyond_the_end_are_refused()
    {
        Assert.Equal(ErrorCode.Malformed, GrafeoBytes.Refused(() => Text("02 C3 28")).Code);
        Assert.Equal(ErrorCode.Truncated, GrafeoBytes.Refused(() => Text("FD FF FF FF FF FF FF FF FF 41")).Code);
        Assert.Equal(ErrorCode.Truncated, GrafeoBytes.Refused(() => Count("FD FF FF FF FF FF FF FF 7F")).Code);

        static void Text(string hex)
        {
            var reader = new BincodeReader(GrafeoBytes.Hex(hex));
            reader.Text();
        }
        static void Count(string hex)
        {
            var reader = new BincodeReader(GrafeoBytes.Hex(hex));
            reader.Count(7);
        }
    }

    [Fact]
    public void A_count_may_announce_as_many_elements_as_there_is_room_for()
    {
        byte[] bytes = [2, .. new byte[14]];
        Assert.Equal(2, new BincodeReader(bytes).Count(7));
        var error = GrafeoBytes.Refused(() => new BincodeReader(bytes, baseOffset: 40).Count(8));
        Assert.Equal(
            (ErrorCode.Truncated, "2 elements are announced and only 14 bytes are left", 40L),
            (error.Code, error.Message, error.Offset)
        );
    }

    [Fact]
    public void What_is_written_is_read_back_and_is_the_shortest_form() =>
        Prop.ForAll<ulong, byte>(
                (value, shift) =>
                {
                    value >>= shift % 64;
                    var bytes = new BincodeWriter().U64(value).ToArray();
                    var reader = new BincodeReader(bytes);
                    return reader.U64() == value && bytes.AsSpan().SequenceEqual(GrafeoBytes.Var(value));
                }
            )
            .QuickCheckThrowOnFailure();
}
