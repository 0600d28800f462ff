using BackupTools.Files;

namespace BackupTools.Tests.Files;

public sealed class BlockRingTests
{
    [Fact]
    public void Every_place_sees_all_blocks_in_order_and_those_who_share_one_divide_them()
    {
        var all = new List<(byte, long)>();
        var even = new List<long>();
        var odd = new List<long>();
        BlockSink see = (block, offset) => all.Add((block[0], offset));
        BlockSink takeEven = (_, offset) => even.Add(offset);
        BlockSink takeOdd = (_, offset) => odd.Add(offset);
        using (var ring = new BlockRing([see], [takeEven, takeOdd]))
        {
            for (var i = 0; i < 100; i++)
            {
                ring.Next().Span[0] = (byte)i;
                ring.Submit(1, i);
            }
            ring.Finish();
        }
        Assert.Equal(Enumerable.Range(0, 100).Select(i => ((byte)i, (long)i)), all);
        Assert.Equal(Enumerable.Range(0, 50).Select(i => 2L * i), even);
        Assert.Equal(Enumerable.Range(0, 50).Select(i => (2L * i) + 1), odd);
    }

    [Fact]
    public void What_a_sink_throws_reaches_the_filling_thread_and_stops_the_others()
    {
        var shown = 0;
        BlockSink fail = (_, offset) => throw new InvalidOperationException($"at {offset}");
        BlockSink count = (_, _) => Interlocked.Increment(ref shown);
        using var ring = new BlockRing([fail], [count]);
        var e = Assert.Throws<InvalidOperationException>(() =>
        {
            for (var i = 0; i < 100; i++)
            {
                ring.Next();
                ring.Submit(1, i);
            }
            ring.Finish();
        });
        Assert.Equal("at 0", e.Message);
        Assert.InRange(shown, 0, 10);
    }

    [Fact]
    public void A_sink_that_has_failed_is_shown_nothing_more()
    {
        var shown = 0;
        using var filled = new ManualResetEventSlim();
        BlockSink fail = (_, offset) =>
        {
            shown++;
            filled.Wait();
            throw new InvalidOperationException($"at {offset}");
        };
        using (var ring = new BlockRing([fail]))
        {
            for (var i = 0; i < 5; i++)
            {
                ring.Next();
                ring.Submit(1, i);
            }
            filled.Set();
            Assert.Equal("at 0", Assert.Throws<InvalidOperationException>(ring.Finish).Message);
        }
        Assert.Equal(1, shown);
    }

    [Fact]
    public void Disposing_in_the_middle_waits_for_the_sink_that_is_at_work()
    {
        var inside = false;
        using var entered = new ManualResetEventSlim();
        BlockSink slow = (_, _) =>
        {
            inside = true;
            entered.Set();
            Thread.Sleep(50);
            inside = false;
        };
        using (var ring = new BlockRing([slow]))
        {
            ring.Next();
            ring.Submit(1, 0);
            ring.Next();
            ring.Submit(1, 1);
            entered.Wait();
        }
        Assert.False(inside);
    }
}
