using BackupTools.Files.Stores;

namespace BackupTools.Tests.Stores;

/// <summary>The bytes of an object through the parts in which they come.</summary>
public sealed class ReadAheadTests
{
    private const int MiB = 1 << 20;

    private readonly List<(long Offset, int Length)> _fetched = [];
    private int _now;
    private int _most;

    [Theory]
    [InlineData(1)]
    [InlineData(65_536)]
    [InlineData(262_144)]
    [InlineData(262_145)]
    [InlineData((40 * MiB) + 123)]
    public void A_file_that_is_read_on_comes_whole_in_growing_parts(int length)
    {
        var content = Content(length);
        using var bytes = Open(content, 64 * MiB);
        var read = new byte[length];
        for (var at = 0; at < length; )
        {
            at += bytes.Read(read.AsSpan(at, Math.Min(MiB, length - at)), at);
        }
        Assert.Equal(content, read);
        Assert.Equal(0, bytes.Read(new byte[1], length));
        // Each byte once.
        Assert.Equal(length, _fetched.Sum(f => (long)f.Length));
        Assert.InRange(_fetched.Count, 1, 2 + (length / (3 * MiB)));
        if (length > 20 * MiB)
        {
            Assert.InRange(_most, 2, 4);
        }
    }

    [Fact]
    public void Looks_here_and_there_fetch_little()
    {
        using var bytes = Open(Content(40 * MiB), 64 * MiB);
        foreach (var at in new[] { 0, 100, 39 * MiB, 20 * MiB, (20 * MiB) + 50 })
        {
            bytes.Read(new byte[16], at);
        }
        Assert.Equal([(0L, 65536), (39L * MiB, 65536), (20L * MiB, 65536)], _fetched);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(64 * 1024)]
    [InlineData(6 * MiB)]
    [InlineData(64 * MiB)]
    public void Whatever_the_budget_many_readers_get_their_bytes(int budget)
    {
        var content = Content(24 * MiB);
        using var bytes = Open(content, budget);
        Parallel.For(
            0,
            8,
            new ParallelOptions { MaxDegreeOfParallelism = 8 },
            seed =>
            {
                var random = new Random(seed);
                var buffer = new byte[300_000];
                for (var i = 0; i < 12; i++)
                {
                    // Half of them read on for a while.
                    var at = random.Next(content.Length);
                    for (var go = random.Next(2) * 10; go >= 0 && at < content.Length; go--)
                    {
                        var count = bytes.Read(buffer.AsSpan(0, random.Next(1, buffer.Length)), at);
                        Assert.True(count > 0);
                        Assert.True(content.AsSpan(at, count).SequenceEqual(buffer.AsSpan(0, count)));
                        at += count;
                    }
                }
            }
        );
    }

    [Fact]
    public void Files_that_are_open_together_share_the_budget()
    {
        var budget = new ReadAheadBudget(4 * MiB);
        var content = Content(10 * MiB);
        var files = Enumerable.Range(0, 5).Select(_ => Open(content, budget)).ToList();
        for (var at = 0; at < 6 * MiB; at += MiB)
        {
            foreach (var file in files)
            {
                var buffer = new byte[MiB];
                for (var done = 0; done < MiB; )
                {
                    done += file.Read(buffer.AsSpan(done), at + done);
                }
            }
            // What a reader waits for it gets, a small part at a time.
            Assert.True(budget.Free > -5 * 65536 * 16, $"{budget.Free}");
        }
        files.ForEach(f => f.Dispose());
        Assert.True(SpinWait.SpinUntil(() => budget.Free == 4 * MiB, TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public void A_part_that_fails_fails_the_read_and_not_the_next_one()
    {
        var fails = true;
        using var bytes = new ReadAhead(
            100,
            new ReadAheadBudget(MiB),
            (_, _, _) => fails ? throw new InvalidOperationException("no") : Task.CompletedTask,
            CancellationToken.None
        );
        Assert.Throws<InvalidOperationException>(() => bytes.Read(new byte[1], 0));
        fails = false;
        Assert.Equal(1, bytes.Read(new byte[1], 0));
    }

    [Fact]
    public void A_stop_ends_the_wait_for_a_part()
    {
        using var stop = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));
        using var bytes = new ReadAhead(
            100,
            new ReadAheadBudget(MiB),
            (_, _, token) => Task.Delay(Timeout.Infinite, token),
            stop.Token
        );
        Assert.ThrowsAny<OperationCanceledException>(() => bytes.Read(new byte[1], 0));
    }

    private static byte[] Content(int length)
    {
        var content = new byte[length];
        new Random(length).NextBytes(content);
        return content;
    }

    private ReadAhead Open(byte[] content, int budget) => Open(content, new ReadAheadBudget(budget));

    private ReadAhead Open(byte[] content, ReadAheadBudget budget) =>
        new(
            content.Length,
            budget,
            async (offset, buffer, _) =>
            {
                lock (_fetched)
                {
                    _fetched.Add((offset, buffer.Length));
                    _most = Math.Max(_most, ++_now);
                }
                await Task.Delay(2, CancellationToken.None);
                content.AsMemory((int)offset, buffer.Length).CopyTo(buffer);
                lock (_fetched)
                {
                    _now--;
                }
            },
            CancellationToken.None
        );
}
