using BackupTools.Files;

namespace BackupTools.Tests.Files;

public sealed class TransferProgressTests
{
    private sealed class ManualClock : TimeProvider
    {
        private long _ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _ticks;

        public void Pass(double seconds) => _ticks += TimeSpan.FromSeconds(seconds).Ticks;
    }

    [Fact]
    public void Nothing_known_is_nothing_claimed()
    {
        var sample = new TransferProgress().Sample();
        Assert.Equal((0, 0), (sample.TotalBytes, sample.DoneBytes));
        Assert.Equal((0, -1, ""), (sample.Rate, sample.SecondsRemaining, sample.Activity));
        Assert.Empty(sample.CurrentFiles);
    }

    [Fact]
    public void A_steady_rate_is_found_and_tells_what_is_left()
    {
        var clock = new ManualClock();
        var progress = new TransferProgress(clock) { Activity = "reading" };
        progress.Expect(1000);
        progress.Expect(1000);
        for (var i = 0; i < 10; i++)
        {
            clock.Pass(1);
            progress.Advance(100);
            var sample = progress.Sample();
            Assert.Equal(100, sample.Rate, 3);
            Assert.Equal(19 - i, sample.SecondsRemaining);
            Assert.Equal((2000, (i + 1) * 100, "reading"), (sample.TotalBytes, sample.DoneBytes, sample.Activity));
        }
        progress.Advance(1000);
        Assert.Equal(0, progress.Sample().SecondsRemaining);
    }

    [Fact]
    public void Without_a_rate_only_the_end_is_known()
    {
        var progress = new TransferProgress(new ManualClock());
        progress.Expect(10);
        Assert.Equal(-1, progress.Sample().SecondsRemaining);
        progress.Advance(10);
        Assert.Equal((0, 0), (progress.Sample().Rate, progress.Sample().SecondsRemaining));
    }

    [Fact]
    public void The_first_bytes_set_the_rate_and_a_moment_says_nothing_about_it()
    {
        var clock = new ManualClock();
        var progress = new TransferProgress(clock);
        clock.Pass(1);
        Assert.Equal(0, progress.Sample().Rate);
        clock.Pass(1);
        progress.Advance(100);
        Assert.Equal(100, progress.Sample().Rate, 3);
        progress.Advance(100_000);
        clock.Pass(0.0999);
        Assert.Equal(100, progress.Sample().Rate, 3);
        clock.Pass(0.0001);
        Assert.InRange(progress.Sample().Rate, 10_000, 30_000); // 2 % of a million in a tenth of a second
    }

    [Fact]
    public void A_rate_is_smoothed_the_same_however_often_it_is_sampled()
    {
        var rates = new[] { 1, 10 }
            .Select(perSecond =>
            {
                var clock = new ManualClock();
                var progress = new TransferProgress(clock);
                TransferSample? last = null;
                for (var i = 0; i < 20 * perSecond; i++)
                {
                    clock.Pass(1.0 / perSecond);
                    progress.Advance((i < 10 * perSecond ? 100 : 300) * 10 / perSecond);
                    last = progress.Sample();
                }
                return last!.Rate;
            })
            .ToArray();
        Assert.Equal(rates[0], rates[1], 6);
        Assert.InRange(rates[0], 2600, 2800); // ten seconds after a jump from 1000 to 3000, with a memory of five
    }

    [Fact]
    public void A_stall_lets_the_rate_fall_and_a_new_attempt_takes_bytes_back()
    {
        var clock = new ManualClock();
        var progress = new TransferProgress(clock);
        progress.Expect(1000);
        clock.Pass(1);
        progress.Advance(500);
        Assert.Equal(500, progress.Sample().Rate, 3);
        clock.Pass(30);
        Assert.InRange(progress.Sample().Rate, 0.1, 5);
        progress.Advance(-500);
        clock.Pass(1);
        var sample = progress.Sample();
        Assert.Equal(0, sample.DoneBytes);
        Assert.True(sample.Rate >= 0);
    }

    [Fact]
    public void More_than_expected_becomes_what_is_expected()
    {
        var progress = new TransferProgress();
        progress.Expect(10);
        using (progress.BeginFile("/f", 10))
        {
            progress.Advance(25);
            var sample = progress.Sample();
            Assert.Equal((25, 25), (sample.TotalBytes, sample.DoneBytes));
            Assert.Equal(new FileProgress("/f", 25, 25), Assert.Single(sample.CurrentFiles));
        }
        Assert.Empty(progress.Sample().CurrentFiles);
    }

    [Fact]
    public void Bytes_count_to_the_file_that_their_thread_works_on()
    {
        var progress = new TransferProgress();
        using var all = new Barrier(4);
        HashingCopy.ForEach(
            [1, 2, 3, 4],
            4,
            (i, stop) =>
            {
                var file = progress.BeginFile($"/{i}", i * 100);
                progress.Advance(i);
                Task.Run(() => progress.Advance(i * 10), stop).Wait(stop); // the file goes along into what it starts
                all.SignalAndWait(stop);
                Assert.Equal(
                    Enumerable.Range(1, 4).Select(n => new FileProgress($"/{n}", n * 11, n * 100)),
                    progress.Sample().CurrentFiles.OrderBy(f => f.Path)
                );
                all.SignalAndWait(stop);
                file.Dispose();
                file.Dispose();
            },
            default
        );
        var sample = progress.Sample();
        Assert.Equal(110, sample.DoneBytes);
        Assert.Empty(sample.CurrentFiles);
    }

    [Fact]
    public void A_file_within_a_file_gives_way_to_the_outer_one_again()
    {
        var progress = new TransferProgress();
        using var outer = progress.BeginFile("/outer", 100);
        using (progress.BeginFile("/inner", 10))
            progress.Advance(10);
        progress.Advance(7);
        Assert.Equal([new FileProgress("/outer", 7, 100)], progress.Sample().CurrentFiles);
        Assert.Equal(17, progress.Sample().DoneBytes);
    }

    [Fact]
    public void A_total_that_nobody_knows_is_not_shown_as_reached()
    {
        var progress = new TransferProgress();
        Assert.Equal(-1, progress.Sample().Percent);
        progress.Advance(10);
        Assert.Equal(-1, progress.Sample().Percent);
        progress.Expect(40);
        Assert.Equal(25, progress.Sample().Percent);
        progress.Advance(31);
        Assert.Equal(-1, progress.Sample().Percent);
        progress.Expect(1);
        using (var more = progress.MoreToCome())
        {
            Assert.Equal(-1, progress.Sample().Percent);
            more.Dispose();
            Assert.Equal(100, progress.Sample().Percent);
        }
        Assert.Equal(100, progress.Sample().Percent);
    }
}
