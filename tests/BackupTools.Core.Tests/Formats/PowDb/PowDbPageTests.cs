using System.IO.Hashing;
using BackupTools.Errors;
using BackupTools.Formats.PowDb;
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
        var page = new byte[PowDbPage.Size];
        Assert.Equal(0ul, PowDbPage.Check(page, 7, _crc));

        page[0] = 7;
        Assert.Contains(
            "unknown page type 0",
            Assert.Throws<BackupException>(() => PowDbPage.Check(page, 7, _crc)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_wrong_checksum_is_found_where_the_page_begins()
    {
        var page = PowDbTestDatabase.PageBytes(new PowDbTestDatabase.Page(), 3);
        PowDbPage.Check(page, 3, _crc);
        page[2000] ^= 1;

        var error = Assert.Throws<BackupException>(() => PowDbPage.Check(page, 3, _crc));

        Assert.Equal((ErrorCode.ChecksumMismatch, 3 * 4096), (error.Code, error.Offset));
    }

    [Theory]
    [InlineData(4, 0, "unknown page type 0")] // type 0 and yet not zero
    [InlineData(4, 6, "unknown page type 6")]
    [InlineData(0, 2, "it says it is page 2")]
    [InlineData(5, 0x20, "page format version 2")]
    public void What_no_engine_writes_is_refused(int at, byte value, string message)
    {
        var page = PowDbTestDatabase.PageBytes(new PowDbTestDatabase.Page { HasChecksum = false, Lsn = 5 }, 3);
        page[at] = value;

        var error = Assert.Throws<BackupException>(() => PowDbPage.Check(page, 3, _crc));

        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.Equal(3 * 4096, error.Offset);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)] // since the first overflow chain
    public void A_superblock_passes(byte version)
    {
        var page = Superblock();
        page[25] = version;

        Assert.Equal(0ul, PowDbPage.Check(page, 0, _crc));
    }

    [Theory]
    [InlineData(25, 4, ErrorCode.UnsupportedVersion, 20, "heap format version 4")]
    [InlineData(24, (byte)'X', ErrorCode.Malformed, 0, "a meta page without the heap's superblock")]
    [InlineData(30, 0x20, ErrorCode.Malformed, 0, "the superblock says pages of 8192 bytes")]
    public void A_superblock_of_another_kind_is_refused(int at, byte value, ErrorCode code, long offset, string message)
    {
        var page = Superblock();
        page[at] = value;

        var error = Assert.Throws<BackupException>(() => PowDbPage.Check(page, 0, _crc));

        Assert.Equal((code, offset), (error.Code, error.Offset));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
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

    /// <summary>Without a checksum, so that a test can change it.</summary>
    private static byte[] Superblock()
    {
        var page = new PowDbNewTestDatabase().Heap()[..PowDbPage.Size];
        page[5] = 0x10;
        return page;
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
