using BackupTools.Chains;
using BackupTools.Errors;
using FsCheck;
using FsCheck.Fluent;
using static BackupTools.Tests.Chains.Bundles;

namespace BackupTools.Tests.Chains;

/// <summary>
/// Histories of one database whose clock shows anything at all: forward, back, the same again, decades away. What builds
/// on what, what is the newest and what a prune may remove come from how the bundles were taken.
/// </summary>
public sealed class ClockPropertyTests
{
    private const int Histories = 2_000;

    [Fact]
    public void Any_assignment_of_clock_values_gives_the_same_links_and_the_same_newest_state()
    {
        Prop.ForAll(
                History.Arbitrary,
                history =>
                {
                    var taken = history.Take();
                    var chains = Build(taken.Select(t => t.Bundle), history);
                    var found = chains.SelectMany(Links).ToDictionary(l => l.Bundle.Id, l => l.Parent?.Id);

                    Assert.All(taken, t => Assert.Equal(t.Parent?.Id, found[t.Bundle.Id]));
                    Assert.Equal(
                        taken.Select(t => t.Bundle.Id),
                        chains.SelectMany(c => c.Bundles).OrderBy(b => b.OrderUtc).Select(b => b.Id)
                    );
                    Assert.Equal(taken[^1].Bundle.Id, Latest(chains[^1]).Id);
                    Assert.DoesNotContain(chains.SelectMany(c => c.Problems), p => p.Severity == ProblemSeverity.Error);
                }
            )
            .Check(Config.QuickThrowOnFailure.WithMaxTest(Histories));
    }

    [Fact]
    public void No_prune_loses_the_newest_state_or_what_it_builds_on_whatever_the_clock_shows()
    {
        Prop.ForAll(
                History.Arbitrary,
                Policies().ToArbitrary(),
                (history, policy) =>
                {
                    var taken = history.Take();
                    var chains = Build(taken.Select(t => t.Bundle), history);
                    var plan = ExpiryPlanner.Plan(chains, policy, mayRemoveLast: false, history.Now);
                    var kept = plan.Decisions.Where(d => d.Keep).Select(d => d.Bundle.Id).ToHashSet();

                    // The rule that counts says which: those that were taken last.
                    var last = taken.TakeLast(Math.Max(1, policy.Last ?? 0)).Select(t => t.Bundle.Id);
                    Assert.Empty(last.Except(kept));
                    Assert.All(
                        taken.Where(t => kept.Contains(t.Bundle.Id) && t.Parent is not null),
                        t => Assert.Contains(t.Parent!.Id, kept)
                    );
                    var left = Build(taken.Select(t => t.Bundle).Where(b => kept.Contains(b.Id)), history);
                    Assert.Equal(taken[^1].Bundle.Id, Latest(left[^1]).Id);
                }
            )
            .Check(Config.QuickThrowOnFailure.WithMaxTest(Histories));
    }

    /// <summary>As earlier versions and engines write them: nothing but positions and dates.</summary>
    [Fact]
    public void A_chain_whose_bundles_say_nothing_of_their_order_is_linked_by_its_positions()
    {
        Prop.ForAll(
                History.Arbitrary,
                history =>
                {
                    var taken = history.Take(oneChain: true);
                    var silent = taken.Select(t => t.Bundle with { TakenAfterUtc = null, ParentId = null });
                    var chain = Assert.Single(Build(silent, history));

                    // Increments that hold nothing are alike: which of them comes first, nobody can tell.
                    var path = chain.PathTo(chain.Bundles.Count - 1)!;
                    Assert.Equal(taken.Select(t => t.Bundle.Start), path.Select(b => b.Start));
                    Assert.Equal(taken.Select(t => t.Bundle.End), path.Select(b => b.End));
                    Assert.Equal(taken[^1].Bundle.End, Latest(chain).End);
                    Assert.All(chain.Problems, p => Assert.Equal(ErrorCode.ClockDoubtful, p.Code));
                    var plan = ExpiryPlanner.Plan([chain], new RetentionPolicy { Last = 1 }, false, history.Now);
                    Assert.Empty(plan.Removals);
                }
            )
            .Check(Config.QuickThrowOnFailure.WithMaxTest(Histories));
    }

    private static IReadOnlyList<BackupChain> Build(IEnumerable<BundleHeader> bundles, History history) =>
        ChainBuilder.Build("/b", history.Shuffle(bundles), siblingsAreFine: false, history.Now);

    private static IEnumerable<(BundleHeader Bundle, BundleHeader? Parent)> Links(BackupChain chain) =>
        chain.Bundles.Select((b, i) => (b, chain.Parents[i] >= 0 ? chain.Bundles[chain.Parents[i]] : null));

    private static BundleHeader Latest(BackupChain chain) =>
        RestorePlanner.Plan(chain, RestoreTarget.Latest, cutsInside: true, cutsByTime: false).Last;

    private static Gen<RetentionPolicy> Policies() =>
        from last in Gen.Choose(0, 4)
        from days in Gen.Choose(0, 40)
        from daily in Gen.Choose(0, 3)
        from yearly in Gen.Choose(0, 2)
        select new RetentionPolicy
        {
            Last = last,
            Within = days % 2 == 0 ? TimeSpan.FromDays(days) : null,
            Daily = daily,
            Yearly = yearly,
        };

    private enum Step
    {
        Increment,
        Empty,
        Full,
        Restart,
    }

    /// <summary>What happened, in what order it is found, and what the clock showed.</summary>
    /// <param name="Steps">What is taken, and the minute that the clock shows.</param>
    /// <param name="NamesParents">Bundles name their parents, as PowDB's do.</param>
    /// <param name="NowMinute">What the clock shows in the end.</param>
    /// <param name="Seed">For the order in which the bundles are found.</param>
    private sealed record History(IList<(Step Step, int Minute)> Steps, bool NamesParents, int NowMinute, int Seed)
    {
        // Minutes, days and decades: mostly small steps with a jump now and then, and many the same.
        private static Gen<int> Minutes =>
            Gen.OneOf(Gen.Choose(0, 3), Gen.Choose(-3_000, 3_000), Gen.Elements(-13_000_000, 0, 38_000_000));

        public static Arbitrary<History> Arbitrary =>
            (
                from steps in Gen.NonEmptyListOf(
                    from step in Gen.Elements(Step.Increment, Step.Increment, Step.Empty, Step.Full, Step.Restart)
                    from minute in Minutes
                    select (step, minute)
                )
                from named in Gen.Elements(true, false)
                from now in Minutes
                from seed in Gen.Choose(0, int.MaxValue)
                select new History(steps, named, now, seed)
            ).ToArbitrary();

        public DateTimeOffset Now => Noon.AddMinutes(NowMinute);

        /// <summary>The bundles in the order they were taken, each as our backups would describe it.</summary>
        public List<(BundleHeader Bundle, BundleHeader? Parent)> Take(bool oneChain = false)
        {
            var taken = new List<(BundleHeader Bundle, BundleHeader? Parent)>();
            foreach (var (step, minute) in Steps)
            {
                var parent = taken.Count == 0 ? null : taken[^1].Bundle;
                var (start, end) = (parent?.End.Value ?? 5, parent?.End.Value ?? 5);
                end = step switch
                {
                    Step.Increment => end + 10,
                    Step.Restart when !oneChain => 5,
                    _ => end,
                };
                var isFull = parent is null || (step >= Step.Full && !oneChain);
                var bundle = isFull ? Full(end, minute) : Incr(start, end, minute);
                var newest = ChainBuilder
                    .Build("/b", taken.Select(t => t.Bundle), false, bundle.CreatedUtc)
                    .SelectMany(c => c.Bundles)
                    .Max(b => (DateTimeOffset?)b.OrderUtc);
                bundle = bundle with
                {
                    Id = Pad($"{taken.Count:D4}"),
                    FullName = $"/b/{(taken.Count * 7919) % 10_000:D4}",
                    ParentId = NamesParents && !isFull ? parent!.Id : null,
                    TakenAfterUtc = ClockOrder.TakenAfter(bundle.CreatedUtc, newest),
                };
                taken.Add((bundle, isFull ? null : parent));
            }
            return taken;
        }

        public BundleHeader[] Shuffle(IEnumerable<BundleHeader> bundles)
        {
            var all = bundles.ToArray();
            new Random(Seed).Shuffle(all);
            return all;
        }
    }
}
