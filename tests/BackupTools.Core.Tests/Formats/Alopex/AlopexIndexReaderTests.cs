using BackupTools.Errors;
using BackupTools.Formats.Alopex;

namespace BackupTools.Tests.Formats.Alopex;

public sealed class AlopexIndexReaderTests
{
    // u64 offset 32, u32 size 16; then the two keys "a" and "bc".
    private const string Numbers = "200000000000000010000000";
    private const string Entry = Numbers + "0100000061020000006263";

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(1000)]
    public void Entries_are_read_from_pieces_of_any_size(int piece)
    {
        var entries = Read(Convert.FromHexString("02000000" + Entry + Numbers + "0000000000000000"), piece);

        Assert.Equal([(32UL, 16u, 1UL, 2UL), (32UL, 16u, 0UL, 0UL)], entries);
    }

    [Theory]
    [InlineData("", "SSTable block/index truncated")]
    [InlineData("010000", "SSTable block/index truncated")]
    [InlineData("01000000", "SSTable block/index truncated")]
    [InlineData("01000000" + Numbers + "000000", "SSTable block/index truncated")]
    [InlineData("01000000" + Numbers + "0200000061", "SSTable index truncated (first key)")]
    [InlineData("01000000" + Numbers + "FFFFFFFF61", "SSTable index truncated (first key)")]
    [InlineData("01000000" + Numbers + "0100000061", "SSTable block/index truncated")]
    [InlineData("01000000" + Numbers + "0100000061020000", "SSTable block/index truncated")]
    [InlineData("01000000" + Numbers + "01000000610200000062", "SSTable index truncated (last key)")]
    [InlineData("02000000" + Entry, "SSTable block/index truncated")]
    [InlineData("0000000000", "SSTable index block has trailing bytes")]
    [InlineData("01000000" + Entry + "00", "SSTable index block has trailing bytes")]
    public void An_index_that_does_not_decode_exactly_has_the_engines_words(string index, string said)
    {
        foreach (var piece in new[] { 1, 1000 })
        {
            var error = Assert.Throws<BackupException>(() => Read(Convert.FromHexString(index), piece));

            Assert.Equal((ErrorCode.Malformed, $"invalid format: {said}"), (error.Code, error.Message));
        }
    }

    private static List<(ulong Offset, uint Size, ulong First, ulong Last)> Read(byte[] index, int piece)
    {
        var entries = new List<(ulong, uint, ulong, ulong)>();
        var reader = new AlopexIndexReader((uint)index.Length);
        foreach (var part in index.Chunk(piece))
        {
            ReadOnlySpan<byte> rest = part;
            while (!rest.IsEmpty)
            {
                if (!reader.TryRead(ref rest))
                {
                    Assert.True(rest.IsEmpty, "bytes were left that belong to no entry");
                    break;
                }
                entries.Add((reader.BlockOffset, reader.BlockSize, reader.FirstKey.Length, reader.LastKey.Length));
            }
        }
        Assert.Equal((uint)entries.Count, reader.Count);
        return entries;
    }
}
