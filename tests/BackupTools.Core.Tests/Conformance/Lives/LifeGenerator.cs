using FsCheck;
using FsCheck.Fluent;

namespace BackupTools.Tests.Conformance.Lives;

/// <summary>Random lives, and what is simpler than a life that failed.</summary>
internal static class LifeGenerator
{
    private const int LongestLife = 12;
    private const int Picks = 12;

    private static readonly Gen<LifeStep> s_steps = Gen.Frequency([
        .. Weights().Select(w => (w.Weight, Gen.Choose(0, Picks - 1).Select(pick => new LifeStep(w.Kind, pick)))),
    ]);

    /// <summary>Lives of one to twelve steps; most of them have something to lose after the first two.</summary>
    public static Arbitrary<IReadOnlyList<LifeStep>> Lives { get; } = Arb.From(Life(), Simpler);

    /// <summary>The life that a seed stands for.</summary>
    public static IReadOnlyList<LifeStep> Of(ulong seed) =>
        Gen.Sample(Lives.Generator, LongestLife, new Rnd(seed), 1)[0];

    private static Gen<IReadOnlyList<LifeStep>> Life() =>
        from length in Gen.Choose(1, LongestLife)
        from steps in Gen.ListOf(s_steps, length)
        from begin in Gen.Choose(0, 3)
        select (IReadOnlyList<LifeStep>)Begun(steps, begin);

    private static List<LifeStep> Begun(List<LifeStep> steps, int begin)
    {
        LifeStep[] start = [new(LifeStepKind.Commit, 0), new(LifeStepKind.Full, 0)];
        return begin == 0 ? steps : [.. start, .. steps.Take(LongestLife - start.Length)];
    }

    /// <summary>First whole stretches are left out, then single steps, then the plain way is taken for another.</summary>
    private static IEnumerable<IReadOnlyList<LifeStep>> Simpler(IReadOnlyList<LifeStep> life)
    {
        for (var size = life.Count / 2; size > 0; size /= 2)
        {
            for (var at = 0; at + size <= life.Count; at += size)
            {
                yield return [.. life.Take(at), .. life.Skip(at + size)];
            }
        }
        for (var at = 0; at < life.Count; at++)
        {
            foreach (var pick in new[] { 0, life[at].Pick / 2, life[at].Pick - 1 }.Distinct())
            {
                if (pick >= 0 && pick < life[at].Pick)
                {
                    yield return [.. life.Take(at), life[at] with { Pick = pick }, .. life.Skip(at + 1)];
                }
            }
        }
    }

    private static IEnumerable<(int Weight, LifeStepKind Kind)> Weights() =>
        Enum.GetValues<LifeStepKind>()
            .Select(kind =>
                (
                    kind switch
                    {
                        LifeStepKind.Commit => 12,
                        LifeStepKind.Increment => 12,
                        LifeStepKind.Full or LifeStepKind.Differential => 4,
                        LifeStepKind.Move or LifeStepKind.Rename or LifeStepKind.Prune => 1,
                        _ => 2,
                    },
                    kind
                )
            );
}
