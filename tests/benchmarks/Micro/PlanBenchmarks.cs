using System.Globalization;
using BackupTools.Chains;
using BackupTools.Options;
using BenchmarkDotNet.Attributes;

namespace BackupTools.Benchmarks.Micro;

/// <summary>From headers to chains and a plan: a full and 9,999 increments.</summary>
public class PlanBenchmarks
{
    private const int Bundles = 10_000;
    private BundleHeader[] _headers = [];

    [GlobalSetup]
    public void Setup()
    {
        var start = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        _headers = Enumerable.Range(0, Bundles).Select(i => Header(i, start.AddMinutes(i))).ToArray();
        new Random(1).Shuffle(_headers);
    }

    [Benchmark]
    public int Build_chains_and_plan()
    {
        var chain = ChainBuilder.Build("/bundles", _headers, siblingsAreFine: false).Single();
        return RestorePlanner.Plan(chain, RestoreTarget.Latest, cutsInside: true, cutsByTime: false).Bundles.Count;
    }

    private static BundleHeader Header(int number, DateTimeOffset created) =>
        new()
        {
            Engine = EngineNames.Spg,
            Kind = number == 0 ? BundleKind.Full : BundleKind.Incremental,
            Start = new ChainPosition((ulong)Math.Max(0, number - 1) * 1000, PositionUnit.WalBytes),
            End = new ChainPosition((ulong)number * 1000, PositionUnit.WalBytes),
            CreatedUtc = created,
            Length = 1000,
            FullName = string.Create(CultureInfo.InvariantCulture, $"/bundles/{number:D5}.bkp"),
            Format = "SPGBKUP v2",
            Id = number.ToString("x64", CultureInfo.InvariantCulture),
        };
}
