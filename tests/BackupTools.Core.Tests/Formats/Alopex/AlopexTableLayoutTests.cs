using System.Buffers.Binary;
using BackupTools.Errors;
using BackupTools.Formats.Alopex;

namespace BackupTools.Tests.Formats.Alopex;

public sealed class AlopexTableLayoutTests
{
    private const int FooterOffset = 400;
    private const int Length = FooterOffset + AlopexTableLayout.FooterSize;

    [Theory]
    [InlineData(0, 'X', ErrorCode.BadMagic, "SSTable header magic mismatch", 0)]
    [InlineData(4, 2, ErrorCode.UnsupportedVersion, "unsupported SSTable version: 2", 4)]
    [InlineData(Length - 1, 'X', ErrorCode.BadMagic, "SSTable footer magic mismatch", Length - 4)]
    [InlineData(
        6,
        0,
        ErrorCode.Malformed,
        "SSTable bloom presence mismatch between header flag and footer size",
        FooterOffset + 20
    )]
    [InlineData(FooterOffset + 5, 1, ErrorCode.Malformed, "SSTable index range is out of bounds", FooterOffset)]
    [InlineData(FooterOffset + 17, 1, ErrorCode.Malformed, "SSTable bloom range is out of bounds", FooterOffset + 12)]
    [InlineData(
        FooterOffset + 12,
        120,
        ErrorCode.Malformed,
        "SSTable index and bloom ranges overlap",
        FooterOffset + 12
    )]
    public void What_the_engine_refuses_is_refused_in_its_words(
        int at,
        int value,
        ErrorCode code,
        string said,
        long offset
    )
    {
        var table = Table((100, 50), (160, 40));
        table[at] = (byte)value;

        var error = Assert.Throws<BackupException>(() => AlopexTables.LayoutOf(table));

        Assert.Equal((code, $"invalid format: {said}", offset), (error.Code, error.Message, error.Offset));
    }

    [Theory]
    [InlineData(31, 1, false)]
    [InlineData(32, 368, true)]
    [InlineData(32, 369, false)]
    [InlineData(399, 1, true)]
    [InlineData(400, 0, true)]
    [InlineData(400, 1, false)]
    [InlineData(401, 0, false)]
    public void The_index_lies_between_the_header_and_the_footer(long index, int size, bool inside)
    {
        var error = Record.Exception(() => AlopexTables.LayoutOf(Table((index, size), (0, 0))));

        Assert.Equal(inside ? null : "invalid format: SSTable index range is out of bounds", error?.Message);
    }

    [Theory]
    [InlineData(50, 50, true)]
    [InlineData(50, 51, false)]
    [InlineData(90, 100, false)]
    [InlineData(110, 10, false)]
    [InlineData(149, 1, false)]
    [InlineData(150, 10, true)]
    [InlineData(120, 0, true)] // no filter: where it would be means nothing
    [InlineData(long.MinValue, 0, true)]
    public void Index_and_filter_may_touch_and_not_overlap(long bloom, int size, bool apart)
    {
        var error = Record.Exception(() => AlopexTables.LayoutOf(Table((100, 50), (bloom, size))));

        Assert.Equal(apart ? null : "invalid format: SSTable index and bloom ranges overlap", error?.Message);
    }

    [Theory]
    [InlineData(0, AlopexCodec.None)]
    [InlineData(2, AlopexCodec.Lz4)]
    [InlineData(4, AlopexCodec.Zstd)]
    [InlineData(6, AlopexCodec.Unknown)]
    [InlineData(0x8008, AlopexCodec.None)]
    public void The_codec_is_two_bits_of_the_flags(int flags, object codec)
    {
        var table = Table((32, 4), (0, 0));
        BinaryPrimitives.WriteUInt16LittleEndian(table.AsSpan(6), (ushort)flags);

        Assert.Equal(codec, AlopexTables.LayoutOf(table).Codec);
    }

    [Fact]
    public void The_smallest_table_is_a_header_and_a_footer()
    {
        byte[] table = [.. Table((32, 0), (0, 0))[..32], .. Table((32, 0), (0, 0))[FooterOffset..]];

        Assert.Equal((80L, 0u), (AlopexTables.LayoutOf(table).Length, AlopexTables.LayoutOf(table).IndexSize));
        var error = Assert.Throws<BackupException>(() => AlopexTables.LayoutOf(table[..79]));
        Assert.Equal((ErrorCode.Truncated, "invalid format: SSTable file too small"), (error.Code, error.Message));
    }

    private static byte[] Table((long Offset, int Size) index, (long Offset, int Size) bloom)
    {
        var table = new byte[Length];
        "ASST"u8.CopyTo(table);
        table[4] = 1;
        table[6] = (byte)(bloom.Size > 0 ? 1 : 0);
        var footer = table.AsSpan(FooterOffset);
        BinaryPrimitives.WriteInt64LittleEndian(footer, index.Offset);
        BinaryPrimitives.WriteInt32LittleEndian(footer[8..], index.Size);
        BinaryPrimitives.WriteInt64LittleEndian(footer[12..], bloom.Offset);
        BinaryPrimitives.WriteInt32LittleEndian(footer[20..], bloom.Size);
        "TSSA"u8.CopyTo(footer[44..]);
        return table;
    }
}
