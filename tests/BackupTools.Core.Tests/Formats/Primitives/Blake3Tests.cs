using System.Text;
using BackupTools.Formats.Primitives;
using FsCheck;
using FsCheck.Fluent;

namespace BackupTools.Tests.Formats.Primitives;

public class Blake3Tests
{
    // The input of the published test vectors, and of the recorded digests.
    private static readonly byte[] Input = Enumerable.Range(0, 8 << 20).Select(i => (byte)(i % 251)).ToArray();

    private static readonly Lazy<(int Length, string Digest)[]> Recorded = new(() =>
        File.ReadLines(Path.Combine(AppContext.BaseDirectory, "fixtures", "checksums", "blake3-b3sum.tsv"))
            .Where(line => !line.StartsWith('#'))
            .Select(line => line.Split('\t'))
            .Select(columns => (int.Parse(columns[0]), columns[1]))
            .ToArray()
    );

    /// <summary>Every path that this machine has.</summary>
    public static TheoryData<string> Paths =>
        new(Enum.GetValues<Blake3Path>().Where(Blake3Tree.IsSupported).Select(path => path.ToString()));

    [Theory]
    [InlineData("", "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262")]
    [InlineData("abc", "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85")]
    public void Published_digests_come_out(string text, string digest) =>
        Assert.Equal(digest, Hasher.Hash(Encoding.ASCII.GetBytes(text)).ToString());

    [Fact]
    public void The_best_path_is_the_widest_and_the_portable_one_is_always_there()
    {
        Assert.Equal(Enum.GetValues<Blake3Path>().Where(Blake3Tree.IsSupported).Max(), Blake3Tree.Best);
        Assert.True(Blake3Tree.IsSupported(Blake3Path.Portable));
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void Every_length_that_b3sum_recorded_has_the_same_digest(string name)
    {
        Assert.True(Recorded.Value.Length > 280);
        foreach (var (length, digest) in Recorded.Value.Where(recorded => recorded.Length < 256 << 10))
        {
            Assert.Equal((length, digest), (length, OneShot(name, length).ToString()));
        }
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void Several_threads_give_the_digests_that_b3sum_recorded(string name) =>
        CompareOnThreads(name, Recorded.Value.Where(recorded => recorded.Length is >= 256 << 10 and < 1 << 20));

    [Theory]
    [MemberData(nameof(Paths))]
    [Trait("Size", "Large")]
    public void Long_inputs_have_the_digests_that_b3sum_recorded(string name)
    {
        foreach (var (length, digest) in Recorded.Value.Where(recorded => recorded.Length >= 256 << 10))
        {
            Assert.Equal((length, digest), (length, OneShot(name, length).ToString()));
        }
        CompareOnThreads(name, Recorded.Value.Where(recorded => recorded.Length >= 1 << 20));
    }

    private static void CompareOnThreads(string name, IEnumerable<(int Length, string Digest)> recorded)
    {
        foreach (var (length, digest) in recorded)
        {
            // Half of them begin in the middle of a chunk.
            var first = length % 2 == 0 ? 0 : 70_001;
            var hasher = Make(name);
            hasher.Update(Input.AsSpan(0, first));
            hasher.UpdateWithJoin(Input.AsSpan(first, length - first));
            Assert.Equal((length, digest), (length, hasher.Finalize().ToString()));
        }
    }

    [Fact]
    [Trait("Size", "Large")]
    public void Hashers_on_several_threads_do_not_disturb_each_other()
    {
        var (length, digest) = Recorded.Value[^1];
        Parallel.For(
            0,
            8,
            _ =>
            {
                var hasher = Hasher.New();
                hasher.UpdateWithJoin(Input.AsSpan(0, length));
                Assert.Equal(digest, hasher.Finalize().ToString());
            }
        );
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void All_lengths_to_8_KiB_agree_with_the_portable_path(string name)
    {
        for (var length = 0; length <= 8192; length++)
        {
            Assert.Equal((length, PortableDigests.Value[length]), (length, OneShot(name, length)));
        }
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void Chunks_and_parents_agree_at_any_count_place_and_number(string name)
    {
        // The number of a chunk has 64 bits: 2^32 chunks are 4 TiB.
        foreach (var counter in new ulong[] { 0, 1, uint.MaxValue - 20, uint.MaxValue, 0x0123_4567_89AB_CDEF })
        {
            for (var count = 1; count <= 70; count++)
            {
                Assert.Equal(Nodes(nameof(Blake3Path.Portable), count, counter), Nodes(name, count, counter));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void Bytes_in_pieces_give_what_they_give_in_one(string name)
    {
        var sizes = Gen.OneOf(
            Gen.Choose(0, 200),
            Gen.Choose(1000, 1100),
            Gen.Choose(0, 40_000),
            Gen.Elements(1024, 2048, 16_384, 32_768)
        );
        Prop.ForAll(
                sizes.ListOf().ToArbitrary(),
                pieces =>
                {
                    var hasher = Make(name);
                    var length = 0;
                    foreach (var piece in pieces)
                    {
                        hasher.Update(Input.AsSpan(length, piece));
                        length += piece;
                        // Asking in between changes nothing.
                        hasher.Finalize();
                    }
                    return hasher.Finalize() == OneShot(name, length);
                }
            )
            .Check(Config.QuickThrowOnFailure.WithMaxTest(60).WithEndSize(30));
    }

    [GuardedFact]
    [Trait("Size", "Large")]
    public void No_path_reads_past_the_end()
    {
        using var memory = new GuardedMemory(20);
        foreach (var path in Enum.GetValues<Blake3Path>().Where(Blake3Tree.IsSupported))
        {
            for (var length = 1; length <= 70_000; length += length < 1100 ? 1 : 509)
            {
                var hasher = new Hasher(path);
                hasher.Update(memory.Place(Input.AsSpan(0, length)));
                Assert.Equal(Hasher.Hash(Input.AsSpan(0, length)), hasher.Finalize());
            }
        }
    }

    [Fact]
    public void A_reset_hasher_starts_anew()
    {
        var hasher = Hasher.New();
        hasher.Update(Input.AsSpan(0, 5000));
        hasher.Reset();
        hasher.Update(Input.AsSpan(0, 2048));
        Assert.Equal(Hasher.Hash(Input.AsSpan(0, 2048)), hasher.Finalize());
    }

    [Fact]
    public void A_digest_is_equal_to_its_copy_and_to_no_other()
    {
        var digest = Hasher.Hash("a"u8);
        var bytes = new byte[Hash.Size];
        digest.CopyTo(bytes);
        var copy = Hash.FromBytes(bytes);
        Assert.True(copy == digest);
        Assert.Equal(digest.GetHashCode(), copy.GetHashCode());
        Assert.Equal(Convert.ToHexStringLower(bytes), digest.ToString());
        Assert.True(Hasher.Hash("b"u8) != digest);
        Assert.Throws<ArgumentOutOfRangeException>(() => Hash.FromBytes(bytes.AsSpan(1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => Hash.FromBytes([.. bytes, 0]));
        Assert.ThrowsAny<ArgumentException>(() => digest.CopyTo(new byte[31]));
    }

    private static readonly Lazy<Hash[]> PortableDigests = new(() =>
        Enumerable.Range(0, 8193).Select(length => OneShot(nameof(Blake3Path.Portable), length)).ToArray()
    );

    private static Hasher Make(string path) => new(Enum.Parse<Blake3Path>(path));

    private static Hash OneShot(string path, int length)
    {
        var hasher = Make(path);
        hasher.Update(Input.AsSpan(0, length));
        return hasher.Finalize();
    }

    private static unsafe uint[] Nodes(string name, int count, ulong counter)
    {
        var path = Enum.Parse<Blake3Path>(name);
        var cvs = new uint[count * 8];
        var parents = new uint[count / 2 * 8];
        fixed (byte* input = Input)
        fixed (uint* to = cvs)
        fixed (uint* above = parents)
        {
            Blake3Tree.Chunks(path, input + 3 + count, count, counter, to);
            Blake3Tree.Parents(path, to, count / 2, above);
        }
        return [.. cvs, .. parents];
    }
}
