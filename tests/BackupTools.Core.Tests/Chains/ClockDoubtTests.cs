using BackupTools.Chains;
using BackupTools.Errors;
using static BackupTools.Tests.Chains.Bundles;

namespace BackupTools.Tests.Chains;

/// <summary>Folders in which only clocks could tell, and the clocks are in doubt.</summary>
public sealed class ClockDoubtTests
{
    private const int Year = 525_600;
    private static readonly DateTimeOffset Now = Noon.AddMinutes(100);

    [Fact]
    public void A_full_of_the_future_is_told_and_kept_and_takes_no_other_s_place()
    {
        var chains = Build(Full(10, 1), Full(20, 2), Full(30, Year));
        var plan = Plan(new RetentionPolicy { Last = 1 }, chains);

        Assert.Equal(["full-10"], plan.Removals.Select(b => b.Name));
        Assert.Contains("in doubt", Assert.Single(Reasons(plan, "full-30")));
        Assert.Equal(["last 1"], Reasons(plan, "full-20"));
        var problem = Assert.Single(chains.SelectMany(c => c.Problems));
        Assert.Equal((ErrorCode.ClockDoubtful, "/b/full-30"), (problem.Code, problem.FullName));
        Assert.Contains("2027-11-20T12:00:00Z, which is after now", problem.Message);
    }

    [Fact]
    public void A_full_of_the_future_that_says_nothing_else_is_not_removed_even_when_all_may_go() =>
        Assert.Equal(
            ["full-10"],
            ExpiryPlanner
                .Plan(Build(Full(10, 1), Full(30, Year)), new RetentionPolicy { Last = 0 }, mayRemoveLast: true, Now)
                .Removals.Select(b => b.Name)
        );

    [Fact]
    public void One_that_is_known_to_be_older_than_another_is_judged()
    {
        var ahead = Full(10, Year);
        var after = Full(20, 2) with { TakenAfterUtc = ahead.CreatedUtc };

        Assert.Equal(
            ["full-10"],
            Plan(new RetentionPolicy { Last = 1 }, Build(ahead, after)).Removals.Select(b => b.Name)
        );
    }

    [Fact]
    public void A_chain_whose_dates_contradict_each_other_is_kept_while_another_full_lies_between_them()
    {
        // The clock was ahead for the full at 90, or behind for the increment at 20; the full at 50 says neither.
        BundleHeader[] contradicting = [Full(10, 90), Incr(10, 20, 20), Full(30, 50), Full(40, 60)];

        Assert.Equal(
            ["full-30"],
            Plan(new RetentionPolicy { Last = 1 }, Build(contradicting)).Removals.Select(b => b.Name)
        );
        BundleHeader[] apart = [Full(10, 90), Incr(10, 20, 20), Full(30, 95)];
        Assert.Equal(
            ["incr-10-20", "full-10"],
            Plan(new RetentionPolicy { Last = 1 }, Build(apart)).Removals.Select(b => b.Name)
        );
    }

    [Fact]
    public void What_an_engine_may_have_made_since_the_clock_was_set_back_is_told_and_kept()
    {
        var ahead = Full(10, 90);
        var back = Full(20, 5) with { TakenAfterUtc = ahead.CreatedUtc };
        BundleHeader[] taken = [Full(1, 1), Full(2, 5), ahead, back, Full(30, 6), Full(31, 7)];
        var chains = Build(taken);

        var problem = Assert.Single(chains.SelectMany(c => c.Problems));
        Assert.Equal((ErrorCode.ClockDoubtful, "/b/full-31"), (problem.Code, problem.FullName));
        Assert.StartsWith("full-20 counts as the newest, but full-31 may be newer", problem.Message);
        Assert.Contains(problem, chains.Single(c => c.Full!.Name == "full-20").Problems);
        var plan = Plan(new RetentionPolicy { Last = 1 }, chains);
        Assert.Equal(["full-30", "full-2", "full-1"], plan.Removals.Select(b => b.Name));
        Assert.Contains("may be the newest restore point", Reasons(plan, "full-31"));
        Assert.Equal(["last 1"], Reasons(plan, "full-20"));

        // A full that is taken then, by a clock that is still behind or right again, is the newest without doubt.
        foreach (var minute in new[] { 8, 95 })
        {
            var next = Full(40, minute);
            next = next with { TakenAfterUtc = ClockOrder.TakenAfter(next.CreatedUtc, back.OrderUtc) };
            chains = Build([.. taken, next]);
            Assert.Empty(chains.SelectMany(c => c.Problems));
            plan = Plan(new RetentionPolicy { Last = 1 }, chains);
            Assert.Equal(["last 1"], Reasons(plan, "full-40"));
            Assert.DoesNotContain("may be the newest restore point", Reasons(plan, "full-31"));
        }
    }

    [Fact]
    public void Nothing_is_told_of_what_is_known_to_be_ours_or_of_what_the_newest_builds_on()
    {
        var first = Full(5, 50);
        var ahead = Full(10, 90);
        var back = Full(20, 5) with { TakenAfterUtc = ahead.CreatedUtc };

        Assert.Single(Build(first, ahead, back).SelectMany(c => c.Problems));
        Assert.Empty(Build(first with { TellsOrder = true }, ahead, back).SelectMany(c => c.Problems));
        var onIt = Incr(5, 20, 5) with { TakenAfterUtc = ahead.CreatedUtc };
        var problems = Build(first, ahead, onIt).SelectMany(c => c.Problems).Select(p => p.Message);
        Assert.Equal(["incr-5-20 is dated before full-5, which it builds on"], problems);
    }

    [Fact]
    public void What_looks_like_another_database_of_that_name_may_be_newer_too()
    {
        var ahead = Full(10, 90) with { Origin = new BundleOrigin("a", IsLasting: true) };
        var back = Full(20, 5) with { TakenAfterUtc = ahead.CreatedUtc, Origin = ahead.Origin };
        var other = Full(30, 7) with { Origin = new BundleOrigin("b", IsLasting: true) };

        var problem = Assert.Single(Build(ahead, back, other).SelectMany(c => c.Problems));
        Assert.StartsWith("full-20 counts as the newest, but full-30 may be newer", problem.Message);
        Assert.Single(Build(ahead, back, other with { Origin = ahead.Origin }).SelectMany(c => c.Problems));
        Assert.Empty(Build(ahead, back, other with { Series = "other" }).SelectMany(c => c.Problems));
    }

    [Fact]
    public void An_increment_with_the_place_of_its_parent_is_the_newest_and_no_more_certain()
    {
        BundleHeader[] chain = [Full(10, 90), Incr(10, 20, 5)];
        Assert.DoesNotContain(Build([.. chain, Full(30, 4)]).SelectMany(c => c.Problems), IsOfRival);
        var problem = Assert.Single(Build([.. chain, Full(30, 7)]).SelectMany(c => c.Problems), IsOfRival);
        Assert.StartsWith("incr-10-20 counts as the newest, but full-30 may be newer", problem.Message);
    }

    [Fact]
    public void A_name_of_the_future_hides_no_date_once_it_has_come()
    {
        var named = Full(10, 90);
        Assert.Empty(Build(named, Full(20, 7)).SelectMany(c => c.Problems));
        var problem = Assert.Single(
            Build(named with { PerhapsAtUtc = Noon.AddMinutes(5) }, Full(20, 7)).SelectMany(c => c.Problems)
        );
        Assert.StartsWith("full-10 counts as the newest, but full-20 may be newer", problem.Message);
        // The clock of the disk is behind.
        named = named with
        {
            PerhapsAtUtc = Noon.AddMinutes(5),
        };
        Assert.Empty(Build(named, Full(20, 7) with { PerhapsAtUtc = Noon.AddMinutes(-5) }).SelectMany(c => c.Problems));
    }

    [Fact]
    public void A_tip_that_is_dated_before_its_parent_is_newer_than_it()
    {
        var plan = Plan(new RetentionPolicy { Last = 1 }, Build(Full(10, 1), Incr(10, 20, 90), Incr(20, 30, 2)));

        Assert.Empty(plan.Removals);
        Assert.Equal(["last 1"], Reasons(plan, "incr-20-30"));
    }

    [Fact]
    public void Dates_after_now_do_not_move_what_is_counted_from_the_newest()
    {
        var ahead = Full(20, 100 * Year);
        var after = Full(30, 9) with { TakenAfterUtc = ahead.CreatedUtc };
        var plan = Plan(
            new RetentionPolicy { Within = TimeSpan.FromMinutes(8), Daily = 1 },
            Build(Full(5, 0), Full(10, 2), ahead, after)
        );

        // The one that was ahead lies between minute 2 and minute 9.
        Assert.Equal(["full-5"], plan.Removals.Select(b => b.Name));
    }

    [Fact]
    public void A_clock_that_was_ahead_for_one_night_costs_no_other_night_once_that_date_has_come()
    {
        // On the fifth day the clock showed the twelfth; today is the fourteenth.
        var nights = Nights([1, 2, 3, 4, 12, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]);
        var kept = Kept(new RetentionPolicy { Daily = 7 }, nights, Noon.AddDays(14));
        Assert.Empty(Enumerable.Range(8, 7).Except(kept));
        kept = Kept(new RetentionPolicy { Within = TimeSpan.FromDays(5) }, nights, Noon.AddDays(14));
        Assert.Empty(Enumerable.Range(9, 6).Except(kept));
    }

    [Fact]
    public void A_clock_that_was_behind_costs_no_night_either()
    {
        // Before the thirteenth day it was decades behind, for one night, then for many.
        var nights = Nights([1, 2, 3, 4, 5, 6, 7, -9_000, 8, 9, 10, 11]);
        var kept = Kept(new RetentionPolicy { Daily = 7 }, nights, Noon.AddDays(11));
        Assert.Empty(Enumerable.Range(5, 7).Except(kept));
        nights = Nights([1, 2, 3, .. Enumerable.Range(-9_000, 9), 13, 14]);
        kept = Kept(new RetentionPolicy { Within = TimeSpan.FromDays(20) }, nights, Noon.AddDays(14));
        Assert.Equal(nights.Length, kept.Count);
    }

    [Fact]
    public void Where_no_date_tells_only_what_counts_is_judged()
    {
        var chains = Build(Full(10, Year), Incr(10, 20, Year + 1), Incr(20, 30, Year + 2));
        var daily = Plan(new RetentionPolicy { Daily = 1 }, chains);
        Assert.Empty(daily.Removals);
        Assert.Equal("dated after now", Reasons(daily, "incr-10-20")[0]);

        var siblings = ChainBuilder.Build("/b", [Full(10, Year), Incr(10, 20, Year + 1)], true, Now);
        Assert.Empty(Plan(new RetentionPolicy { Last = 1 }, siblings).Removals);
        Assert.Single(chains.SelectMany(c => c.Problems));
        Assert.Contains("2 more of its chain", chains[0].Problems[0].Message);
    }

    [Fact]
    public void A_time_is_reached_by_the_dates_that_can_be()
    {
        // The full is dated after now; the second increment before the first.
        var chain = Assert.Single(Build(Full(10, Year), Incr(10, 20, 30), Incr(20, 30, 5), Incr(30, 40, 50)));
        BundleHeader At(int minute) =>
            RestorePlanner.Plan(chain, new RestoreTarget.TimeTarget(Noon.AddMinutes(minute)), false, false).Last;

        Assert.Equal("incr-20-30", At(49).Name);
        Assert.Equal("incr-20-30", At(30).Name);
        Assert.Equal("incr-30-40", At(51).Name);
        Assert.True(RestorePlanner.Covers(chain, new RestoreTarget.TimeTarget(Noon.AddMinutes(30))));
        Assert.False(RestorePlanner.Covers(chain, new RestoreTarget.TimeTarget(Noon.AddMinutes(29))));
        Assert.Equal(ErrorCode.TargetNotCovered, Assert.Throws<BackupException>(() => At(29)).Code);
    }

    [Fact]
    public void Small_differences_between_clocks_are_not_told()
    {
        var full = Full(10, 100) with { CreatedUtc = Now.AddSeconds(60) };
        var increment = Incr(10, 20, 100) with { CreatedUtc = Now };

        Assert.Empty(Assert.Single(Build(full, increment)).Problems);
        Assert.Single(Assert.Single(Build(full with { CreatedUtc = Now.AddSeconds(61) })).Problems);
        Assert.Single(Assert.Single(Build(full, increment with { CreatedUtc = Now.AddTicks(-1) })).Problems);
    }

    [Fact]
    public void A_place_is_whole_milliseconds_and_never_before_what_was_there()
    {
        var newest = Noon.AddTicks(12_345);

        Assert.Null(ClockOrder.TakenAfter(Noon.AddMilliseconds(2), newest));
        Assert.Equal(Noon.AddMilliseconds(2), ClockOrder.TakenAfter(Noon.AddMilliseconds(1), newest));
        Assert.Equal(Noon, ClockOrder.TakenAfter(Noon.AddTicks(9_999), Noon));
        Assert.Null(ClockOrder.TakenAfter(Noon, null));
        Assert.Equal(DateTimeOffset.MaxValue, ClockOrder.After(DateTimeOffset.MaxValue));
        var last = Full(10, 1) with { TakenAfterUtc = Noon.AddMinutes(5) };
        Assert.Equal(last.OrderUtc, (last with { TakenAfterUtc = ClockOrder.InPlaceOf(last) }).OrderUtc);
        Assert.Null(ClockOrder.InPlaceOf(Full(10, 1)));
    }

    [Fact]
    public void Thousands_of_bundles_of_the_future_are_judged_in_a_moment()
    {
        var headers = Enumerable
            .Range(0, 3_000)
            .Select(i => i % 1_500 == 0 ? Full((ulong)i, Year + i) : Incr((ulong)i - 1, (ulong)i, Year + i))
            .ToArray();
        var clock = System.Diagnostics.Stopwatch.StartNew();

        Assert.Empty(Plan(new RetentionPolicy { Last = 1 }, Build(headers)).Removals);
        Assert.InRange(clock.Elapsed.TotalSeconds, 0, 10);
    }

    private static bool IsOfRival(ChainProblem problem) =>
        problem.Message.Contains("may be newer", StringComparison.Ordinal);

    private static IReadOnlyList<BackupChain> Build(params BundleHeader[] headers) =>
        ChainBuilder.Build("/b", headers, siblingsAreFine: false, Now);

    private static ExpiryPlan Plan(RetentionPolicy policy, IReadOnlyList<BackupChain> chains) =>
        ExpiryPlanner.Plan(chains, policy, mayRemoveLast: false, Now);

    /// <summary>A full of each night, in this order, dated by what the clock showed.</summary>
    private static BundleHeader[] Nights(int[] days)
    {
        var taken = new List<BundleHeader>();
        foreach (var day in days)
        {
            var newest = taken.Count == 0 ? (DateTimeOffset?)null : taken.Max(b => b.OrderUtc);
            var full = Full((ulong)taken.Count, day * 24 * 60);
            taken.Add(full with { TakenAfterUtc = ClockOrder.TakenAfter(full.CreatedUtc, newest) });
        }
        return [.. taken];
    }

    private static List<int> Kept(RetentionPolicy policy, BundleHeader[] nights, DateTimeOffset now) =>
        [
            .. ExpiryPlanner
                .Plan(ChainBuilder.Build("/b", nights, siblingsAreFine: false, now), policy, false, now)
                .Decisions.Where(d => d.Keep)
                .Select(d => (d.Bundle.CreatedUtc - Noon).Days),
        ];

    private static IReadOnlyList<string> Reasons(ExpiryPlan plan, string id) =>
        plan.Decisions.Single(d => d.Bundle.Id == Pad(id)).Reasons;
}
