using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using System.Text;
using BackupTools.Formats.Primitives;
using BackupTools.Formats.Sqlite;

namespace BackupTools.Tests.Formats.Primitives;

public sealed class CrcTests
{
    private static readonly byte[] Noise = RandomBytes(3 << 20);

    [Fact]
    public void Published_check_values_come_out()
    {
        var digits = Encoding.ASCII.GetBytes("123456789");
        var ascending = Enumerable.Range(0, 32).Select(i => (byte)i).ToArray();
        // RFC 3720, B.4: the last is an iSCSI SCSI Read (10) command.
        var command = Convert.FromHexString(
            "01C00000000000000000000000000000" + "14000000000004000000001400000018" + "28000000000000000200000000000000"
        );

        Assert.Equal(0xCBF43926u, Crc32.HashToUInt32(digits));
        Assert.Equal(0xE3069283u, Crc32C.HashToUInt32(digits));
        Assert.Equal(0x8A9136AAu, Crc32C.HashToUInt32(new byte[32]));
        Assert.Equal(0x62A8AB43u, Crc32C.HashToUInt32(Enumerable.Repeat((byte)0xFF, 32).ToArray()));
        Assert.Equal(0x46DD794Eu, Crc32C.HashToUInt32(ascending));
        Assert.Equal(0x113FDB5Cu, Crc32C.HashToUInt32(ascending.Reverse().ToArray()));
        Assert.Equal(0xD9963A56u, Crc32C.HashToUInt32(command));
    }

    /// <summary>The published check value of CRC-64/GO-ISO, laid end to end; random pieces beside the package.</summary>
    [Fact]
    public void The_crc_of_two_pieces_is_that_of_both_together()
    {
        var digits = Encoding.ASCII.GetBytes("123456789");
        for (var cut = 0; cut <= digits.Length; cut++)
        {
            Assert.Equal(0xb90956c775a41001, Combined(digits, cut));
        }
        var random = new Random(4);
        foreach (var length in new[] { 0, 1, 2, 10, 4096, 65_536, 1 << 20 })
        {
            var both = Noise.AsSpan(0, random.Next(100) + length);
            Assert.Equal(Crc64(both), Combined(both, both.Length - length));
        }

        static ulong Combined(ReadOnlySpan<byte> bytes, int cut)
        {
            // The first are worked out, the later ones looked up.
            var shift = new Crc64Shift(bytes.Length - cut);
            var (first, second) = (Crc64(bytes[..cut]), Crc64(bytes[cut..]));
            var combined = shift.Combine(first, second);
            Assert.All(Enumerable.Range(0, 40), _ => Assert.Equal(combined, shift.Combine(first, second)));
            return combined;
        }

        static ulong Crc64(ReadOnlySpan<byte> bytes) => SqliteChecksum.Of(SqliteChecksum.Start(), bytes);
    }

    [Fact]
    public void Any_length_has_the_crc_of_the_gzip_trailer()
    {
        foreach (var length in Enumerable.Range(0, 600).Concat([4096, 65_535, 65_536, 65_537, 1 << 20, Noise.Length]))
        {
            var bytes = Noise.AsSpan(0, length);
            Assert.Equal((length, GZipTrailer(bytes)), (length, Crc32.HashToUInt32(bytes)));
        }
    }

    [Fact]
    public void Any_length_and_start_of_the_other_polynomial_agrees_with_division_bit_by_bit()
    {
        for (var length = 0; length <= 1300; length++)
        {
            var bytes = Noise.AsSpan(length % 67, length);
            Assert.Equal((length, ~Divide(0x82F63B78, uint.MaxValue, bytes)), (length, Crc32C.HashToUInt32(bytes)));
        }
    }

    [Fact]
    public void Bytes_in_pieces_give_what_they_give_in_one()
    {
        var random = new Random(20240611);
        for (var run = 0; run < 50; run++)
        {
            var whole = Noise.AsSpan(run, random.Next(5000));
            var castagnoli = new Crc32C();
            castagnoli.Append(Noise.AsSpan(0, 1000));
            castagnoli.Reset();
            for (var rest = whole; !rest.IsEmpty; )
            {
                var take = random.Next(Math.Min(rest.Length, 700) + 1);
                castagnoli.Append(rest[..take]);
                rest = rest[take..];
            }
            Assert.Equal(Crc32C.HashToUInt32(whole), castagnoli.GetCurrentHashAsUInt32());
        }
    }

    [Fact]
    public void Parts_combine_to_the_crc_of_the_whole()
    {
        foreach (var length in new[] { 0, 1, 2, 15, 16, 17, 1000, 65_536, 1_000_003 })
        {
            foreach (var cut in new[] { 0, 1, length / 3, length / 2, length - 1, length })
            {
                if (cut < 0 || cut > length)
                {
                    continue;
                }
                var whole = Noise.AsSpan(0, length);
                var (first, second) = (Crc32.HashToUInt32(whole[..cut]), Crc32.HashToUInt32(whole[cut..]));
                Assert.Equal(GZipTrailer(whole), Crc32Combine.Of(first, second, length - cut));
            }
        }
    }

    [Fact]
    public void Combining_knows_lengths_beyond_what_memory_holds()
    {
        // x has the order 2^32 - 1 modulo the polynomial, so moving by that many bytes changes nothing.
        Assert.Equal(0x12345678u ^ 0x9ABCDEF0u, Crc32Combine.Of(0x12345678, 0x9ABCDEF0, uint.MaxValue));
        // Whichever way three parts are put together, of four exabytes each.
        const long Length = long.MaxValue / 2;
        var left = Crc32Combine.Of(Crc32Combine.Of(1, 2, Length), 3, Length);
        Assert.Equal(left, Crc32Combine.Of(1, Crc32Combine.Of(2, 3, Length), 2 * Length));
    }

    [Fact]
    public void A_negative_length_is_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Crc32Combine.Of(1, 2, -1));

    /// <summary>The definition: polynomial long division, lowest bit first.</summary>
    private static uint Divide(uint polynomial, uint register, ReadOnlySpan<byte> bytes)
    {
        foreach (var b in bytes)
        {
            register ^= b;
            for (var bit = 0; bit < 8; bit++)
            {
                register = (register & 1) != 0 ? (register >> 1) ^ polynomial : register >> 1;
            }
        }
        return register;
    }

    private static uint GZipTrailer(ReadOnlySpan<byte> bytes)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.NoCompression, leaveOpen: true))
        {
            gzip.Write(bytes);
        }
        // An empty stream writes no member at all; RFC 1952 gives it the CRC of nothing.
        return packed.Length == 0
            ? 0
            : BinaryPrimitives.ReadUInt32LittleEndian(packed.GetBuffer().AsSpan((int)packed.Length - 8));
    }

    private static byte[] RandomBytes(int count)
    {
        var bytes = new byte[count];
        new Random(7).NextBytes(bytes);
        return bytes;
    }
}
