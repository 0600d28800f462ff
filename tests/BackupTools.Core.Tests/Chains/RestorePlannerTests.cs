using BackupTools.Chains;
using BackupTools.Errors;
using static BackupTools.Tests.Chains.Bundles;

namespace BackupTools.Tests.Chains;

public sealed class RestorePlannerTests
{
    private static readonly BundleHeader[] ThreeBundles = [Full(10, 1), Incr(10, 20, 2), Incr(20, 30, 3)];

    [Fact]
    public void Latest_applies_everything()
    {
        var plan = Plan(RestoreTarget.Latest, ThreeBundles);

        Assert.Equal(3, plan.Bundles.Count);
        Assert.Null(plan.CutAt);
        Assert.Equal(30ul, plan.End.Value);
    }

    [Theory]
    [InlineData(10, 1, null)]
    [InlineData(15, 2, 15)]
    [InlineData(20, 2, null)]
    [InlineData(21, 3, 21)]
    [InlineData(30, 3, null)]
    public void A_position_takes_the_fewest_bundles_and_cuts_the_last(int position, int bundles, int? cut)
    {
        var plan = Plan(new RestoreTarget.PositionTarget((ulong)position), ThreeBundles);

        Assert.Equal(bundles, plan.Bundles.Count);
        Assert.Equal((ulong?)cut, plan.CutAt?.Value);
        Assert.Equal((ulong)position, plan.End.Value);
    }

    [Theory]
    [InlineData(9)]
    [InlineData(31)]
    public void A_position_outside_the_chain_is_refused_with_the_range(int position)
    {
        var error = Refused(new RestoreTarget.PositionTarget((ulong)position), ThreeBundles);

        Assert.Equal(ErrorCode.TargetNotCovered, error.Code);
        Assert.Contains("10..30", error.Message);
    }

    [Fact]
    public void A_full_that_carries_a_log_restores_to_positions_inside_it()
    {
        var full = Full(10, 1) with { Start = new ChainPosition(0, PositionUnit.WalBytes) };
        var plan = Plan(new RestoreTarget.PositionTarget(4), full, Incr(10, 20, 2));

        Assert.Equal(4ul, plan.CutAt!.Value.Value);
        Assert.Same(full, Assert.Single(plan.Bundles));
    }

    [Fact]
    public void Where_bundles_cannot_be_cut_a_position_between_them_is_refused_and_its_neighbours_are_named()
    {
        var error = Assert.Throws<BackupException>(() =>
            Plan(new RestoreTarget.PositionTarget(25), ThreeBundles, cutsInside: false)
        );

        Assert.Equal(ErrorCode.TargetNotCovered, error.Code);
        Assert.Contains("20 and 30", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Latest_is_refused_over_a_gap_and_says_what_can_be_had()
    {
        var error = Refused(RestoreTarget.Latest, Full(10, 1), Incr(20, 30, 3));

        Assert.Equal(ErrorCode.ChainGap, error.Code);
        Assert.Contains("position 10", error.Recommendation);
    }

    [Fact]
    public void Latest_passes_over_what_is_older_than_the_newest_state_and_cannot_be_reached()
    {
        var plan = Plan(RestoreTarget.Latest, Full(10, 5), Incr(2, 3, 1));

        Assert.Equal(10ul, plan.End.Value);
    }

    [Theory]
    [InlineData(90, 100, 4, ErrorCode.ChainGap)] // further, and taken before the head
    [InlineData(2, 3, 9, ErrorCode.ChainOverlap)] // taken after it, and not as far
    public void Latest_is_refused_when_what_cannot_be_reached_is_further_or_younger(
        int start,
        int end,
        int minute,
        ErrorCode code
    )
    {
        var error = Refused(RestoreTarget.Latest, Full(10, 5), Incr((ulong)start, (ulong)end, minute));

        Assert.Equal((code, $"/b/incr-{start}-{end}"), (error.Code, error.FullName));
        Assert.Contains("the newest state that can be restored is position 10", error.Message);
    }

    [Fact]
    public void Latest_blames_the_bundle_that_cannot_be_reached_even_where_another_is_at_fault()
    {
        var error = Refused(RestoreTarget.Latest, Full(10, 5), Incr(2, 3, 1), Incr(3, 50, 7));

        Assert.Equal((ErrorCode.ChainGap, "/b/incr-3-50"), (error.Code, error.FullName));
        Assert.Contains("cannot be reached", error.Message);
    }

    [Fact]
    public void Of_several_changes_that_end_at_one_position_the_youngest_is_used_and_told()
    {
        var (a, b) = (Incr(10, 20, 2) with { Id = Pad("a") }, Incr(10, 20, 3) with { Id = Pad("b") });
        var plan = Plan(new RestoreTarget.PositionTarget(20), Full(10, 1), a, b);

        Assert.Equal(b.Id, plan.Last.Id);
        Assert.Equal(ProblemSeverity.Warning, Assert.Single(plan.Warnings).Severity);
        Assert.Equal(200, plan.BundleBytes);
        Assert.Empty(Plan(new RestoreTarget.PositionTarget(20), ThreeBundles).Warnings);
    }

    [Fact]
    public void The_very_beginning_of_a_full_that_carries_a_log_is_a_target()
    {
        var full = Full(10, 1) with { Start = new ChainPosition(0, PositionUnit.WalBytes) };

        Assert.Equal(0ul, Plan(new RestoreTarget.PositionTarget(0), full).CutAt!.Value.Value);
    }

    [Theory]
    [InlineData(5, false)] // before everything
    [InlineData(31, false)] // behind everything
    [InlineData(15, true)] // in a gap, and the engine could cut there if there were something to cut
    public void Where_nothing_near_is_left_a_position_is_refused(int position, bool cutsInside)
    {
        BundleHeader[] bundles = cutsInside ? [Full(10, 1), Incr(20, 30, 3)] : ThreeBundles;
        var error = Assert.Throws<BackupException>(() =>
            Plan(new RestoreTarget.PositionTarget((ulong)position), bundles, cutsInside)
        );

        Assert.Equal(ErrorCode.TargetNotCovered, error.Code);
        Assert.StartsWith($"position {position} is not covered", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_refused_target_names_the_times_that_there_are()
    {
        var error = Refused(new RestoreTarget.TimeTarget(Noon), ThreeBundles);

        Assert.Contains("from 2026-11-20T12:01:00Z to 2026-11-20T12:03:00Z", error.Message);
    }

    [Fact]
    public void The_exact_time_of_a_bundle_is_reached_by_cutting_the_next()
    {
        BundleHeader[] bundles = [.. ThreeBundles, Incr(30, 40, 4)];
        var plan = Plan(new RestoreTarget.TimeTarget(Noon.AddMinutes(2)), bundles, cutsByTime: true);

        Assert.Equal(3, plan.Bundles.Count);
    }

    [Fact]
    public void Where_logs_carry_no_times_a_time_between_two_bundles_is_rounded_down_and_told()
    {
        var between = Plan(new RestoreTarget.TimeTarget(Noon.AddMinutes(2.5)), ThreeBundles);
        Assert.Equal(ProblemSeverity.Info, Assert.Single(between.Warnings).Severity);
        Assert.Contains("2026-11-20T12:02:00Z", between.Warnings[0].Message);

        Assert.Empty(Plan(new RestoreTarget.TimeTarget(Noon.AddMinutes(9)), ThreeBundles).Warnings);
        // The time of a bundle, as it is offered for completion: nothing is left out.
        Assert.Empty(Plan(new RestoreTarget.TimeTarget(Noon.AddMinutes(2)), ThreeBundles).Warnings);
    }

    [Theory]
    [InlineData(9, false)]
    [InlineData(10, true)]
    [InlineData(30, true)]
    [InlineData(31, false)]
    public void A_chain_covers_the_positions_from_its_full_to_its_head(int position, bool expected) =>
        Assert.Equal(expected, Covers(new RestoreTarget.PositionTarget((ulong)position)));

    [Fact]
    public void A_chain_covers_every_time_from_its_full_on_and_always_the_latest()
    {
        Assert.False(Covers(new RestoreTarget.TimeTarget(Noon)));
        Assert.True(Covers(new RestoreTarget.TimeTarget(Noon.AddMinutes(1))));
        Assert.True(Covers(RestoreTarget.Latest));
        Assert.False(RestorePlanner.Covers(ChainBuilder.Build("/b", [Incr(1, 2, 1)], false)[0], RestoreTarget.Latest));
    }

    private static bool Covers(RestoreTarget target) =>
        RestorePlanner.Covers(ChainBuilder.Build("/b", ThreeBundles, false)[0], target);

    [Fact]
    public void A_position_before_a_gap_is_restored_all_the_same()
    {
        var plan = Plan(new RestoreTarget.PositionTarget(20), Full(10, 1), Incr(10, 20, 2), Incr(30, 40, 3));

        Assert.Equal(2, plan.Bundles.Count);
    }

    [Fact]
    public void A_chain_without_a_full_restores_nothing() =>
        Assert.Equal(ErrorCode.NoFullBackup, Refused(RestoreTarget.Latest, Incr(10, 20, 2)).Code);

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(9, 3)]
    public void A_time_takes_the_newest_bundle_not_younger(int minute, int bundles) =>
        Assert.Equal(bundles, Plan(new RestoreTarget.TimeTarget(Noon.AddMinutes(minute)), ThreeBundles).Bundles.Count);

    [Fact]
    public void A_time_before_the_full_is_refused() =>
        Assert.Equal(ErrorCode.TargetNotCovered, Refused(new RestoreTarget.TimeTarget(Noon), ThreeBundles).Code);

    [Fact]
    public void Where_logs_carry_times_the_next_bundle_is_cut_by_time()
    {
        var time = Noon.AddMinutes(2.5);
        var plan = Plan(new RestoreTarget.TimeTarget(time), ThreeBundles, cutsByTime: true);

        Assert.Equal(3, plan.Bundles.Count);
        Assert.Equal(time, plan.CutTime);
    }

    [Fact]
    public void Of_two_branches_the_one_that_reaches_further_is_the_latest()
    {
        var plan = Plan(RestoreTarget.Latest, Full(10, 1), Incr(10, 30, 2), Incr(10, 20, 3));

        Assert.Equal(30ul, plan.End.Value);
        Assert.Equal(2, plan.Bundles.Count);
    }

    [Fact]
    public void Of_changes_that_moved_no_position_the_youngest_state_is_meant()
    {
        var first = Incr(10, 10, 2) with { Id = Pad("first") };
        var second = Incr(10, 10, 3) with { Id = Pad("second") };
        var plan = Plan(new RestoreTarget.PositionTarget(10), Full(10, 1), first, second);

        Assert.Equal(["full-10", "first", "second"], plan.Bundles.Select(b => b.Id.TrimEnd('.')));
    }

    [Fact]
    public void Positions_of_different_units_are_never_compared() =>
        Assert.Throws<InvalidOperationException>(() =>
            new ChainPosition(1, PositionUnit.Epoch) < new ChainPosition(2, PositionUnit.Lsn)
        );

    private static RestorePlan Plan(RestoreTarget target, params BundleHeader[] bundles) =>
        Plan(target, bundles, true, false);

    private static RestorePlan Plan(
        RestoreTarget target,
        BundleHeader[] bundles,
        bool cutsInside = true,
        bool cutsByTime = false
    ) => RestorePlanner.Plan(ChainBuilder.Build("/b", bundles, false)[0], target, cutsInside, cutsByTime);

    private static BackupException Refused(RestoreTarget target, params BundleHeader[] bundles) =>
        Assert.Throws<BackupException>(() => Plan(target, bundles));
}
