using System.Text;
using Blake3;

namespace BackupTools.Tests.Formats.Primitives;

/// <summary>The package against b3sum: on a processor with other vectors it takes other ways to the same digest.</summary>
public sealed class Blake3Tests
{
    // The input of the published test vectors, and of the recorded digests.
    private static readonly byte[] Input = Enumerable.Range(0, 8 << 20).Select(i => (byte)(i % 251)).ToArray();

    private static readonly (int Length, string Digest)[] Recorded = File.ReadLines(
            Path.Combine(AppContext.BaseDirectory, "fixtures", "checksums", "blake3-b3sum.tsv")
        )
        .Where(line => !line.StartsWith('#'))
        .Select(line => line.Split('\t'))
        .Select(columns => (int.Parse(columns[0]), columns[1]))
        .ToArray();

    [Theory]
    [InlineData("", "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262")]
    [InlineData("abc", "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85")]
    public void Published_digests_come_out(string text, string digest) =>
        Assert.Equal(digest, Hasher.Hash(Encoding.ASCII.GetBytes(text)).ToString());

    [Fact]
    public void Every_length_that_b3sum_recorded_has_the_same_digest()
    {
        Assert.True(Recorded.Length > 280);
        foreach (var (length, digest) in Recorded)
        {
            // Half of them begin in the middle of a chunk.
            var first = length % 2 == 0 ? 0 : Math.Min(length, 70_001);
            using var alone = Hasher.New();
            alone.Update(Input.AsSpan(0, first));
            alone.Update(Input.AsSpan(first, length - first));
            using var joined = Hasher.New();
            joined.Update(Input.AsSpan(0, first));
            joined.UpdateWithJoin(Input.AsSpan(first, length - first));

            Assert.Equal((length, digest), (length, Hasher.Hash(Input.AsSpan(0, length)).ToString()));
            Assert.Equal((length, digest), (length, alone.Finalize().ToString()));
            Assert.Equal((length, digest), (length, joined.Finalize().ToString()));
        }
    }

    [Fact]
    public void Blocks_as_a_backup_reads_them_give_what_b3sum_gives()
    {
        var (length, digest) = Recorded[^1];
        foreach (var block in new[] { 1 << 20, 255 * 4100, 64 << 10, 4095 })
        {
            using var hasher = Hasher.New();
            for (var at = 0; at < length; at += block)
            {
                hasher.UpdateWithJoin(Input.AsSpan(at, Math.Min(block, length - at)));
                // Asking in between changes nothing.
                hasher.Finalize();
            }
            Assert.Equal((block, digest), (block, hasher.Finalize().ToString()));
        }
    }
}
