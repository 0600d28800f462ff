using System.Diagnostics;
using System.Globalization;
using BackupTools.Chains;
using BackupTools.Errors;
using static BackupTools.Tests.Chains.Bundles;

namespace BackupTools.Tests.Chains;

public sealed class ExpiryPlannerTests
{
    [Fact]
    public void The_newest_points_stay_with_what_they_build_on_and_the_rest_goes_leaves_first()
    {
        var plan = Plan(
            new RetentionPolicy { Last = 1 },
            Full(10, 1),
            Incr(10, 20, 2),
            Full(20, 3),
            Incr(20, 30, 4),
            Incr(30, 40, 5)
        );

        Assert.Equal(["incr-10-20", "full-10"], plan.Removals.Select(b => b.Id.TrimEnd('.')));
        Assert.Equal(["last 1"], Reasons(plan, "incr-30-40"));
        Assert.Equal(["needed by incr-30-40"], Reasons(plan, "full-20"));
    }

    [Fact]
    public void Without_any_rule_nothing_is_planned() =>
        Assert.Equal(
            ErrorCode.InvalidOption,
            Assert.Throws<BackupException>(() => Plan(new RetentionPolicy(), Full(10, 1))).Code
        );

    [Fact]
    public void The_newest_restore_point_of_a_database_stays_unless_that_is_forced()
    {
        var policy = new RetentionPolicy { Last = 0 };

        Assert.Empty(Plan(policy, Full(10, 1)).Removals);
        Assert.Single(Plan(policy, [Full(10, 1)], mayRemoveLast: true).Removals);
    }

    [Fact]
    public void Databases_of_one_name_are_judged_apart_where_a_lasting_mark_differs()
    {
        var plan = Plan(
            new RetentionPolicy { Last = 1 },
            Of(Full(10, 1), "a", true),
            Of(Full(20, 2), "b", true),
            Of(Full(30, 3), "a", true),
            Full(40, 4) // nobody knows of which
        );

        Assert.Equal(["full-10"], plan.Removals.Select(b => b.Id.TrimEnd('.')));
    }

    [Fact]
    public void A_mark_that_may_change_tells_databases_apart_only_where_they_take_turns()
    {
        BundleHeader[] one = [Of(Full(10, 1), "a", false), Of(Full(20, 2), "b", false), Of(Full(30, 3), "c", false)];
        BundleHeader[] two = [Of(Full(10, 1), "a", false), Of(Full(15, 2), "b", false), Incr(10, 30, 3)];

        Assert.Equal(2, Plan(new RetentionPolicy { Last = 1 }, one).Removals.Count);
        Assert.Empty(Plan(new RetentionPolicy { Last = 1 }, two).Removals);
    }

    private static BundleHeader Of(BundleHeader bundle, string origin, bool lasting) =>
        bundle with
        {
            Origin = new BundleOrigin(origin, lasting),
        };

    [Fact]
    public void Each_database_in_a_folder_is_judged_by_itself()
    {
        var plan = Plan(
            new RetentionPolicy { Last = 1 },
            Full(10, 1) with
            {
                Series = "a",
            },
            Full(20, 2) with
            {
                Series = "b",
            }
        );

        Assert.Empty(plan.Removals);
    }

    [Fact]
    public void Bundles_of_a_broken_chain_are_left_alone()
    {
        var plan = Plan(new RetentionPolicy { Last = 1 }, Full(10, 1), Incr(20, 30, 2), Full(40, 3));

        Assert.Equal(["full-10"], plan.Removals.Select(b => b.Id.TrimEnd('.')));
        Assert.Contains("broken", Assert.Single(Reasons(plan, "incr-20-30")));
    }

    [Fact]
    public void Of_points_of_the_same_instant_the_one_reached_last_is_kept_for_the_period()
    {
        var plan = Plan(new RetentionPolicy { Daily = 1 }, Full(10, 1), Incr(10, 20, 1));

        Assert.StartsWith("daily", Assert.Single(Reasons(plan, "incr-10-20")), StringComparison.Ordinal);
        Assert.Equal(["needed by incr-10-20"], Reasons(plan, "full-10"));
    }

    [Fact]
    public void Within_counts_back_from_the_newest_point()
    {
        var plan = Plan(
            new RetentionPolicy { Within = TimeSpan.FromMinutes(2) },
            Full(10, 1),
            Full(20, 3),
            Full(30, 5)
        );

        Assert.Equal(["full-10"], plan.Removals.Select(b => b.Id.TrimEnd('.')));
    }

    [Fact]
    public void Each_rule_gives_its_reason_and_a_bundle_collects_them()
    {
        var policy = new RetentionPolicy
        {
            Last = 1,
            Within = TimeSpan.Zero,
            Daily = 1,
            Weekly = 1,
            Monthly = 1,
            Yearly = 1,
        };
        string[] all = ["last 1", "within", "daily 2026-11-20", "weekly 2026-W47", "monthly 2026-11", "yearly 2026"];

        Assert.Equal(all, Reasons(Plan(policy, Full(10, 1), Full(20, 2)), "full-20"));
    }

    [Fact]
    public void One_point_of_each_year_is_kept_and_the_forced_one_says_why()
    {
        var headers = Enumerable
            .Range(0, 6)
            .Select(i => Full((ulong)(10 + i), 0) with { CreatedUtc = Noon.AddMonths(6 * (i - 6)) })
            .ToArray();
        var plan = Plan(new RetentionPolicy { Yearly = 2 }, headers);

        Assert.Equal(["yearly 2026"], Reasons(plan, "full-15"));
        Assert.Equal(["yearly 2025"], Reasons(plan, "full-14"));
        Assert.Equal(4, plan.Removals.Count);
        Assert.Equal(["newest restore point"], Reasons(Plan(new RetentionPolicy { Last = 0 }, Full(10, 1)), "full-10"));
    }

    [Fact]
    public void A_full_that_many_need_is_marked_once_for_each_way_that_was_followed()
    {
        var plan = Plan(
            new RetentionPolicy { Last = 3 },
            Full(10, 1),
            Incr(10, 20, 2),
            Incr(20, 30, 3),
            Incr(30, 40, 4)
        );

        Assert.Equal(["needed by incr-30-40"], Reasons(plan, "full-10"));
    }

    [Fact]
    public void Bundles_that_restore_nothing_are_not_judged() =>
        Assert.Empty(Plan(new RetentionPolicy { Last = 0 }, [Incr(10, 20, 1)], mayRemoveLast: true).Removals);

    [Fact]
    public void Rules_cannot_be_negative_but_may_be_zero()
    {
        Assert.Throws<BackupException>(() => new RetentionPolicy { Last = 3, Daily = -1 }.Validate());
        Assert.Throws<BackupException>(() => new RetentionPolicy { Within = TimeSpan.FromTicks(-1) }.Validate());
        new RetentionPolicy { Within = TimeSpan.Zero }.Validate();
    }

    [Fact]
    public void A_year_of_hourly_backups_is_judged_as_an_independent_rule_evaluator_does_in_under_a_second()
    {
        // Weekly fulls, hourly increments, from Thursday 2026-01-01 on.
        var start = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        var headers = Enumerable
            .Range(0, 8_760)
            .Select(hour =>
                (hour % 168 == 0 ? Full((ulong)hour, 0) : Incr((ulong)hour - 1, (ulong)hour, 0)) with
                {
                    CreatedUtc = start.AddHours(hour),
                }
            )
            .ToArray();
        var policy = new RetentionPolicy
        {
            Last = 24,
            Daily = 7,
            Weekly = 5,
            Monthly = 12,
            Yearly = 3,
        };

        var clock = Stopwatch.StartNew();
        var plan = Plan(policy, headers);
        var seconds = clock.Elapsed.TotalSeconds;

        Assert.Equal(ExpectedToStay(start), plan.Decisions.Where(d => d.Keep).Select(d => d.Bundle.End.Value).Order());
        Assert.True(seconds < 1, $"took {seconds} s");
    }

    /// <summary>The rules once more, said hour by hour: the last hour of a period, then everything down to its full.</summary>
    private static IEnumerable<ulong> ExpectedToStay(DateTimeOffset start)
    {
        const int Last = 8_759;
        var keep = new SortedSet<int>(Enumerable.Range(Last - 23, 24));
        Func<DateTime, (int, int)>[] periods =
        [
            t => (t.Year, t.DayOfYear),
            t => (ISOWeek.GetYear(t), ISOWeek.GetWeekOfYear(t)),
            t => (t.Year, t.Month),
            t => (t.Year, 0),
        ];
        int[] counts = [7, 5, 12, 3];
        for (var rule = 0; rule < periods.Length; rule++)
        {
            var ends = Enumerable
                .Range(0, Last + 1)
                .GroupBy(h => periods[rule](start.AddHours(h).UtcDateTime))
                .Select(g => g.Max())
                .OrderDescending()
                .Take(counts[rule]);
            keep.UnionWith(ends);
        }
        return keep.SelectMany(h => Enumerable.Range(h - (h % 168), (h % 168) + 1))
            .Distinct()
            .Order()
            .Select(h => (ulong)h);
    }

    private static IReadOnlyList<string> Reasons(ExpiryPlan plan, string id) =>
        plan.Decisions.Single(d => d.Bundle.Id == Pad(id)).Reasons;

    private static ExpiryPlan Plan(RetentionPolicy policy, params BundleHeader[] headers) =>
        Plan(policy, headers, mayRemoveLast: false);

    private static ExpiryPlan Plan(RetentionPolicy policy, BundleHeader[] headers, bool mayRemoveLast) =>
        ExpiryPlanner.Plan(ChainBuilder.Build("/b", headers, false), policy, mayRemoveLast, Noon.AddYears(1));
}
