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
        var scan = Scan(Version2(), 5);

        Assert.Equal((2, 2u, 2L, 12L), (scan.Version, scan.Nodes, scan.Entries, scan.HighestPage));
    }

    [Fact]
    public void An_index_without_nodes_is_the_shortest()
    {
        var bytes = new PowDbTestDatabase.Writer().Raw("BIDX"u8).U16(1).U32(0).U32(0).WithCrc();

        Assert.Equal(18, bytes.Length);
        Assert.Equal((0u, 0, -1), (Scan(bytes, 100).Nodes, Scan(bytes, 100).Entries, Scan(bytes, 100).HighestPage));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void The_index_of_an_empty_table_has_an_empty_leaf(ushort version)
    {
        var b = new PowDbTestDatabase.Writer();
        b.Raw("BIDX"u8).U16(version).U32(0).U32(1).U8(1).U32(0).U8(0);
        if (version == 2)
        {
            b.U32(0);
        }

        var scan = Scan(b.WithCrc(), 100);

        Assert.Equal((1u, 0, -1), (scan.Nodes, scan.Entries, scan.HighestPage));
    }

    [Theory]
    [InlineData(0, ErrorCode.Truncated)]
    [InlineData(17, ErrorCode.Truncated)]
    [InlineData(18, null)]
    [InlineData(512L << 20, null)]
    [InlineData((512L << 20) + 1, ErrorCode.Malformed)]
    public void An_index_has_18_bytes_to_512_MiB(long length, ErrorCode? refused)
    {
        if (refused is null)
        {
            _ = new PowDbIndexScan(length);
            return;
        }
        var error = Assert.Throws<BackupException>(() => new PowDbIndexScan(length));
        Assert.Equal((refused.Value, length), (error.Code, error.Offset));
    }

    [Theory]
    [InlineData(6, 2, "root 2 of 2 nodes is not possible")]
    [InlineData(14, 2, "unknown kind of node 2")]
    [InlineData(19, 9, "a key has unknown type 9")]
    [InlineData(27, 1, "a node of 1 keys has 1 children")]
    [InlineData(31, 2, "a node points to node 2 of 2")]
    [InlineData(75, 2, "a leaf's next flag is 2")]
    [InlineData(76, 2, "a node points to node 2 of 2")]
    [InlineData(80, 0, "6 bytes follow the last node")]
    public void What_no_index_says_is_refused_even_with_the_right_checksum(int at, byte value, string message)
    {
        var bytes = Version2();
        bytes[at] = value;
        Stamp(bytes);

        var error = Assert.Throws<BackupException>(() => Scan(bytes, 100));

        Assert.Equal((ErrorCode.Malformed, message), (error.Code, error.Message));
    }

    [Theory]
    [InlineData(10_000_000, "the index ends inside a node")]
    [InlineData(10_000_001, "root 1 of 10000001 nodes is not possible")]
    public void Ten_million_nodes_are_the_engines_limit(uint nodes, string message)
    {
        var bytes = Version2();
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(10), nodes);
        Stamp(bytes);

        Assert.Equal(message, Assert.Throws<BackupException>(() => Scan(bytes, 100)).Message);
    }

    [Fact]
    public void An_index_cut_anywhere_is_refused_even_with_the_right_checksum()
    {
        foreach (var whole in new[] { Version2(), File.ReadAllBytes(PowDbFixtures.At("S0", "doomed_id.idx")) })
        {
            for (var length = 18; length < whole.Length; length++)
            {
                var cut = whole[..length];
                Stamp(cut);
                var error = Assert.Throws<BackupException>(() => Scan(cut, 100));
                Assert.Equal((ErrorCode.Malformed, "the index ends inside a node"), (error.Code, error.Message));
            }
        }
    }

    [Fact]
    public void A_flipped_byte_anywhere_is_found()
    {
        var bytes = File.ReadAllBytes(PowDbFixtures.At("S0", "doomed_id.idx"));
        for (var at = 0; at < bytes.Length; at++)
        {
            bytes[at] ^= 0x10;
            var error = Assert.Throws<BackupException>(() => Scan(bytes, 100));
            Assert.Equal(
                at < 4 ? (ErrorCode.BadMagic, 0) : (ErrorCode.ChecksumMismatch, bytes.Length - 4),
                (error.Code, error.Offset)
            );
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

    /// <summary>An inner node of one key at 14, a leaf of two at 39 with its next flag at 75, free entries at 80.</summary>
    private static byte[] Version2()
    {
        var b = new PowDbTestDatabase.Writer();
        b.Raw("BIDX"u8).U16(2).U32(1).U32(2);
        b.U8(0).U32(1).U8(4).Str("key").U32(2).U32(0).U32(1);
        b.U8(1).U32(2).U8(3).U8(1).U8(6).Raw(new byte[16]).U32(9).U16(0).U32(4).U16(1).U8(1).U32(1);
        return b.U32(1).U32(12).U16(3).WithCrc();
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
