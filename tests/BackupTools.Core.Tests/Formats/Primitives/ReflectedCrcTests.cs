using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using BackupTools.Formats.Primitives;

namespace BackupTools.Tests.Formats.Primitives;

/// <summary>Both polynomials, each in every way that this machine has.</summary>
public class ReflectedCrcTests
{
    private static readonly byte[] Noise = RandomBytes(3 << 20);

    [Fact]
    public void The_best_path_is_the_widest_and_tables_are_always_there()
    {
        foreach (var crc in new[] { Crc32.Algebra, Crc32C.Algebra })
        {
            Assert.Equal(Enum.GetValues<CrcPath>().Where(crc.IsSupported).Max(), crc.Best);
            Assert.True(crc.IsSupported(CrcPath.Table));
        }
    }

    [Fact]
    public void Published_check_values_come_out_of_every_path()
    {
        var digits = Encoding.ASCII.GetBytes("123456789");
        var ascending = Enumerable.Range(0, 32).Select(i => (byte)i).ToArray();
        // RFC 3720, B.4: the last is an iSCSI SCSI Read (10) command.
        var command = Convert.FromHexString(
            "01C00000000000000000000000000000" + "14000000000004000000001400000018" + "28000000000000000200000000000000"
        );
        ForEveryPath(
            (crc, path) =>
            {
                uint Of(byte[] bytes) => ~crc.Update(path, uint.MaxValue, bytes);
                if (crc == Crc32.Algebra)
                {
                    Assert.Equal(0xCBF43926u, Of(digits));
                    return;
                }
                Assert.Equal(0xE3069283u, Of(digits));
                Assert.Equal(0x8A9136AAu, Of(new byte[32]));
                Assert.Equal(0x62A8AB43u, Of(Enumerable.Repeat((byte)0xFF, 32).ToArray()));
                Assert.Equal(0x46DD794Eu, Of(ascending));
                Assert.Equal(0x113FDB5Cu, Of(ascending.Reverse().ToArray()));
                Assert.Equal(0xD9963A56u, Of(command));
            }
        );
    }

    [Fact]
    public void Every_length_has_the_crc_of_the_gzip_trailer() => CompareWithGZip(Enumerable.Range(0, 4097));

    [Fact]
    [Trait("Size", "Large")]
    public void Long_inputs_have_the_crc_of_the_gzip_trailer() =>
        CompareWithGZip([65_535, 65_536, 65_537, 1 << 20, (1 << 20) + 13, Noise.Length]);

    private static void CompareWithGZip(IEnumerable<int> lengths)
    {
        foreach (var length in lengths)
        {
            var bytes = Noise.AsSpan(0, length);
            var expected = GZipTrailer(bytes);
            foreach (var path in Enum.GetValues<CrcPath>().Where(Crc32.Algebra.IsSupported))
            {
                Assert.Equal(
                    (path, length, expected),
                    (path, length, ~Crc32.Algebra.Update(path, uint.MaxValue, bytes))
                );
            }
        }
    }

    [Fact]
    public void Every_length_start_and_register_agrees_with_division_bit_by_bit()
    {
        ForEveryPath(
            (crc, path) =>
            {
                var polynomial = crc == Crc32.Algebra ? ReflectedCrc.Ieee : ReflectedCrc.Castagnoli;
                for (var length = 0; length <= 1300; length++)
                {
                    var bytes = Noise.AsSpan(length % 67, length);
                    var register = (uint)(length * 0x9E3779B9);
                    Assert.Equal(
                        (path, length, Divide(polynomial, register, bytes)),
                        (path, length, crc.Update(path, register, bytes))
                    );
                }
            }
        );
    }

    [Fact]
    public void Parts_combine_to_the_crc_of_the_whole()
    {
        foreach (var crc in new[] { Crc32.Algebra, Crc32C.Algebra })
        {
            uint Of(ReadOnlySpan<byte> bytes) => ~crc.Update(uint.MaxValue, bytes);
            foreach (var length in new[] { 0, 1, 2, 15, 16, 17, 1000, 65_536, 1_000_003 })
            {
                foreach (
                    var cut in new[] { 0, 1, length / 3, length / 2, length - 1, length }.Where(c =>
                        c >= 0 && c <= length
                    )
                )
                {
                    var whole = Noise.AsSpan(0, length);
                    Assert.Equal(Of(whole), crc.Combine(Of(whole[..cut]), Of(whole[cut..]), length - cut));
                }
            }
        }
    }

    [Fact]
    public void Combining_knows_lengths_beyond_what_memory_holds()
    {
        // x has the order 2^32 - 1 modulo the first polynomial and 2^31 - 1 modulo the second (which is x + 1 times a
        // primitive one), so moving by that many bytes changes nothing.
        Assert.Equal(0x12345678u ^ 0x9ABCDEF0u, Crc32.Combine(0x12345678, 0x9ABCDEF0, uint.MaxValue));
        Assert.Equal(0x12345678u ^ 0x9ABCDEF0u, Crc32C.Combine(0x12345678, 0x9ABCDEF0, int.MaxValue));
        foreach (var crc in new[] { Crc32.Algebra, Crc32C.Algebra })
        {
            // Whichever way three parts are put together, of four exabytes each.
            const long Length = long.MaxValue / 2;
            var left = crc.Combine(crc.Combine(1, 2, Length), 3, Length);
            Assert.Equal(left, crc.Combine(1, crc.Combine(2, 3, Length), 2 * Length));
        }
    }

    [Fact]
    public void A_negative_length_is_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Crc32.Combine(1, 2, -1));

    [Fact]
    public void Bytes_in_pieces_give_what_they_give_in_one()
    {
        var random = new Random(20240611);
        for (var run = 0; run < 50; run++)
        {
            var whole = Noise.AsSpan(run, random.Next(5000));
            var ieee = new Crc32();
            var castagnoli = new Crc32C();
            ieee.Append(Noise.AsSpan(0, 1000));
            castagnoli.Append(Noise.AsSpan(0, 1000));
            ieee.Reset();
            castagnoli.Reset();
            for (var rest = whole; !rest.IsEmpty; )
            {
                var take = random.Next(Math.Min(rest.Length, 700) + 1);
                ieee.Append(rest[..take]);
                castagnoli.Append(rest[..take]);
                rest = rest[take..];
            }
            Assert.Equal(Crc32.HashToUInt32(whole), ieee.GetCurrentHashAsUInt32());
            Assert.Equal(Crc32C.HashToUInt32(whole), castagnoli.GetCurrentHashAsUInt32());
        }
    }

    [GuardedFact]
    [Trait("Size", "Large")]
    public void No_path_reads_past_the_end()
    {
        using var memory = new GuardedMemory(1);
        ForEveryPath(
            (crc, path) =>
            {
                for (var length = 0; length <= 1200; length++)
                {
                    var bytes = Noise.AsSpan(0, length);
                    Assert.Equal(crc.Update(1, bytes), crc.Update(path, 1, memory.Place(bytes)));
                }
            }
        );
    }

    private static void ForEveryPath(Action<ReflectedCrc, CrcPath> check)
    {
        foreach (var crc in new[] { Crc32.Algebra, Crc32C.Algebra })
        {
            foreach (var path in Enum.GetValues<CrcPath>().Where(crc.IsSupported))
            {
                check(crc, path);
            }
        }
    }

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
