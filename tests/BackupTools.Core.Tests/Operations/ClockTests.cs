using BackupTools.Errors;
using BackupTools.Reports;

namespace BackupTools.Tests.Operations;

/// <summary>Every engine with a clock that jumps.</summary>
public sealed class ClockTests
{
    private static readonly DateTimeOffset Morning = DateTimeOffset.UtcNow;

    public static TheoryData<string> Engines => new(EngineSandbox.All);

    [Theory]
    [MemberData(nameof(Engines))]
    public void What_was_taken_last_is_the_newest_after_a_clock_that_was_ahead_is_corrected(string engine)
    {
        using var box = EngineSandbox.Of(engine);
        At(box, Morning.AddHours(2));
        box.Become("S0");
        box.Full();
        At(box, Morning);
        box.Become("S1");
        var newest = box.Full();

        AssertNewest(box, newest);
        box.Expire();
        Assert.Contains(newest.Id, Assert.Single(box.Chains()).Bundles.Select(b => b.Id));
        AssertNewest(box, newest);
        At(box, Morning.AddMinutes(10));
        box.Become("S2");
        AssertNewest(box, box.Increment());
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void Whatever_the_clock_shows_the_newest_is_restored_and_survives_a_prune(string engine)
    {
        for (var seed = 1; seed <= 8; seed++)
        {
            var random = new Random(seed);
            using var box = EngineSandbox.Of(engine);
            BundleInfo? newest = null;
            for (var step = 0; step < 6; step++)
            {
                At(box, Morning.AddMinutes(random.Next(4) == 0 ? random.Next(30_000_000) : random.Next(-600, 600)));
                box.Become($"S{step / 2}");
                try
                {
                    newest = step == 0 || random.Next(3) == 0 ? box.Full() : box.Increment();
                }
                catch (BackupException e) when (e.Code == ErrorCode.NothingToBackUp)
                {
                    continue;
                }
                AssertNewest(box, newest!);
            }
            At(box, Morning.AddMinutes(random.Next(-600, 600)));
            box.Expire();
            AssertNewest(box, newest!);
        }
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void A_bundle_of_the_future_is_told_by_every_command_and_makes_no_report_healthy(string engine)
    {
        using var box = EngineSandbox.Of(engine);
        At(box, new DateTimeOffset(2099, 1, 1, 0, 0, 0, TimeSpan.Zero));
        box.Become("S0");
        box.Full();
        At(box, Morning);

        var report = box.Report(TimeSpan.FromDays(1));
        Assert.False(report.IsHealthy);
        Assert.Null(Assert.Single(report.Databases).AgeSeconds);
        Assert.Contains(report.Databases[0].Chains[0].Problems, p => p.Code == nameof(ErrorCode.ClockDoubtful));
        box.Become("S1");
        Action[] commands = [() => box.Expire(), () => box.Restore(), () => box.Full(), () => box.Increment()];
        foreach (var command in commands)
        {
            box.Warnings.Clear();
            try
            {
                command();
            }
            catch (BackupException e) when (e.Code == ErrorCode.NothingToBackUp) { }
            Assert.Contains(box.Warnings, w => w.Contains("after now", StringComparison.Ordinal));
        }
        // What was taken since tells its own time, and the state is as old as that.
        Assert.InRange(Assert.Single(box.Report(TimeSpan.FromDays(1)).Databases).AgeSeconds!.Value, 0, 3_600);
    }

    /// <summary>What a bundle says about its order is no doubt, also once the wrong dates have come.</summary>
    [Theory]
    [InlineData(EngineNames.Sqlite)]
    [InlineData(EngineNames.PowDb)]
    [InlineData(EngineNames.Alopex)]
    public void Bundles_that_tell_their_order_leave_no_doubt_after_two_wrong_dates(string engine)
    {
        using var box = EngineSandbox.Of(engine);
        var newest = "";
        foreach (var (day, state) in new[] { (10, "S0"), (11, "S1"), (0, "S2") })
        {
            At(box, Morning.AddDays(day));
            box.Become(state);
            newest = box.Full().Id;
        }
        At(box, Morning.AddDays(12));
        box.Warnings.Clear();

        Assert.Equal(box.Content(box.Source), box.Content(box.RestoreFrom(box.Bundles)));
        box.Expire();
        Assert.Empty(box.Warnings);
        Assert.Contains(newest, box.Chains().SelectMany(c => c.Bundles).Select(b => b.Id));
    }

    private static void At(EngineSandbox box, DateTimeOffset time) => box.Clock!.Now = time;

    private static void AssertNewest(EngineSandbox box, BundleInfo newest)
    {
        var restored = box.RestoreFrom(box.Bundles);
        Assert.Equal(box.Content(box.Source), box.Content(restored));
        var chain = box.Chains()[^1];
        Assert.Contains(newest.Id, chain.Bundles.Select(b => b.Id));
        // A full of Grafeo may have an increment beside it, which reaches further.
        Assert.Equal(chain.Bundles.Max(b => b.EndPosition), chain.EndPosition);
        Assert.InRange(newest.EndPosition, 0ul, chain.EndPosition);
    }
}
