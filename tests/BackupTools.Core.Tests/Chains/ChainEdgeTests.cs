using BackupTools.Chains;
using BackupTools.Errors;
using static BackupTools.Tests.Chains.Bundles;

namespace BackupTools.Tests.Chains;

/// <summary>Folders that are not as they should be: where each bundle is shown, and what is said about it.</summary>
public sealed class ChainEdgeTests
{
    [Fact]
    public void Bundles_of_one_instant_are_ordered_by_what_they_build_on()
    {
        var chain = Assert.Single(
            Build(Incr(20, 20, 1) with { Id = Pad("empty") }, Incr(20, 30, 1), Incr(10, 20, 1), Full(10, 1))
        );

        Assert.Equal(["full-10", "incr-10-20", "empty", "incr-20-30"], chain.Bundles.Select(b => b.Id.Trim('.')));
        Assert.Equal([-1, 0, 1, 2], chain.Parents);
        Assert.Empty(chain.Problems);
    }

    [Fact]
    public void Of_two_copies_the_first_by_name_counts_whatever_order_they_are_found_in()
    {
        var (a, z) = (Full(10, 1) with { FullName = "/b/a" }, Full(10, 1) with { FullName = "/b/z" });

        Assert.Equal("/b/a", Assert.Single(Assert.Single(Build(a, z)).Bundles).FullName);
        Assert.Equal("/b/a", Assert.Single(Assert.Single(Build(z, a)).Bundles).FullName);
        Assert.Equal("/b/z", Assert.Single(Assert.Single(Build(z, a)).Problems).FullName);
    }

    [Fact]
    public void A_merged_full_is_gone_on_with_rather_than_the_increment_it_is_dated_like()
    {
        var chains = Build(Full(10, 1), Incr(10, 20, 2), Full(20, 2), Incr(20, 30, 3));

        Assert.Equal(["full-20", "incr-20-30"], chains[1].Bundles.Select(b => b.Name));
        Assert.Equal(20ul, chains[0].Head!.End.Value);
    }

    [Fact]
    public void An_older_full_at_the_same_position_is_not_what_an_increment_builds_on()
    {
        var chains = Build(Full(20, 1), Full(10, 2), Incr(10, 20, 3), Incr(20, 30, 4));

        Assert.Equal(["full-10", "incr-10-20", "incr-20-30"], chains[1].Bundles.Select(b => b.Name));
    }

    [Fact]
    public void An_empty_increment_continues_what_ends_where_it_does_though_that_is_dated_later()
    {
        var chain = Assert.Single(Build(Full(10, 1), Incr(20, 20, 2), Incr(10, 20, 9), Incr(20, 30, 4)));

        Assert.Equal(["full-10", "incr-10-20", "incr-20-20", "incr-20-30"], chain.Bundles.Select(b => b.Name));
        Assert.Equal([-1, 0, 1, 2], chain.Parents);
        var problem = Assert.Single(chain.Problems);
        Assert.Equal(
            (ErrorCode.ClockDoubtful, ProblemSeverity.Warning, "/b/incr-20-20"),
            (problem.Code, problem.Severity, problem.FullName)
        );
    }

    [Fact]
    public void A_named_parent_is_found_even_where_its_clock_ran_ahead_and_positions_went_down()
    {
        var full = Full(10, 5);
        var child = Incr(10, 7, 2) with { Id = Pad("child"), ParentId = full.Id };
        var chain = Assert.Single(Build(full, child));

        Assert.Equal(ProblemSeverity.Warning, Assert.Single(chain.Problems).Severity);
        Assert.Equal(7ul, chain.Head!.End.Value);
    }

    [Fact]
    public void Increments_that_name_each_other_as_parents_hang_in_the_air()
    {
        var a = Incr(10, 20, 0) with { Id = Pad("a"), ParentId = Pad("b") };
        var b = Incr(20, 10, 2) with { Id = Pad("b"), ParentId = Pad("a") };
        var chain = Assert.Single(Build(Full(5, 1), a, b));

        Assert.Equal(5ul, chain.Head!.End.Value);
        Assert.Equal([true, false, false], chain.Reachable());
        Assert.Null(chain.PathTo(1));
    }

    [Fact]
    public void A_bundle_that_names_no_database_belongs_to_any()
    {
        Assert.Single(Build(Full(10, 1), Incr(10, 20, 2) with { Series = "a" }));
        Assert.Single(Build(Full(10, 1) with { Series = "a" }, Incr(10, 20, 2)));
    }

    [Fact]
    public void A_chain_whose_clock_went_back_is_shown_in_the_order_it_is_applied()
    {
        var chain = Assert.Single(Build(Full(10, 4), Incr(20, 30, 5), Incr(10, 20, 9), Incr(30, 40, 10)));

        Assert.Equal(["full-10", "incr-10-20", "incr-20-30", "incr-30-40"], chain.Bundles.Select(b => b.Name));
        Assert.Equal([-1, 0, 1, 2], chain.Parents);
    }

    [Fact]
    public void A_stray_is_shown_with_the_youngest_full_before_it()
    {
        var chains = Build(Full(10, 1), Full(50, 3), Incr(80, 90, 5), Full(100, 7));

        Assert.Equal([1, 2, 1], chains.Select(c => c.Bundles.Count));
        Assert.Contains("nothing covers 50..80", Assert.Single(chains[1].Problems).Message);
    }

    [Fact]
    public void A_stray_older_than_every_full_is_shown_with_the_oldest()
    {
        var chains = Build(Incr(300, 310, 1), Full(100, 2), Full(200, 3));

        Assert.Equal(
            ["full-100", "incr-300-310"],
            chains.Single(c => c.Bundles.Count == 2).Bundles.Select(b => b.Name)
        );
    }

    [Fact]
    public void A_gap_begins_where_the_furthest_older_bundle_ends()
    {
        var chain = Assert.Single(
            Build(Full(10, 1), Incr(10, 30, 2), Incr(10, 25, 3), Incr(80, 90, 5), Incr(30, 60, 9))
        );

        var gap = Assert.Single(chain.Problems, p => p.Code == ErrorCode.ChainGap);
        Assert.Contains("nothing covers 30..80", gap.Message);
        Assert.Contains("30..80", gap.Recommendation);
    }

    [Fact]
    public void Without_any_full_all_strays_are_one_chain_and_each_is_told()
    {
        var chain = Assert.Single(Build(Incr(10, 20, 2), Incr(50, 60, 3)));

        Assert.Equal([ErrorCode.NoFullBackup, ErrorCode.NoFullBackup], chain.Problems.Select(p => p.Code));
        Assert.Equal(2, chain.Bundles.Count);
    }

    [Fact]
    public void An_overlap_names_what_is_overlapped()
    {
        var chain = Assert.Single(Build(Full(10, 1), Incr(10, 30, 2), Incr(20, 40, 3)));
        Assert.Contains("inside incr-10-30 (10..30)", Assert.Single(chain.Problems).Message);

        var twice = Assert.Single(Build(Full(10, 1), Incr(50, 60, 2), Incr(50, 70, 3)));
        Assert.Equal([ErrorCode.ChainGap, ErrorCode.ChainOverlap], twice.Problems.Select(p => p.Code));
    }

    [Fact]
    public void A_log_that_was_restarted_right_after_a_full_is_noticed_too()
    {
        var chains = Build(Full(100, 1), Full(5, 3), Incr(100, 120, 5));

        Assert.Equal(ErrorCode.ForeignEpoch, Assert.Single(chains.SelectMany(c => c.Problems)).Code);
    }

    [Fact]
    public void A_named_parent_or_another_database_makes_no_increment_foreign()
    {
        var full = Full(100, 1);
        Assert.All(
            Build(full, Full(5, 3), Incr(100, 120, 5) with { ParentId = full.Id }),
            c => Assert.Empty(c.Problems)
        );

        var (a, b) = (full with { Series = "a" }, Full(5, 3) with { Series = "b" });
        Assert.All(Build(a, b, Incr(100, 120, 5) with { Series = "a" }), c => Assert.Empty(c.Problems));
    }

    [Fact]
    public void A_fork_is_told_at_its_youngest_branch()
    {
        var chain = Assert.Single(Build(Full(10, 1), Incr(10, 20, 2), Incr(10, 30, 3)));

        var problem = Assert.Single(chain.Problems);
        Assert.EndsWith("incr-10-30", problem.FullName, StringComparison.Ordinal);
        Assert.Contains("incr-10-20 and incr-10-30 all build on full-10", problem.Message);
    }

    [Fact]
    public void The_head_is_what_nothing_builds_on_even_where_positions_went_down()
    {
        var full = Full(10, 1);
        var chain = Assert.Single(Build(full, Incr(10, 7, 2) with { ParentId = full.Id }));

        Assert.Equal(7ul, chain.Head!.End.Value);
    }

    [Fact]
    public void Of_two_heads_at_one_position_the_younger_counts_and_of_one_instant_the_last()
    {
        var (first, second) = (Incr(10, 20, 2) with { Id = Pad("a") }, Incr(10, 20, 3) with { Id = Pad("b") });
        Assert.Equal(second.Id, Assert.Single(Build(Full(10, 1), second, first)).Head!.Id);

        var same = second with { CreatedUtc = first.CreatedUtc, FullName = "/b/z" };
        Assert.Equal(second.Id, Assert.Single(Build(Full(10, 1), same, first)).Head!.Id);
    }

    [Fact]
    public void Positions_compare_as_numbers_do()
    {
        var (one, two) = (Full(1, 1).End, Full(2, 1).End);

        Assert.True(one < two && two > one && one <= two && two >= one);
        Assert.False(two < one || one > two || two <= one || one >= two);
        var again = Full(1, 2).End;
        Assert.True(one <= again && one >= again);
        Assert.False(one < again || one > again);
    }

    private static IReadOnlyList<BackupChain> Build(params BundleHeader[] headers) =>
        ChainBuilder.Build("/b", headers, siblingsAreFine: false);
}
