using BackupTools.Engines.Sqlite;
using BackupTools.Formats.Sqlite;
using K4os.Compression.LZ4;

namespace BackupTools.Tests.Engines.Sqlite;

/// <summary>Which pages of a block are compressed, and that all come back.</summary>
public sealed class PageBlockTests
{
    private const int PageSize = 4096;
    private const int Pages = 256;

    [Theory]
    [InlineData("noise", 1.0, 1.01)]
    [InlineData("letters of four bits", 0.98, 1.01)]
    [InlineData("rows", 0.1, 0.6)]
    [InlineData("rows and noise in turn", 0.5, 0.8)]
    [InlineData("noise, then rows", 0.5, 0.8)]
    [InlineData("a fifth is rows", 0.8, 0.92)]
    public void Pages_are_compressed_where_that_saves_a_sixteenth(string kind, double least, double most)
    {
        var block = Block(kind);
        using var pages = new PageBlock(PageSize, new PageMacs(PageMacs.NewKey(), 2 * Pages), earlier: [], Pages);
        pages.Work(block, 1);
        Assert.InRange(Sizes(pages) / (double)block.Length, least, most);
        AllComeBack(pages, block);
        // What one block was found to be says nothing of the next.
        pages.Work(Block("rows"), 1 + Pages);
        Assert.InRange(Sizes(pages) / (double)block.Length, 0.1, 0.6);
    }

    [Fact]
    public void Literals_of_any_length_are_read_by_the_library_and_no_longer_than_its_own()
    {
        foreach (var length in Enumerable.Range(1, 1000).Concat([4096, 8192, 65535, 65536]))
        {
            var bytes = new byte[length];
            new Random(length).NextBytes(bytes);
            var packed = new byte[LZ4Codec.MaximumOutputSize(length)];
            var size = Lz4Literals.Encode(bytes, packed);
            Assert.InRange(size, length + 1, length + 2 + (length / 255));
            var back = new byte[length];
            Assert.Equal(length, LZ4Codec.Decode(packed.AsSpan(0, size), back));
            Assert.Equal(bytes, back);
            Assert.InRange(size, 1, LZ4Codec.Encode(bytes, new byte[packed.Length]));
        }
    }

    private static long Sizes(PageBlock pages) => Enumerable.Range(0, Pages).Sum(i => (long)pages.Compressed(i).Length);

    private static void AllComeBack(PageBlock pages, byte[] block)
    {
        var back = new byte[PageSize];
        for (var i = 0; i < Pages; i++)
        {
            Assert.Equal(PageSize, LZ4Codec.Decode(pages.Compressed(i), back));
            Assert.True(block.AsSpan(i * PageSize, PageSize).SequenceEqual(back), $"page {i}");
        }
    }

    private static byte[] Block(string kind)
    {
        var random = new Random(1);
        var block = new byte[Pages * PageSize];
        for (var i = 0; i < Pages; i++)
        {
            var page = block.AsSpan(i * PageSize, PageSize);
            random.NextBytes(page);
            var isNoise = kind switch
            {
                "noise" => true,
                "rows and noise in turn" => i % 2 == 0,
                "noise, then rows" => i < Pages / 2,
                "a fifth is rows" => i % 5 > 0,
                _ => false,
            };
            for (var at = 0; !isNoise && at < PageSize; at++)
            {
                page[at] = kind[0] == 'l' ? (byte)('a' + (page[at] & 15)) : (byte)(at % 32 < 20 ? at % 32 : page[at]);
            }
        }
        return block;
    }
}
