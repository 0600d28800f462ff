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
    [InlineData(4)] // columns
    [InlineData(15)] // indexes
    public void Counts_that_cannot_be_true_are_refused_before_anything_is_allocated(int behindName)
    {
        var w = new PowDbTestDatabase.Writer();
        w.Raw("BCAT"u8).U16(3).U32(1).Str("t").U16(1).Str("c").U8(1).U8(0).U16(0).U16(0).Raw(new byte[30]);
        var bytes = w.WithCrc();
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(11 + behindName), ushort.MaxValue);
        Stamp(bytes);
        Error(bytes);

        var before = GC.GetAllocatedBytesForCurrentThread();
        var error = Error(bytes);

        Assert.Equal(ErrorCode.Truncated, error.Code);
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
