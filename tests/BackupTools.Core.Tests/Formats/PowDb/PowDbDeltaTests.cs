using System.Buffers.Binary;
using BackupTools.Errors;
using BackupTools.Formats.PowDb;
using Blake3;

namespace BackupTools.Tests.Formats.PowDb;

public sealed class PowDbDeltaTests
{
    private const int RecordSize = 4100;
    private const uint TotalPages = 9;

    [Theory]
    [InlineData("t.heap", "t.heap.delta")]
    [InlineData("t_id.idx", "t_id.idx.delta")] // engine 0.4.7, where the length happens to be whole pages
    [InlineData("t_7.eidx", "t_7.eidx.delta")]
    public void The_delta_of_a_paged_file_is_let_through_under_its_own_name(string name, string delta)
    {
        PowDbDelta.RequireSafe(Listing() with { Name = name, DeltaFile = delta });
    }

    [Theory]
    [InlineData("catalog.bin", "catalog.bin.delta")]
    [InlineData("catalog.bin", "t.heap.delta")]
    [InlineData("t.heap", "u.heap.delta")]
    [InlineData("t.heap", "T.heap.delta")]
    [InlineData("t.heap", "t.heap")]
    [InlineData("t.heap", "../t.heap.delta")]
    [InlineData("t_id.idx", "t.heap.delta")]
    public void A_delta_of_anything_else_or_under_another_name_is_refused(string name, string delta)
    {
        var error = Assert.Throws<BackupException>(() =>
            PowDbDelta.RequireSafe(Listing() with { Name = name, DeltaFile = delta })
        );

        Assert.Equal(ErrorCode.UnsafeName, error.Code);
        Assert.StartsWith($"invalid backup manifest file name: {delta} ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_length_is_that_of_the_listed_records()
    {
        var pages = Listing(0, 5);
        PowDbDelta.RequireLength(pages, 2 * RecordSize);
        PowDbDelta.RequireLength(Listing(), 0);

        foreach (var length in new[] { 0, RecordSize, (2 * RecordSize) - 1, (2 * RecordSize) + 1 })
        {
            var error = Assert.Throws<BackupException>(() => PowDbDelta.RequireLength(pages, length));

            Assert.Equal(ErrorCode.LengthMismatch, error.Code);
            Assert.Equal(
                $"delta for t.heap has length {length} but 2 page records expected 8200", // the engine's words
                error.Message
            );
        }
    }

    [Fact]
    public void A_manifest_that_says_another_length_than_its_records_have_is_refused()
    {
        var error = Assert.Throws<BackupException>(() =>
            PowDbDelta.RequireLength(Listing(0, 5) with { DeltaLength = 8201 }, 8200)
        );

        Assert.Equal(ErrorCode.LengthMismatch, error.Code);
        Assert.Equal("the manifest says 8201 bytes for t.heap.delta, which has 8200", error.Message);
    }

    [Fact]
    public void A_record_is_a_page_index_and_a_page()
    {
        var record = Record(0x01020304);
        record[4] = 7;
        record[^1] = 8;

        Assert.Equal(0x01020304u, PowDbDelta.IndexOf(record));
        Assert.Equal(record[4..], PowDbDelta.PageOf([.. record, 9]).ToArray());
    }

    [Theory]
    [InlineData]
    [InlineData(0u)]
    [InlineData(0u, 1u, 8u)]
    [InlineData(8u)]
    public void A_delta_of_the_listed_pages_passes(params uint[] indices)
    {
        var check = new PowDbDeltaCheck(Listing(indices));

        Assert.All(indices, index => Assert.Equal(index, check.Take(Record(index))));
        check.Finish();
    }

    [Theory]
    [InlineData(3u, 3u)]
    [InlineData(3u, 2u)]
    [InlineData(3u, 0u)]
    [InlineData(3u, 9u)]
    [InlineData(3u, uint.MaxValue)]
    public void A_page_out_of_order_or_outside_the_heap_is_refused(uint first, uint second)
    {
        var check = new PowDbDeltaCheck(Listing(first, second));
        check.Take(Record(first));

        var error = Assert.Throws<BackupException>(() => check.Take(Record(second)));

        Assert.Equal((ErrorCode.Malformed, RecordSize), (error.Code, error.Offset));
        Assert.Contains(
            $"page {second} of t.heap is out of order or outside its 9 pages",
            error.Message,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData] // none
    [InlineData(1u)] // fewer
    [InlineData(1u, 3u)] // others
    [InlineData(1u, 2u, 3u)] // more
    public void A_delta_of_other_pages_than_listed_is_refused(params uint[] indices)
    {
        var check = new PowDbDeltaCheck(Listing(1, 2));
        Assert.All(indices, index => check.Take(Record(index)));

        var error = Assert.Throws<BackupException>(check.Finish);

        Assert.Equal(ErrorCode.Malformed, error.Code);
        Assert.Equal("t.heap.delta holds other pages than the manifest lists for t.heap", error.Message);
    }

    private static PowDbPages Listing(params uint[] indices) =>
        new(
            "t.heap",
            TotalPages,
            (uint)indices.Length,
            Hasher.Hash(indices.SelectMany(i => Record(i)[..4]).ToArray()),
            "t.heap.delta",
            (ulong)indices.Length * RecordSize,
            default
        );

    private static byte[] Record(uint index)
    {
        var record = new byte[RecordSize];
        BinaryPrimitives.WriteUInt32LittleEndian(record, index);
        return record;
    }
}
