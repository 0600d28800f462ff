using System.Buffers.Binary;
using BackupTools.Errors;
using BackupTools.Formats.PowDb;
using BackupTools.Tests.Engines.PowDb;

namespace BackupTools.Tests.Formats.PowDb;

public sealed class PowDbCatalogTests
{
    [Fact]
    public void The_engines_catalog_names_every_file()
    {
        var catalog = PowDbCatalogReader.Read(File.ReadAllBytes(PowDbFixtures.At("S0", "catalog.bin")));

        Assert.Equal(3, catalog.Version);
        Assert.True(catalog.IsLegacy);
        Assert.Equal(["users", "orders", "events", "doomed"], catalog.Tables.Select(t => t.Name));
        Assert.Equal(
            Directory
                .GetFiles(PowDbFixtures.At("S0"))
                .Select(Path.GetFileName)
                .Where(n => n is not ("catalog.bin" or "wal.log"))
                .Order(StringComparer.Ordinal),
            catalog.DataFiles().Order(StringComparer.Ordinal)
        );
    }

    [Theory]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    public void Newer_versions_are_read_to_the_end(ushort version)
    {
        var bytes = new PowDbNewTestDatabase { CatalogVersion = version }.Catalog();

        var catalog = PowDbCatalogReader.Read(bytes);

        Assert.Equal(version, catalog.Version);
        Assert.False(catalog.IsLegacy);
        Assert.Equal(
            version >= 6 ? ["items.heap", "items_7.eidx", "items_id.idx"] : ["items.heap", "items_id.idx"],
            catalog.DataFiles().Order(StringComparer.Ordinal)
        );
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Older_versions_are_read_to_the_end(ushort version)
    {
        var b = new PowDbTestDatabase.Writer();
        b.Raw("BCAT"u8).U16(version).U32(1).Str("t").U16(1).Str("c").U8(1).U8(0).U16(0);
        if (version == 2)
        {
            b.U16(1).Str("c");
        }

        var catalog = PowDbCatalogReader.Read(b.WithCrc());

        Assert.Equal(
            version == 1 ? ["t.heap"] : ["t.heap", "t_c.idx"],
            catalog.DataFiles().Order(StringComparer.Ordinal)
        );
    }

    [Fact]
    public void A_catalog_without_tables_is_the_shortest()
    {
        var bytes = new PowDbTestDatabase.Writer().Raw("BCAT"u8).U16(3).U32(0).WithCrc();

        Assert.Equal(14, bytes.Length);
        Assert.Empty(PowDbCatalogReader.Read(bytes).Tables);
    }

    [Fact]
    public void Columns_and_indexes_are_read_with_all_they_say()
    {
        var table = Assert.Single(PowDbCatalogReader.Read(new PowDbNewTestDatabase().Catalog()).Tables);

        Assert.Equal([new PowDbColumn("id", 1, true, 0), new PowDbColumn("doc", 8, false, 1)], table.Columns);
        Assert.Equal([new PowDbColumnIndex("id", true)], table.Indexes);
        Assert.Equal([new PowDbExpressionIndex(7, false, "doc.a[2]", "doc")], table.ExpressionIndexes);
        Assert.Equal(
            [false, true],
            PowDbCatalogReader
                .Read(new PowDbTestDatabase { Tables = { ["t"] = new() { NullsIndexed = true } } }.Catalog())
                .Tables[0]
                .Indexes.Select(i => i.Unique)
                .Order()
        );
    }

    [Fact]
    public void Defaults_of_every_type_are_passed_over()
    {
        var b = new PowDbTestDatabase.Writer();
        b.Raw("BCAT"u8).U16(4).U32(1).Str("t").U16(1).Str("c").U8(1).U8(0).U16(0).U16(0).U16(9);
        int[] lengths = [0, 8, 8, 1, 2, 8, 16, 2, 2];
        for (byte type = 0; type < lengths.Length; type++)
        {
            b.U16(0x0909).U8(type);
            if (type is 4 or 7 or 8)
            {
                b.U32((uint)lengths[type]);
            }
            b.Raw(Enumerable.Repeat((byte)0xFF, lengths[type]).ToArray());
        }

        Assert.Equal(4, PowDbCatalogReader.Read(b.WithCrc()).Version);
    }

    [Theory]
    [InlineData(10, 0, 10, ErrorCode.Malformed, "the next index id is zero")]
    [InlineData(22, (byte)'/', 18, ErrorCode.UnsafeName, "a name in the catalog is not an identifier")]
    [InlineData(46, 9, 46, ErrorCode.Malformed, "column items.doc has unknown type 9")]
    [InlineData(57, (byte)'x', 52, ErrorCode.Malformed, "an index of items is on an unknown column ix")]
    [InlineData(63, 9, 63, ErrorCode.Malformed, "a default has unknown type 9")]
    [InlineData(108, 3, 108, ErrorCode.Malformed, "unknown kind of path segment in an expression index")]
    public void What_no_catalog_says_is_refused_where_it_stands(
        int at,
        byte value,
        long offset,
        ErrorCode code,
        string message
    )
    {
        var bytes = new PowDbNewTestDatabase().Catalog();
        bytes[at] = value;
        Stamp(bytes);

        var error = Error(bytes);

        Assert.Equal((code, offset, message), (error.Code, error.Offset, error.Message));
    }

    [Fact]
    public void A_table_cannot_be_there_twice()
    {
        var b = new PowDbTestDatabase.Writer().Raw("BCAT"u8).U16(1).U32(2);
        for (var i = 0; i < 2; i++)
        {
            b.Str("t").U16(1).Str("c").U8(1).U8(0).U16(0);
        }

        var error = Error(b.WithCrc());

        Assert.Equal((ErrorCode.Malformed, 26, "table t is there twice"), (error.Code, error.Offset, error.Message));
    }

    [Fact]
    public void The_order_of_checks_is_the_engines()
    {
        var bytes = File.ReadAllBytes(PowDbFixtures.At("S0", "catalog.bin"));
        bytes[4] = 9;
        Assert.StartsWith("CRC32 mismatch", Error(bytes).Message, StringComparison.Ordinal);

        Stamp(bytes);
        var error = Error(bytes);
        Assert.Equal(ErrorCode.UnsupportedVersion, error.Code);
        Assert.Contains("version 9", error.Message, StringComparison.Ordinal);

        bytes[0] = (byte)'X';
        Assert.Equal(ErrorCode.BadMagic, Error(bytes).Code);
        Assert.Equal(ErrorCode.Truncated, Error(bytes[..13]).Code);
    }

    [Fact]
    public void A_catalog_cut_anywhere_is_refused_even_with_the_right_checksum()
    {
        foreach (var version in new ushort[] { 5, 6, 7 })
        {
            var whole = new PowDbNewTestDatabase { CatalogVersion = version }.Catalog();
            for (var length = 14; length < whole.Length; length++)
            {
                var cut = whole[..length];
                Stamp(cut);
                Assert.Contains(Error(cut).Code, new[] { ErrorCode.Truncated, ErrorCode.Malformed });
            }
            byte[] longer = [.. whole, 0];
            Stamp(longer);
            Assert.Equal(ErrorCode.Malformed, Error(longer).Code);
        }
    }

    [Theory]
    [InlineData(15, ushort.MaxValue)] // columns
    [InlineData(15, 5)] // of 9 bytes at least, where 41 are left
    [InlineData(26, ushort.MaxValue)] // indexes
    [InlineData(26, 7)] // of 5 bytes at least, where 30 are left
    public void Counts_that_cannot_be_true_are_refused_before_anything_is_allocated(int at, ushort count)
    {
        var w = new PowDbTestDatabase.Writer();
        w.Raw("BCAT"u8).U16(3).U32(1).Str("t").U16(1).Str("c").U8(1).U8(0).U16(0).U16(0).Raw(new byte[30]);
        var bytes = w.WithCrc();
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(at), count);
        Stamp(bytes);
        Error(bytes);

        var before = GC.GetAllocatedBytesForCurrentThread();
        var error = Error(bytes);

        Assert.Equal((ErrorCode.Truncated, at), (error.Code, error.Offset));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64 << 10);
    }

    [Fact]
    public void Mutated_catalogs_end_in_a_value_or_an_error_of_ours()
    {
        var random = new Random(2);
        var samples = new[]
        {
            File.ReadAllBytes(PowDbFixtures.At("S0", "catalog.bin")),
            new PowDbNewTestDatabase { CatalogVersion = 7 }.Catalog(),
        };
        for (var i = 0; i < 30_000; i++)
        {
            var bytes = samples[i % 2].ToArray();
            for (var flips = random.Next(1, 5); flips > 0; flips--)
            {
                bytes[random.Next(4, bytes.Length)] = (byte)random.Next(256);
            }
            Stamp(bytes);
            try
            {
                Assert.All(PowDbCatalogReader.Read(bytes).DataFiles(), PowDbNames.RequireSafe);
            }
            catch (BackupException e)
            {
                Assert.Contains(
                    e.Code,
                    new[]
                    {
                        ErrorCode.Truncated,
                        ErrorCode.Malformed,
                        ErrorCode.UnsupportedVersion,
                        ErrorCode.UnsafeName,
                    }
                );
            }
        }
    }

    private static BackupException Error(byte[] bytes) =>
        Assert.Throws<BackupException>(() => PowDbCatalogReader.Read(bytes));

    private static void Stamp(byte[] bytes) =>
        BinaryPrimitives.WriteUInt32LittleEndian(
            bytes.AsSpan(bytes.Length - 4),
            PowDbTestDatabase.Crc(bytes.AsSpan(0, bytes.Length - 4))
        );
}
