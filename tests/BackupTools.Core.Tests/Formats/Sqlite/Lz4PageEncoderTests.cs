using System.Buffers.Binary;
using System.Text;
using BackupTools.Formats.Sqlite;
using K4os.Compression.LZ4;

namespace BackupTools.Tests.Formats.Sqlite;

/// <summary>Compressed pages come back in the package's decoder, whatever is in them; LtxTests has the independent reader.</summary>
public sealed class Lz4PageEncoderTests
{
    private static readonly int[] PageSizes = [512, 1024, 4096, 8192, 32768, 65536];

    [Fact]
    public void Every_page_comes_back_whatever_is_in_it()
    {
        var random = new Random(5);
        foreach (var size in PageSizes)
        {
            for (var round = 0; round < 300; round++)
            {
                RequireBack(RandomPage(random, size));
            }
        }
    }

    /// <summary>The lengths at which a token needs one more byte, of literals and of matches, at both ends of a page.</summary>
    [Fact]
    public void Every_length_of_literals_and_of_matches_comes_back()
    {
        var random = new Random(6);
        for (var noise = 0; noise <= 600; noise++)
        {
            var page = new byte[1024];
            random.NextBytes(page.AsSpan(0, noise));
            RequireBack(page);
            page.AsSpan().Reverse();
            RequireBack(page);
        }
    }

    [Fact]
    public void A_page_of_one_byte_of_every_length_comes_back()
    {
        for (var length = 512; length < 512 + 64; length++)
        {
            RequireBack(Enumerable.Repeat((byte)'a', length).ToArray());
        }
    }

    /// <summary>Short matches far apart: the worst that matches can do to the size.</summary>
    [Fact]
    public void No_page_takes_more_than_the_bound()
    {
        var random = new Random(7);
        foreach (var size in PageSizes)
        {
            foreach (var distance in new[] { 4, 5, 19, 20, 259, 260, 274, 275 })
            {
                var page = new byte[size];
                random.NextBytes(page);
                for (var at = 0; at + 8 < size; at += distance)
                {
                    BinaryPrimitives.WriteUInt32LittleEndian(page.AsSpan(at), 0x12345678);
                }
                RequireBack(page);
            }
        }
    }

    [Fact]
    public void Noise_is_stored_and_text_is_not()
    {
        var noise = new byte[4096];
        new Random(8).NextBytes(noise);
        Assert.InRange(RequireBack(noise), 4096, 4096 + 20);
        var text = new byte[4096];
        Words(new Random(9), text);
        Assert.InRange(RequireBack(text), 1, 3000);
        Assert.InRange(RequireBack(new byte[4096]), 1, 40);
    }

    [Fact]
    public void Too_little_room_and_what_is_no_page_is_refused_before_a_byte_is_written()
    {
        var page = new byte[512];
        Assert.Throws<ArgumentOutOfRangeException>(() =>
            Lz4PageEncoder.Encode(page, new byte[Lz4PageEncoder.LargestBlock(512) - 1])
        );
        Assert.Throws<ArgumentOutOfRangeException>(() =>
            Lz4PageEncoder.Encode(new byte[SqlitePages.LargestPage + 1], new byte[1 << 20])
        );
        Assert.Throws<ArgumentOutOfRangeException>(() => Lz4PageEncoder.Encode(page.AsSpan(1), new byte[1 << 20]));
    }

    /// <summary>Words of a few dozen, as in rows.</summary>
    internal static void Words(Random random, Span<byte> target)
    {
        string[] words = ["paid", "on", "the", "order", "customer", "invoice", "2026-11-29", "EUR", "street", "open"];
        for (var at = 0; at < target.Length; )
        {
            var word = Encoding.ASCII.GetBytes(words[random.Next(words.Length)] + ' ');
            var part = word.AsSpan(0, Math.Min(word.Length, target.Length - at));
            part.CopyTo(target[at..]);
            at += part.Length;
        }
    }

    private static byte[] RandomPage(Random random, int size)
    {
        var page = new byte[size];
        for (var at = 0; at < size; )
        {
            var part = page.AsSpan(at, Math.Min(size - at, 1 + random.Next(1 << random.Next(1, 13))));
            switch (random.Next(5))
            {
                case 0:
                    random.NextBytes(part);
                    break;
                case 1:
                    Words(random, part);
                    break;
                case 2:
                    part.Fill((byte)random.Next(256));
                    break;
                case 3 when at > 0:
                    var from = random.Next(at);
                    page.AsSpan(from, Math.Min(part.Length, at - from)).CopyTo(part);
                    break;
                default:
                    foreach (ref var b in part)
                    {
                        b = (byte)random.Next(4);
                    }
                    break;
            }
            at += part.Length;
        }
        return page;
    }

    private static int RequireBack(byte[] page)
    {
        // What lies behind the room that was asked for stays as it is.
        var target = new byte[Lz4PageEncoder.LargestBlock(page.Length) + 32];
        target.AsSpan().Fill(0xA5);
        var size = Lz4PageEncoder.Encode(page, target.AsSpan(0, target.Length - 32));
        Assert.InRange(size, 1, Lz4PageEncoder.LargestBlock(page.Length));
        Assert.DoesNotContain(target[^32..], b => b != 0xA5);
        var back = new byte[page.Length];
        Assert.Equal(page.Length, LZ4Codec.Decode(target.AsSpan(0, size), back));
        Assert.Equal(page, back);
        return size;
    }
}
