using BackupTools.Errors;
using BackupTools.Operations;
using BackupTools.Reports;

namespace BackupTools.Tests.Operations;

/// <summary>What a point in time behind the newest state leads to, for every engine.</summary>
public sealed class TimeTargetTests
{
    public static TheoryData<string> Engines => [.. EngineSandbox.All];

    [Theory]
    [MemberData(nameof(Engines))]
    public void A_time_that_has_not_come_is_refused_by_test_restore_and_merge(string engine)
    {
        using var box = EngineSandbox.Of(engine);
        box.Chain();
        var before = box.Inventory();
        var time = box.Clock!.Now.AddHours(1);

        foreach (var act in new Action[] { () => Restore(box, time), () => Merge(box, time) })
        {
            var error = Assert.Throws<BackupException>(act);
            Assert.Equal(ErrorCode.TargetNotCovered, error.Code);
            Assert.Contains("later than now", error.Message, StringComparison.Ordinal);
        }
        var report = Test(box, time);
        Assert.False(report.IsValid);
        Assert.Contains(report.Problems, p => p.Code == nameof(ErrorCode.TargetNotCovered));
        Assert.Equal(before, box.Inventory());
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void A_time_between_the_newest_state_and_now_is_the_newest_state_with_a_warning_that_names_its_time(
        string engine
    )
    {
        using var box = EngineSandbox.Of(engine);
        var bundles = box.Chain();
        var newest = bundles[^1].CreatedUtc;
        box.Clock!.Now += TimeSpan.FromHours(5);
        box.Warnings.Clear();
        var time = box.Clock.Now.AddHours(-1);

        var report = Restore(box, time);

        Assert.Equal(bundles[^1].EndPosition, report.EndPosition);
        var problem = Assert.Single(report.Problems, p => p.Severity == "Warning");
        Assert.Equal(nameof(ErrorCode.TargetNotCovered), problem.Code);
        Assert.Contains($"{newest:yyyy-MM-dd'T'HH:mm:ss}Z", problem.Message, StringComparison.Ordinal);
        Assert.Contains(box.Warnings, w => w.Contains(problem.Message, StringComparison.Ordinal));
        var test = Test(box, time);
        Assert.True(test.IsValid);
        Assert.Contains(test.Problems, p => p.Message == problem.Message);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void The_time_of_a_bundle_needs_no_warning(string engine)
    {
        using var box = EngineSandbox.Of(engine);
        var bundles = box.Chain();
        foreach (var bundle in bundles)
        {
            Assert.DoesNotContain(Test(box, new DateTimeOffset(bundle.CreatedUtc)).Problems, p => p.Severity != "Info");
        }
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void A_bundle_that_a_fast_clock_dated_is_reached_by_its_date(string engine)
    {
        using var box = EngineSandbox.Of(engine);
        var bundles = box.Chain();
        box.Clock!.Now -= TimeSpan.FromDays(1);
        Assert.Equal(bundles[^1].EndPosition, Restore(box, new DateTimeOffset(bundles[^1].CreatedUtc)).EndPosition);
    }

    private static RestoreReport Restore(EngineSandbox box, DateTimeOffset time) =>
        box.Restore(
            new RestoreSettings
            {
                Path = box.Bundles,
                DestinationPath = box.Restored,
                PointInTime = time,
            }
        );

    private static void Merge(EngineSandbox box, DateTimeOffset time) =>
        MergeChain.Plan(
            new MergeSettings
            {
                Path = box.Bundles,
                DestinationPath = box.At("m"),
                PointInTime = time,
            },
            box.Host()
        );

    private static ChainReport Test(EngineSandbox box, DateTimeOffset time) =>
        box.Test(new VerifySettings { Path = box.Bundles, PointInTime = time });
}
