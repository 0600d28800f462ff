using System.Text;
using BackupTools.Formats.Primitives;

namespace BackupTools.Tests.Formats.Primitives;

public class Blake3Tests
{
    [Theory]
    [InlineData("", "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262")]
    [InlineData("abc", "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85")]
    public void Published_digests_come_out(string text, string digest) =>
        Assert.Equal(digest, Hasher.Hash(Encoding.ASCII.GetBytes(text)).ToString());

    [Fact]
    public void Every_length_that_b3sum_recorded_has_the_same_digest()
    {
        var input = new byte[9 << 20];
        for (var i = 0; i < input.Length; i++)
        {
            input[i] = (byte)(i % 251);
        }
        var lines = File.ReadLines(Path.Combine(AppContext.BaseDirectory, "fixtures", "checksums", "blake3-b3sum.tsv"))
            .Skip(1)
            .Select(line => line.Split('\t'))
            .ToList();
        Assert.NotEmpty(lines);
        foreach (var line in lines)
        {
            var length = int.Parse(line[0]);
            Assert.Equal((length, line[1]), (length, Hasher.Hash(input.AsSpan(0, length)).ToString()));
        }
    }
}
