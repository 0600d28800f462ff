using BackupTools.Errors;
using BackupTools.Formats.PowDb;
using BackupTools.Formats.Primitives;
using BackupTools.Tests.Engines.PowDb;

namespace BackupTools.Tests.Formats.PowDb;

public sealed class PowDbPageTests
{
    private readonly Crc32 _crc = new();

    [Theory]
    [InlineData("users", 304, 300)]
    [InlineData("orders", 704, 400)]
    [InlineData("events", 824, 120)]
    [InlineData("doomed", 874, 50)]
    public void The_engines_heaps_pass_and_count(string table, ulong maxLsn, int rows)
    {
        var heap = File.ReadAllBytes(PowDbFixtures.At("S0", table + ".heap"));
        var columns = PowDbCatalogReader
            .Read(File.ReadAllBytes(PowDbFixtures.At("S0", "catalog.bin")))
            .Tables.Single(t => t.Name == table)
            .Columns.Count;
        var tally = new PowDbRowTally(columns);
        ulong highest = 0;
        for (var i = 0; i < heap.Length / PowDbPage.Size; i++)
        {
            var page = heap.AsSpan(i * PowDbPage.Size, PowDbPage.Size);
            highest = Math.Max(highest, PowDbPage.Check(page, i, _crc));
            tally.Add(page, i);
        }

        Assert.Equal(maxLsn, highest);
        Assert.Equal(rows, tally.Rows);
        if (table == "users")
        {
            Assert.Equal(43, tally.NullsIn(2)); // the email of every seventh
            Assert.Equal(0, tally.NullsIn(0));
        }
    }

    [Fact]
    public void A_flipped_bit_anywhere_is_found()
    {
        var page = File.ReadAllBytes(PowDbFixtures.At("S0", "doomed.heap"));
        for (var bit = 0; bit < page.Length * 8; bit += 5)
        {
            page[bit / 8] ^= (byte)(1 << (bit % 8));
            if (bit != 40) // flags bit 0: the page then has no checksum, as pages before 0.4.1
            {
                var error = Assert.Throws<BackupException>(() => PowDbPage.Check(page, 0, _crc));
                Assert.InRange(error.Offset!.Value, 0, 4095);
            }
            page[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Fact]
    public void A_page_of_zeros_is_an_empty_page()
    {
        Assert.Equal(0ul, PowDbPage.Check(new byte[PowDbPage.Size], 7, _crc));
    }

    [Theory]
    [InlineData(4, 0, "unknown page type 0")] // type 0 and yet not zero
    [InlineData(4, 6, "unknown page type 6")]
    [InlineData(0, 3, "it says it is page 3")]
    [InlineData(5, 0x20, "page format version 2")]
    public void What_no_engine_writes_is_refused(int at, byte value, string message)
    {
        var page = PowDbTestDatabase.PageBytes(new PowDbTestDatabase.Page { HasChecksum = false, Lsn = 5 }, 0);
        page[at] = value;

        var error = Assert.Throws<BackupException>(() => PowDbPage.Check(page, 0, _crc));

        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_superblock_passes_and_a_newer_one_is_named()
    {
        var heap = new PowDbNewTestDatabase().Heap();
        Assert.Equal(0ul, PowDbPage.Check(heap.AsSpan(0, PowDbPage.Size), 0, _crc));

        heap[25] = 4;
        heap[5] = 0x10;
        var error = Assert.Throws<BackupException>(() => PowDbPage.Check(heap.AsSpan(0, PowDbPage.Size), 0, _crc));
        Assert.Equal(ErrorCode.UnsupportedVersion, error.Code);
        Assert.Contains("heap format version 4", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Rows_with_a_prefix_count_as_rows()
    {
        var heap = new PowDbNewTestDatabase().Heap();
        var tally = new PowDbRowTally(2);
        for (var i = 0; i < heap.Length / PowDbPage.Size; i++)
        {
            tally.Add(heap.AsSpan(i * PowDbPage.Size, PowDbPage.Size), i);
        }

        Assert.Equal(5, tally.Rows);
        Assert.Equal(5, tally.NullsIn(1));
        Assert.Equal(3, tally.Pages);
    }

    [Fact]
    public void Random_pages_end_in_a_count_or_an_error_of_ours()
    {
        var random = new Random(1);
        var page = new byte[PowDbPage.Size];
        for (var i = 0; i < 20_000; i++)
        {
            PowDbTestDatabase.PageBytes(Sample(random), 0).CopyTo(page, 0);
            for (var flips = random.Next(1, 6); flips > 0; flips--)
            {
                // Where the structure lies: header, first rows, slots.
                var at = random.Next(2) == 0 ? random.Next(120) : 4000 + random.Next(96);
                page[at] = (byte)random.Next(256);
            }
            try
            {
                new PowDbRowTally(2).Add(page, 0);
            }
            catch (BackupException e)
            {
                Assert.Equal(ErrorCode.Malformed, e.Code);
            }
        }
    }

    private static PowDbTestDatabase.Page Sample(Random random)
    {
        var page = new PowDbTestDatabase.Page { HasChecksum = random.Next(2) == 0 };
        for (var rows = random.Next(5); rows > 0; rows--)
        {
            page.Rows.Add((rows, "abc"));
        }
        return page;
    }
}
