using BackupTools.Errors;
using BackupTools.Operations;

namespace BackupTools.Tests.Engines.Grafeo;

/// <summary>
/// The real 0.6.0 backs up into a folder of its own and we into two others, in any order: all three stay without gaps,
/// whatever checkpoints and closes come between. Ours may need another full, and says so; the engine's never.
/// </summary>
public class GrafeoTwoToolsTests(RealGrafeo engine, ITestOutputHelper output) : IClassFixture<RealGrafeo>
{
    private const string Nothing = "no new WAL records since last backup";

    public static TheoryData<int> Seeds => [1, 2, 3, 4, 5, 228, Random.Shared.Next(1000, 1_000_000)];

    [RealGrafeoTheory]
    [MemberData(nameof(Seeds))]
    public void At_any_interleaving_the_engines_folder_and_ours_stay_without_gaps(int seed)
    {
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        using var life = new Life(engine);
        for (var step = 0; step < 40; step++)
            life.Step(random.Next(14), output.WriteLine);
        life.Holds();
    }

    [RealGrafeoFact]
    public void Standing_at_the_same_epoch_does_not_make_the_engines_folder_ours()
    {
        using var life = new Life(engine);
        foreach (var step in new[] { 0, 6, 7, 0, 9, 8, 0, 9, 8, 0, 9, 8, 0, 3, 9, 0, 3, 9, 0, 3, 0, 8 })
            life.Step(step, output.WriteLine);
        life.Holds();
    }

    private sealed class Life : IDisposable
    {
        private readonly string _folder = Directory.CreateTempSubdirectory("grafeo-two-").FullName;
        private readonly RealGrafeo _engine;
        private readonly SortedDictionary<ulong, int> _nodes = new() { [0] = 0 };
        private readonly HashSet<string> _begun = [];
        private int _count;
        private int _restored;

        public Life(RealGrafeo engine)
        {
            _engine = engine;
            engine.Do("create", new { db = Database });
        }

        private string Database => Path.Combine(_folder, "x.grafeo");

        private string Engines => Path.Combine(_folder, "engine");

        private string Ours(int which) => Path.Combine(_folder, $"ours{which}");

        public void Step(int dice, Action<string> say)
        {
            say($"step {dice}");
            switch (dice)
            {
                case <= 2:
                    Execute($"INSERT (:N {{i: {++_count}}})");
                    break;
                case 3:
                    _engine.Do("checkpoint", new { db = Database });
                    break;
                case 4:
                    _engine.Do("close", new { db = Database });
                    _engine.Do("open", new { db = Database });
                    break;
                case 5:
                    Execute($"CREATE NODE TYPE T{_restored++} (name STRING)");
                    break;
                case 6:
                    _engine.Do("full", new { db = Database, dir = Engines });
                    _begun.Add(Engines);
                    break;
                case 7:
                    Take(Ours(1), full: true);
                    break;
                case 8:
                    EngineIncrement();
                    break;
                default:
                    Take(Ours(dice % 2 == 1 ? 1 : 2), full: false);
                    break;
            }
        }

        /// <summary>Every folder restores, in the engine and by us, at every epoch to what was there then.</summary>
        public void Holds()
        {
            EngineIncrement();
            Take(Ours(1), full: false);
            Take(Ours(2), full: false);
            foreach (var folder in _begun)
            {
                var bundles = ReadChains.Read(folder, false, null, new()).SelectMany(r => r.Chain!.Bundles).ToList();
                var first = bundles.Min(b => b.EndPosition);
                foreach (var (epoch, nodes) in _nodes.Where(n => n.Key >= first && n.Key <= bundles[^1].EndPosition))
                {
                    var theirs = Path.Combine(_folder, $"t{_restored++}.grafeo");
                    _engine.Do(
                        "restore",
                        new
                        {
                            dir = folder,
                            epoch,
                            @out = theirs,
                        }
                    );
                    // A full may hold an epoch that none of the folder's increments does.
                    if (_engine.Dump(theirs) is var rows && rows.Epoch == epoch)
                        Assert.Equal(nodes, rows.Nodes);
                }
                var latest = Path.Combine(_folder, $"l{_restored++}.grafeo");
                var settings = new RestoreSettings { Path = folder, DestinationPath = latest };
                Verbs.Restore(settings, new());
                Assert.Equal(_count, _engine.Dump(latest).Nodes);
                var newest = Path.Combine(_folder, $"n{_restored++}.grafeo");
                _engine.Do(
                    "restore",
                    new
                    {
                        dir = folder,
                        epoch = 1_000_000,
                        @out = newest,
                    }
                );
                Assert.Equal(_count, _engine.Dump(newest).Nodes);
            }
        }

        public void Dispose()
        {
            _engine.Ask("close", new { db = Database });
            Directory.Delete(_folder, recursive: true);
        }

        private void Execute(string statement)
        {
            var answer = _engine.Do("execute", new { db = Database, statements = new[] { statement } });
            _nodes[answer["epoch"]!.GetValue<ulong>()] = _count;
        }

        private void EngineIncrement()
        {
            if (!_begun.Contains(Engines))
                return;
            var error = _engine.Ask("incremental", new { db = Database, dir = Engines })["error"]?.GetValue<string>();
            Assert.True(error is null || error.Contains(Nothing, StringComparison.Ordinal), error);
        }

        private void Take(string folder, bool full)
        {
            var settings = new BackupSettings { SourcePath = Database, DestinationPath = folder };
            if (full || !_begun.Contains(folder))
            {
                Verbs.Full(settings, new());
                _begun.Add(folder);
                return;
            }
            try
            {
                Verbs.Increment(settings, new());
            }
            catch (BackupException e) when (e.Code == ErrorCode.NothingToBackUp) { }
            catch (BackupException e) when (e.Code == ErrorCode.LogIsGone)
            {
                // The engine's own backup moved its cursor, and a checkpoint came before we could move it back.
                Take(folder, full: true);
            }
        }
    }
}
