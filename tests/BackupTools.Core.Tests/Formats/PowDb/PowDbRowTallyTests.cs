using System.Buffers.Binary;
using BackupTools.Errors;
using BackupTools.Formats.PowDb;
using BackupTools.Tests.Engines.PowDb;

namespace BackupTools.Tests.Formats.PowDb;

public sealed class PowDbRowTallyTests
{
    private const int Index = 3;
    private const long PageOffset = Index * 4096;

    // Rows at 20 and 38 up to 53, their slots at 4090 and 4086, the slots' count at 4094.
    private static readonly byte[] Sample = PowDbTestDatabase.PageBytes(
        new PowDbTestDatabase.Page { HasChecksum = false, Rows = { (1, "abc"), (2, null) } },
        Index
    );

    [Fact]
    public void A_deleted_row_does_not_count()
    {
        var page = Patched(4088, 0xFFFF);

        var tally = Tally(2, page);

        Assert.Equal((1, 1, 0), (tally.Rows, tally.Pages, tally.NullsIn(1)));
    }

    [Theory]
    [InlineData(6, 15, 6, "2 slots and rows up to 15 do not fit")]
    [InlineData(6, 4087, 6, "2 slots and rows up to 4087 do not fit")]
    [InlineData(4094, 1011, 6, "1011 slots and rows up to 53 do not fit")]
    [InlineData(4094, 0xFFFF, 6, "65535 slots and rows up to 53 do not fit")]
    [InlineData(4090, 15, 4090, "slot 0 points outside the rows")]
    [InlineData(4090, 54, 4090, "slot 0 points outside the rows")]
    [InlineData(4088, 16, 4086, "slot 1 points outside the rows")]
    [InlineData(4088, 0xFFFE, 4086, "slot 1 points outside the rows")]
    [InlineData(4088, 2, 38, "a row is shorter than its null bitmap")]
    [InlineData(20, 17, 20, "a row of 18 bytes says it has 17")]
    [InlineData(20, 19, 20, "a row of 18 bytes says it has 19")]
    public void What_does_not_fit_its_page_is_refused(int at, ushort value, int offset, string message)
    {
        var error = Assert.Throws<BackupException>(() => Tally(2, Patched(at, value)));

        Assert.Equal((ErrorCode.Malformed, PageOffset + offset), (error.Code, error.Offset));
        Assert.Equal($"page 3 is corrupt: {message}", error.Message);
    }

    [Theory]
    [InlineData(true, 20)]
    [InlineData(false, 16)]
    public void A_page_may_be_empty(bool hasChecksum, ushort freeStart)
    {
        var page = new byte[PowDbPage.Size];
        page[4] = PowDbPage.Data;
        page[5] = (byte)(hasChecksum ? 1 : 0);
        BinaryPrimitives.WriteUInt16LittleEndian(page.AsSpan(6), freeStart);

        Assert.Equal(0, Tally(2, page).Rows);

        BinaryPrimitives.WriteUInt16LittleEndian(page.AsSpan(6), (ushort)(freeStart - 1));
        Assert.Throws<BackupException>(() => Tally(2, page));
    }

    [Fact]
    public void The_longest_row_fills_its_page()
    {
        var row = new byte[4070];
        BinaryPrimitives.WriteUInt16LittleEndian(row, 4070);

        Assert.Equal(1, Tally(2, OneRow(row)).Rows);
    }

    [Fact]
    public void A_page_of_the_oldest_engine_has_rows_where_the_checksum_is_now()
    {
        var page = OneRow(PowDbTestDatabase.Row((1, "abc")), 16);
        Assert.Equal(1, Tally(2, page).Rows);

        page[5] = 1;
        Assert.Contains(
            "slot 0 points outside the rows",
            Assert.Throws<BackupException>(() => Tally(2, page)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void The_null_bitmap_has_a_bit_for_every_column()
    {
        byte[] row = [4, 0, 0b1000_0000, 0b0000_0010];
        var tally = Tally(10, OneRow(row));

        Assert.Equal(1, tally.Rows);
        Assert.Equal([7, 9], Enumerable.Range(0, 10).Where(c => tally.NullsIn(c) == 1));
        Assert.Equal(1, Tally(8, OneRow([3, 0, 0])).Rows);
        Assert.Contains(
            "a row is shorter than its null bitmap",
            Assert.Throws<BackupException>(() => Tally(9, OneRow([3, 0, 0]))).Message,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Both_versions_of_prefixed_rows_count(byte version)
    {
        var tally = Tally(2, OneRow([.. "PROW"u8, version, 0, 3, 0, 2]));

        Assert.Equal((1, 0, 1), (tally.Rows, tally.NullsIn(0), tally.NullsIn(1)));
    }

    [Theory]
    [InlineData(new byte[0], "unknown row version 0")]
    [InlineData(new byte[] { 1 }, "unknown row version 0")]
    [InlineData(new byte[] { 0, 0, 3, 0, 0 }, "unknown row version 0")]
    [InlineData(new byte[] { 3, 0, 3, 0, 0 }, "unknown row version 3")]
    [InlineData(new byte[] { 1, 0 }, "a row is shorter than its null bitmap")]
    [InlineData(new byte[] { 1, 0, 3, 0 }, "a row is shorter than its null bitmap")]
    public void Prefixed_rows_of_another_version_or_cut_are_refused(byte[] behindPrefix, string message)
    {
        var error = Assert.Throws<BackupException>(() => Tally(2, OneRow([.. "PROW"u8, .. behindPrefix])));

        Assert.Equal((ErrorCode.Malformed, PageOffset + 20), (error.Code, error.Offset));
        Assert.EndsWith(message, error.Message, StringComparison.Ordinal);
    }

    private static PowDbRowTally Tally(int columns, byte[] page)
    {
        var tally = new PowDbRowTally(columns);
        tally.Add(page, Index);
        return tally;
    }

    private static byte[] Patched(int at, ushort value)
    {
        var page = Sample.ToArray();
        BinaryPrimitives.WriteUInt16LittleEndian(page.AsSpan(at), value);
        return page;
    }

    private static byte[] OneRow(byte[] row, int at = 20)
    {
        var page = new byte[PowDbPage.Size];
        page[4] = PowDbPage.Data;
        row.CopyTo(page, at);
        BinaryPrimitives.WriteUInt16LittleEndian(page.AsSpan(6), (ushort)(at + row.Length));
        BinaryPrimitives.WriteUInt16LittleEndian(page.AsSpan(4090), (ushort)at);
        BinaryPrimitives.WriteUInt16LittleEndian(page.AsSpan(4092), (ushort)row.Length);
        page[4094] = 1;
        return page;
    }
}
