using System.Buffers.Binary;
using BackupTools.Errors;
using BackupTools.Formats.Grafeo;

namespace BackupTools.Tests.Formats.Grafeo;

public class GrafeoDirectoryTests
{
    [Fact]
    public void A_full_section_directory_is_read_to_its_last_entry()
    {
        var page = new byte[4096];
        page[0] = 127;
        for (var i = 0; i < 127; i++)
        {
            var entry = page.AsSpan(8 + (32 * i), 32);
            entry[0] = 20;
            WriteExtent(entry[8..], i);
        }
        Assert.Equal(Extents("section PropertyIndex", 127), GrafeoSections.ReadDirectory(page));
    }

    [Fact]
    public void The_longest_directory_block_is_read_to_its_last_entry()
    {
        var block = Block(1364, 65536);
        for (var i = 0; i < 1364; i++)
        {
            var entry = block.AsSpan(32 + (48 * i), 48);
            entry[0] = 2;
            WriteExtent(entry[24..], i);
        }
        BinaryPrimitives.WriteUInt64LittleEndian(block.AsSpan(8), 0x9000);
        BinaryPrimitives.WriteUInt32LittleEndian(block.AsSpan(16), 704);
        BinaryPrimitives.WriteUInt32LittleEndian(block.AsSpan(20), 5);
        var chunks = GrafeoPages.ReadDirectory(block, 0, out var next);
        Assert.Equal(Extents("a chunk of section LpgStore", 1364), chunks);
        Assert.Equal(new GrafeoExtent("a directory block", 0x9000, 704, 5), next);
    }

    [Fact]
    public void A_directory_block_may_be_empty()
    {
        Assert.Empty(GrafeoPages.ReadDirectory(Block(0, 32), 0, out var next));
        Assert.Null(next);
    }

    [Fact]
    public void Bytes_that_are_no_directory_are_refused_at_their_place()
    {
        foreach (var block in new[] { Block(0, 31), Block(0, 65537), GrafeoBytes.Flip(Block(1, 80), 0) })
        {
            var error = GrafeoBytes.Refused(() => GrafeoPages.ReadDirectory(block, 20480, out _));
            Assert.Equal((ErrorCode.Malformed, 20480L), (error.Code, error.Offset));
        }
        var cut = GrafeoBytes.Refused(() => GrafeoSections.ReadDirectory(new byte[4095]));
        Assert.Equal((ErrorCode.Truncated, 12288L), (cut.Code, cut.Offset));
    }

    [Fact]
    public void Directories_that_announce_more_than_fits_are_refused()
    {
        var page = new byte[4096];
        page[0] = 128;
        var sections = GrafeoBytes.Refused(() => GrafeoSections.ReadDirectory(page));
        Assert.Equal((ErrorCode.Malformed, 12288L), (sections.Code, sections.Offset));
        var chunks = GrafeoBytes.Refused(() => GrafeoPages.ReadDirectory(Block(2, 127), 20480, out _));
        Assert.Equal((ErrorCode.Malformed, 20484L), (chunks.Code, chunks.Offset));
    }

    private static byte[] Block(int count, int length)
    {
        var block = new byte[length];
        "GDIR"u8.CopyTo(block);
        BinaryPrimitives.WriteInt32LittleEndian(block.AsSpan(4), count);
        return block;
    }

    private static void WriteExtent(Span<byte> at, int number)
    {
        BinaryPrimitives.WriteInt64LittleEndian(at, (4 + number) * 4096L);
        BinaryPrimitives.WriteInt64LittleEndian(at[8..], 4096 - number);
        BinaryPrimitives.WriteInt32LittleEndian(at[16..], 7 * number);
    }

    private static IEnumerable<GrafeoExtent> Extents(string name, int count) =>
        Enumerable
            .Range(0, count)
            .Select(i => new GrafeoExtent(name, (4 + (ulong)i) * 4096, 4096 - (ulong)i, 7 * (uint)i));
}
