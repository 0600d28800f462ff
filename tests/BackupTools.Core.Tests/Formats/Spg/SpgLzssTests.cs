using BackupTools.Formats.Spg;

namespace BackupTools.Tests.Formats.Spg;

/// <summary>Packed texts come out as they went in.</summary>
public sealed class SpgLzssTests
{
    [Fact]
    public void A_text_that_repeats_what_lies_4095_bytes_back_unpacks_at_any_length()
    {
        var random = new Random(20261121);
        var plain = new byte[4095 * 4];
        random.NextBytes(plain.AsSpan(0, 4095));
        for (var i = 4095; i < plain.Length; i++)
        {
            plain[i] = plain[i - 4095];
        }
        var packed = SpgFrames.Lzss(plain);
        foreach (var piece in new[] { 1, 1000, packed.Length })
        {
            Assert.Equal(plain, Unpack(packed, () => piece));
        }
    }

    [Fact]
    public void Any_text_packs_and_unpacks_in_any_pieces()
    {
        var random = new Random(20261120);
        for (var round = 0; round < 25; round++)
        {
            var plain = new byte[random.Next(0, 9_000)];
            for (var i = 0; i < plain.Length; i++)
            {
                plain[i] = i > 40 && random.Next(9) > 0 ? plain[i - random.Next(1, 40)] : (byte)random.Next(256);
            }
            Assert.Equal(plain, Unpack(SpgFrames.Lzss(plain), () => random.Next(1, 3000)));
        }
    }

    private static byte[] Unpack(ReadOnlySpan<byte> packed, Func<int> piece)
    {
        var lzss = new SpgLzss();
        lzss.Reset();
        var output = new List<byte>();
        while (!packed.IsEmpty)
        {
            var part = packed[..Math.Min(packed.Length, piece())];
            packed = packed[part.Length..];
            while (true)
            {
                var got = lzss.Decode(ref part);
                output.AddRange(got);
                if (got.IsEmpty && part.IsEmpty)
                {
                    break;
                }
            }
        }
        lzss.Finish();
        Assert.Null(lzss.Fault);
        return [.. output];
    }
}
