using BackupTools.Engines;

namespace BackupTools.Tests.Engines;

/// <summary>Blocks that several threads work on.</summary>
public sealed class OrderedBlocksTests
{
    private const int Blocks = 40;

    /// <summary>An encrypted file takes its bytes in order, and keeps what comes before its turn.</summary>
    [Theory]
    [InlineData(2)]
    [InlineData(8)]
    public void A_thread_that_is_held_up_is_not_left_far_behind(int threads)
    {
        using var isFar = new ManualResetEventSlim();
        long farthest = 0;
        var isHeld = true;
        long ahead = 0;
        Run(
            threads,
            offset =>
            {
                if (offset == 0)
                {
                    isFar.Wait(TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken);
                    ahead = Interlocked.Read(ref farthest);
                    Volatile.Write(ref isHeld, false);
                }
                else if (Volatile.Read(ref isHeld))
                {
                    InterlockedMax(ref farthest, offset);
                    if (offset > (OrderedBlocks.MostAhead + 1L) * OrderedBlocks.BlockSize)
                    {
                        isFar.Set();
                    }
                }
            }
        );
        Assert.InRange(ahead / OrderedBlocks.BlockSize, 1, OrderedBlocks.MostAhead);
    }

    [Fact]
    public void A_failure_ends_those_who_wait_for_the_thread_that_failed()
    {
        var error = Assert.Throws<InvalidOperationException>(() =>
            Run(
                4,
                offset =>
                {
                    if (offset == 0)
                    {
                        Thread.Sleep(200);
                        throw new InvalidOperationException("the disk is gone");
                    }
                }
            )
        );
        Assert.Equal("the disk is gone", error.Message);
    }

    private static void Run(int threads, Action<long> handOn) =>
        OrderedBlocks.Run(
            (long)Blocks * OrderedBlocks.BlockSize,
            (_, block) => block.Clear(),
            0,
            threads,
            (_, _, _) => { },
            (_, _, _) => { },
            (offset, _) => handOn(offset),
            TestContext.Current.CancellationToken
        );

    private static void InterlockedMax(ref long target, long value)
    {
        for (var seen = Interlocked.Read(ref target); value > seen; )
        {
            seen = Interlocked.CompareExchange(ref target, value, seen);
        }
    }
}
