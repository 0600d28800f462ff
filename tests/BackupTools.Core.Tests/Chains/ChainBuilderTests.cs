using BackupTools.Chains;
using BackupTools.Errors;
using static BackupTools.Tests.Chains.Bundles;

namespace BackupTools.Tests.Chains;

public sealed class ChainBuilderTests
{
    [Fact]
    public void A_full_and_its_increments_form_one_chain_whatever_order_they_are_found_in()
    {
        var chain = Assert.Single(Build(Incr(20, 30, 3), Full(10, 1), Incr(10, 20, 2)));

        Assert.Equal(["full-10", "incr-10-20", "incr-20-30"], chain.Bundles.Select(b => b.Id.Trim('.')));
        Assert.Equal([-1, 0, 1], chain.Parents);
        Assert.Empty(chain.Problems);
        Assert.Equal(30ul, chain.Head!.End.Value);
    }

    [Fact]
    public void Each_full_begins_a_chain_and_increments_go_to_the_youngest_that_fits()
    {
        var chains = Build(Full(10, 1), Incr(10, 20, 2), Full(20, 3), Incr(20, 30, 4));

        Assert.Equal(2, chains.Count);
        Assert.Equal(20ul, chains[0].Head!.End.Value);
        Assert.Equal(30ul, chains[1].Head!.End.Value);
    }

    [Fact]
    public void A_missing_increment_is_a_gap_that_names_the_positions()
    {
        var chain = Assert.Single(Build(Full(10, 1), Incr(20, 30, 3)));

        var problem = Assert.Single(chain.Problems);
        Assert.Equal((ErrorCode.ChainGap, ProblemSeverity.Error), (problem.Code, problem.Severity));
        Assert.Contains("nothing covers 10..20", problem.Message);
        Assert.Equal(10ul, chain.Head!.End.Value);
    }

    [Fact]
    public void What_follows_a_gap_is_not_reachable_and_is_blamed_once()
    {
        var chain = Assert.Single(Build(Full(10, 1), Incr(20, 30, 3), Incr(30, 40, 4)));

        Assert.Single(chain.Problems);
        Assert.Equal([true, false, false], chain.Reachable());
    }

    [Fact]
    public void An_increment_that_starts_inside_another_overlaps()
    {
        var chain = Assert.Single(Build(Full(10, 1), Incr(10, 30, 2), Incr(20, 40, 3)));

        Assert.Equal(ErrorCode.ChainOverlap, Assert.Single(chain.Problems).Code);
    }

    [Fact]
    public void An_increment_from_before_the_full_overlaps()
    {
        var chain = Assert.Single(Build(Full(10, 1), Incr(0, 20, 2)));

        Assert.Equal(ErrorCode.ChainOverlap, Assert.Single(chain.Problems).Code);
    }

    [Fact]
    public void Two_increments_on_one_bundle_are_a_fork_unless_the_engine_makes_differentials()
    {
        BundleHeader[] headers = [Full(10, 1), Incr(10, 20, 2), Incr(10, 30, 3)];

        Assert.Equal(ErrorCode.ChainFork, Assert.Single(Assert.Single(Build(headers)).Problems).Code);
        var siblings = Assert.Single(ChainBuilder.Build("/b", headers, siblingsAreFine: true));
        Assert.Empty(siblings.Problems);
        Assert.Equal([-1, 0, 0], siblings.Parents);
    }

    [Fact]
    public void A_copy_of_a_bundle_is_named_and_left_out()
    {
        var copy = Incr(10, 20, 2) with { FullName = "/b/copy" };
        var chain = Assert.Single(Build(Full(10, 1), Incr(10, 20, 2), copy));

        var problem = Assert.Single(chain.Problems);
        Assert.Equal((ErrorCode.ChainDuplicate, ProblemSeverity.Warning), (problem.Code, problem.Severity));
        Assert.Equal(2, chain.Bundles.Count);
    }

    [Fact]
    public void Increments_without_a_full_are_shown_but_restore_nothing()
    {
        var chain = Assert.Single(Build(Incr(10, 20, 2), Incr(20, 30, 3)));

        Assert.Null(chain.Full);
        Assert.Null(chain.Head);
        Assert.Equal(ErrorCode.NoFullBackup, Assert.Single(chain.Problems).Code);
        Assert.Equal(2, chain.Bundles.Count);
    }

    [Fact]
    public void An_increment_that_fits_only_by_position_over_a_restarted_log_is_foreign()
    {
        // Chain one ends at 100. A checkpoint restarts the log; the new full ends at 5; its increment 5..100 was lost,
        // so that 100..120 seems to continue chain one.
        var chains = Build(Full(50, 1), Incr(50, 100, 2), Full(5, 3), Incr(100, 120, 5));

        var problem = Assert.Single(chains.SelectMany(c => c.Problems));
        Assert.Equal((ErrorCode.ForeignEpoch, ProblemSeverity.Error), (problem.Code, problem.Severity));
        Assert.Equal(100ul, chains[0].Head!.End.Value);
    }

    [Fact]
    public void Bundles_of_different_databases_never_chain()
    {
        var chains = Build(Full(10, 1) with { Series = "a" }, Incr(10, 20, 2) with { Series = "b" });

        Assert.Equal(2, chains.Count);
        Assert.Equal(ErrorCode.NoFullBackup, Assert.Single(chains.SelectMany(c => c.Problems)).Code);
    }

    [Fact]
    public void A_parent_that_is_named_wins_over_positions()
    {
        var full = Full(10, 1);
        var first = Incr(10, 10, 2) with { Id = Pad("first"), ParentId = full.Id };
        var second = Incr(10, 10, 3) with { Id = Pad("second"), ParentId = first.Id };
        var third = Incr(10, 7, 4) with { Id = Pad("third"), ParentId = second.Id };
        var chain = Assert.Single(Build(third, second, first, full));

        Assert.Equal([-1, 0, 1, 2], chain.Parents);
        Assert.Equal(4, chain.PathTo(3)!.Count);
    }

    [Fact]
    public void A_named_parent_that_is_missing_is_a_gap_even_if_positions_fit()
    {
        var chain = Assert.Single(Build(Full(10, 1), Incr(10, 20, 2) with { ParentId = Pad("gone") }));

        Assert.Equal(ErrorCode.ChainGap, Assert.Single(chain.Problems).Code);
        Assert.Equal(10ul, chain.Head!.End.Value);
    }

    [Fact]
    public void A_clock_that_was_set_back_does_not_break_a_chain_but_is_told()
    {
        var chain = Assert.Single(Build(Full(10, 1), Incr(10, 20, 9), Incr(20, 30, 5)));

        Assert.Equal(ProblemSeverity.Warning, Assert.Single(chain.Problems).Severity);
        Assert.Equal(30ul, chain.Head!.End.Value);
        Assert.Equal(3, chain.PathTo(Tip(chain, 30))!.Count);
    }

    [Fact]
    public void Empty_increments_chain_by_age_and_never_in_a_circle()
    {
        var chain = Assert.Single(
            Build(
                Full(10, 1),
                Incr(10, 10, 2) with
                {
                    Id = Pad("e1"),
                },
                Incr(10, 10, 3) with
                {
                    Id = Pad("e2"),
                },
                Incr(10, 20, 4)
            )
        );

        Assert.Equal([-1, 0, 1, 2], chain.Parents);
    }

    [Fact]
    public void The_chain_id_is_that_of_its_full_wherever_it_lies()
    {
        var here = Assert.Single(ChainBuilder.Build("/here", [Full(10, 1)], false));
        var there = Assert.Single(ChainBuilder.Build("/there", [Full(10, 1)], false));

        Assert.Equal(here.ChainId, there.ChainId);
    }

    [Fact]
    public void Ten_thousand_bundles_are_built_into_a_chain_in_a_moment()
    {
        var headers = Enumerable
            .Range(0, 10_000)
            .Select(i => i == 0 ? Full(0, 0) : Incr((ulong)i - 1, (ulong)i, i))
            .ToArray();
        var chain = Assert.Single(Build(headers));

        Assert.Equal(10_000, chain.PathTo(Tip(chain, 9_999))!.Count);
        Assert.Empty(chain.Problems);
    }

    private static int Tip(BackupChain chain, ulong end) => chain.Bundles.ToList().FindIndex(b => b.End.Value == end);

    private static IReadOnlyList<BackupChain> Build(params BundleHeader[] headers) =>
        ChainBuilder.Build("/b", headers, siblingsAreFine: false);
}
