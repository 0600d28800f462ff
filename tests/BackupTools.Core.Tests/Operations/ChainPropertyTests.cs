using BackupTools.Errors;
using BackupTools.Operations;
using BackupTools.Reports;

namespace BackupTools.Tests.Operations;

/// <summary>
/// Random histories of every engine whose chains can be merged, copied and thinned out: fulls, increments and, where
/// there are any, differentials after random changes. A failure prints the seed that repeats it.
/// </summary>
public sealed class ChainPropertyTests(ITestOutputHelper output)
{
    private const int EverydayHistories = 5;

    public static TheoryData<string> Engines => new(EngineSandbox.All);

    [Theory]
    [MemberData(nameof(Engines))]
    public void Whatever_is_merged_copied_or_left_by_a_prune_restores_to_the_same_bytes(string engine)
    {
        var first = Environment.TickCount & int.MaxValue / 2;
        var (bundles, removed) = (0, 0);
        var histories = 0;
        foreach (var seed in SoakBudget.Rounds(EverydayHistories).Select(round => first + round))
        {
            try
            {
                using var history = new History(engine, seed);
                history.Run();
                histories++;
                bundles += history.Bundles;
                removed += history.Removed;
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"{engine}, seed {seed}: {e.Message}", e);
            }
        }
        output.WriteLine($"{engine}: seeds from {first}, {histories} histories, {bundles} bundles, {removed} pruned");
    }

    private sealed class History(string engine, int seed) : IDisposable
    {
        private readonly Random _random = new(seed);
        private readonly EngineSandbox _box = EngineSandbox.Of(engine);
        private readonly List<(BundleInfo Bundle, string? Content, string Restored)> _points = [];
        private int _merges;

        public int Bundles => _points.Count;

        public int Removed { get; private set; }

        public void Run()
        {
            for (var steps = _random.Next(2, 7); steps > 0; steps--)
            {
                _box.Change(_random);
                Take();
            }
            for (var merges = _random.Next(1, 3); merges > 0; merges--)
            {
                Merge();
            }
            Copy();
            Prune();
        }

        public void Dispose() => _box.Dispose();

        private void Take()
        {
            var can = EngineSandbox.Engines.ByName(engine).Capabilities;
            var settings = _box.Settings();
            BundleInfo bundle;
            try
            {
                bundle = (_points.Count == 0 ? 0 : _random.Next(6)) switch
                {
                    0 => _box.Full(settings),
                    1 when can.Options.Contains(nameof(EngineOptions.Differential)) => _box.Increment(
                        settings with
                        {
                            Differential = true,
                        }
                    ),
                    _ => _box.Increment(settings),
                };
            }
            catch (BackupException e) when (e.Code == ErrorCode.NothingToBackUp)
            {
                return;
            }
            var restored = _box.RestoreFrom(_box.Bundles, bundle);
            var content = _box.Content(_box.Source);
            Assert.Equal(content, _box.Content(restored));
            _points.Add((bundle, content, EngineSandbox.Bytes(restored)));
        }

        /// <summary>restore(merge(chain, p)) = restore(chain, p), and increments go on from there.</summary>
        private void Merge()
        {
            var folder = _box.At($"m{_merges++}");
            var (bundle, _, restored) = _points[_random.Next(_points.Count)];
            ulong? position = null;
            if (EngineSandbox.Engines.ByName(engine).Capabilities.CutsInsideBundle && _random.Next(2) == 0)
            {
                position =
                    bundle.StartPosition
                    + (ulong)_random.NextInt64((long)(bundle.EndPosition - bundle.StartPosition) + 1);
                restored = EngineSandbox.Bytes(_box.RestoreFrom(_box.Bundles, bundle, position));
            }
            _box.Merge(position, folder, bundle);
            Assert.Equal(restored, EngineSandbox.Bytes(_box.RestoreFrom(folder)));
            var report = Assert.Single(VerifyChain.Run(new VerifySettings { Path = folder, Deep = true }, _box.Host()));
            Assert.DoesNotContain(report.Problems, p => p.Severity == "Error");
            if (_random.Next(2) == 0)
            {
                _box.Change(_random);
            }
            try
            {
                _box.Increment(_box.Settings() with { DestinationPath = folder });
            }
            catch (BackupException e) when (e.Code == ErrorCode.NothingToBackUp)
            {
                return;
            }
            Assert.Equal(_box.Content(_box.Source), _box.Content(_box.RestoreFrom(folder)));
        }

        private void Copy()
        {
            // In two goes, as a nightly copy does it.
            if (_random.Next(2) == 0)
            {
                _box.Copy();
                _box.Change(_random);
                Take();
            }
            var report = _box.Copy(verify: true);
            Assert.True(report.IsValid);
            Assert.Equal(_box.Count(), report.PresentCount + report.Copied.Count);
            foreach (var (bundle, _, restored) in _points)
            {
                Assert.Equal(restored, EngineSandbox.Bytes(_box.RestoreFrom(_box.At("c"), bundle)));
            }
            Assert.Equal(Shares(_box.Bundles), Shares(_box.At("c")));
            Assert.Empty(_box.Copy().Copied);
            Assert.Empty(_box.Lies());
        }

        private void Prune()
        {
            var settings = new ExpirySettings
            {
                Path = _box.Bundles,
                KeepLast = _random.Next(4),
                KeepWithin = _random.Next(2) == 0 ? TimeSpan.FromMinutes(_random.Next(30)) : null,
                KeepDaily = _random.Next(2) == 0 ? _random.Next(3) : null,
                Force = _random.Next(3) == 0,
            };
            var report = _box.Expire(settings);
            Removed = report.RemovedCount;
            var decisions = report.Decisions.ToDictionary(d => d.FullName, d => d.Keep, StringComparer.Ordinal);
            Assert.Empty(_points.Select(p => p.Bundle.FullName).Except(decisions.Keys));
            foreach (var (bundle, _, restored) in _points)
            {
                if (decisions[bundle.FullName])
                {
                    Assert.Equal(restored, EngineSandbox.Bytes(_box.RestoreFrom(_box.Bundles, bundle)));
                }
            }
            Assert.Equal(report.KeptCount, _box.Count());
            Assert.Empty(_box.Lies());
        }

        private IEnumerable<(string, long)> Shares(string folder) =>
            ReadHeaders.Read(folder, false, null, _box.Host()).Select(r => (r.Bundle!.Id, r.Bundle.SharedLength));
    }
}
