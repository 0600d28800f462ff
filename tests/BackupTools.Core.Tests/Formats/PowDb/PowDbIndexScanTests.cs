using System.Buffers.Binary;
using BackupTools.Errors;
using BackupTools.Formats.PowDb;
using BackupTools.Tests.Engines.PowDb;

namespace BackupTools.Tests.Formats.PowDb;

public sealed class PowDbIndexScanTests
{
    [Theory]
    [InlineData("S0", "users_id", 3, 300)]
    [InlineData("S0", "users_email", 3, 257)]
    [InlineData("S0", "users_age", 3, 300)]
    [InlineData("S0", "orders_user_id", 3, 400)]
    [InlineData("S0", "doomed_id", 1, 50)]
    [InlineData("S2", "orders_user_id", 3, 450)]
    public void The_engines_indexes_count_the_same_in_any_portions(string state, string index, uint nodes, long entries)
    {
        var bytes = File.ReadAllBytes(PowDbFixtures.At(state, index + ".idx"));
        foreach (var portion in new[] { 1, 3, 7, 64, 1000, int.MaxValue })
        {
            var scan = Scan(bytes, portion);

            Assert.Equal((1, nodes, entries), (scan.Version, scan.Nodes, scan.Entries));
            Assert.InRange(scan.HighestPage, 0, 7);
        }
    }

    [Fact]
    public void Version_2_is_read_to_the_end()
    {
        var b = new PowDbTestDatabase.Writer();
        b.Raw("BIDX"u8).U16(2).U32(0).U32(2);
        b.U8(0).U32(1).U8(4).Str("key").U32(2).U32(0).U32(1);
        b.U8(1).U32(2).U8(3).U8(1).U8(6).Raw(new byte[16]).U32(9).U16(0).U32(4).U16(1).U8(1).U32(1);
        b.U32(1).U32(12).U16(3);

        var scan = Scan(b.WithCrc(), 5);

        Assert.Equal((2, 2u, 2L, 12L), (scan.Version, scan.Nodes, scan.Entries, scan.HighestPage));
    }

    [Fact]
    public void A_flipped_byte_anywhere_is_found()
    {
        var bytes = File.ReadAllBytes(PowDbFixtures.At("S0", "doomed_id.idx"));
        for (var at = 0; at < bytes.Length; at++)
        {
            bytes[at] ^= 0x10;
            var error = Assert.Throws<BackupException>(() => Scan(bytes, 100));
            Assert.Equal(at < 4 ? ErrorCode.BadMagic : ErrorCode.ChecksumMismatch, error.Code);
            bytes[at] ^= 0x10;
        }
    }

    [Fact]
    public void An_index_cut_or_grown_is_refused()
    {
        var bytes = File.ReadAllBytes(PowDbFixtures.At("S0", "doomed_id.idx"));
        for (var length = 0; length < bytes.Length; length += 11)
        {
            Assert.Throws<BackupException>(() => Scan(bytes[..length], 100));
        }
        var scan = new PowDbIndexScan(bytes.Length);
        scan.Feed(bytes);
        Assert.Equal(ErrorCode.LengthMismatch, Assert.Throws<BackupException>(() => scan.Feed([0])).Code);
        var half = new PowDbIndexScan(bytes.Length);
        half.Feed(bytes.AsSpan(0, 100));
        Assert.Equal(ErrorCode.Truncated, Assert.Throws<BackupException>(half.Finish).Code);
        Assert.Equal(ErrorCode.Malformed, Assert.Throws<BackupException>(() => new PowDbIndexScan(600L << 20)).Code);
    }

    [Fact]
    public void An_unknown_version_is_named()
    {
        var bytes = File.ReadAllBytes(PowDbFixtures.At("S0", "doomed_id.idx"));
        bytes[4] = 3;
        Stamp(bytes);

        var error = Assert.Throws<BackupException>(() => Scan(bytes, 100));

        Assert.Equal(ErrorCode.UnsupportedVersion, error.Code);
        Assert.Contains("index version 3", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Mutated_indexes_end_in_counts_or_an_error_of_ours()
    {
        var random = new Random(3);
        var sample = File.ReadAllBytes(PowDbFixtures.At("S0", "doomed_id.idx"));
        for (var i = 0; i < 20_000; i++)
        {
            var bytes = sample.ToArray();
            for (var flips = random.Next(1, 4); flips > 0; flips--)
            {
                bytes[random.Next(4, random.Next(2) == 0 ? 30 : bytes.Length)] = (byte)random.Next(256);
            }
            Stamp(bytes);
            try
            {
                Scan(bytes, random.Next(1, 200));
            }
            catch (BackupException e)
            {
                Assert.Contains(e.Code, new[] { ErrorCode.Malformed, ErrorCode.UnsupportedVersion });
            }
        }
    }

    private static PowDbIndexScan Scan(byte[] bytes, int portion)
    {
        var scan = new PowDbIndexScan(bytes.Length);
        for (var at = 0; at < bytes.Length; at += Math.Min(portion, bytes.Length - at))
        {
            scan.Feed(bytes.AsSpan(at, Math.Min(portion, bytes.Length - at)));
        }
        scan.Finish();
        return scan;
    }

    private static void Stamp(byte[] bytes) =>
        BinaryPrimitives.WriteUInt32LittleEndian(
            bytes.AsSpan(bytes.Length - 4),
            PowDbTestDatabase.Crc(bytes.AsSpan(0, bytes.Length - 4))
        );
}
