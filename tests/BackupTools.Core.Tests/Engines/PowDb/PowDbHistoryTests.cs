using System.Globalization;
using System.Text.Json;
using BackupTools.Chains;
using BackupTools.Engines;
using BackupTools.Engines.PowDb;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Tests.Files;

namespace BackupTools.Tests.Engines.PowDb;

/// <summary>
/// Random edit histories: after each edit an increment, and at the end a restore of every position. The expectation is
/// a plain copy of the directory at that time. A failure prints the seed that repeats it. Most run on a disk in memory,
/// some on the real one.
/// </summary>
public sealed class PowDbHistoryTests(ITestOutputHelper output)
{
    private const int OnRealDisk = 25;
    private static readonly int Histories = SoakBudget.IsLong ? 20_000 : 300;
    private static readonly DateTimeOffset Start = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Every_position_of_random_histories_restores_to_the_directory_of_its_time()
    {
        var first = Environment.TickCount;
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"seeds {first} to {first + Histories - 1}"));
        var refused = 0;
        Parallel.For(
            0,
            Histories,
            new ParallelOptions { MaxDegreeOfParallelism = 2 },
            i =>
            {
                try
                {
                    if (!new History(first + i, i < OnRealDisk ? null : new MemoryDisk()).Run())
                    {
                        Interlocked.Increment(ref refused);
                    }
                }
                catch (Exception e)
                {
                    throw new InvalidOperationException(
                        string.Create(CultureInfo.InvariantCulture, $"seed {first + i}: {e.Message}"),
                        e
                    );
                }
            }
        );
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{refused} ended in a refusal"));
        Assert.InRange(refused, 0, Histories / 5);
    }

    private sealed class History : IDisposable
    {
        private readonly MemoryDisk? _memory;
        private readonly IDisk _disk;
        private readonly Random _random;
        private readonly string _root;
        private readonly PowDbTestDatabase _database = new();
        private readonly PowDbEngine _engine = new();
        private readonly FixedClock _clock = new(Start);
        private readonly List<BundleHeader> _bundles = [];
        private readonly List<int> _parents = [];
        private readonly List<SortedDictionary<string, byte[]>> _expected = [];
        private readonly List<string> _warnings = [];
        private readonly PowDbEdits _edits;

        public History(int seed, MemoryDisk? memory)
        {
            _random = new Random(seed);
            _edits = new PowDbEdits(_random, _database);
            _memory = memory;
            _disk = memory ?? LocalDisk.Instance;
            _root = Path.Combine(Path.GetTempPath(), $"backuptools-{Guid.NewGuid():N}");
        }

        private string Source => Path.Combine(_root, "data");

        /// <summary>False when it ended early, because a table that was dropped left nothing to prove the next step by.</summary>
        public bool Run()
        {
            using var _ = this;
            _database.Tables[PowDbEdits.Anchor] = new PowDbTestDatabase.Table { Pages = { _edits.NewPage() } };
            for (var i = _random.Next(1, 4); i > 0; i--)
            {
                _edits.AddTable();
            }
            Capture();
            for (var steps = _random.Next(1, 8); steps > 0; steps--)
            {
                for (var edits = _random.Next(0, 5); edits > 0; edits--)
                {
                    _edits.Edit();
                }
                if (!Capture())
                {
                    break;
                }
            }
            for (var i = 0; i < _bundles.Count; i++)
            {
                Check(i);
            }
            Assert.Empty(_warnings);
            return _expected.Count == _bundles.Count;
        }

        public void Dispose()
        {
            if (_memory is null)
            {
                Directory.Delete(_root, recursive: true);
            }
        }

        private bool Capture()
        {
            _clock.Now = _clock.Now.AddMilliseconds(_random.Next(0, 1500));
            _expected.Add(WriteSource());
            var isFull = _bundles.Count == 0;
            var parent = isFull ? -1 : _bundles.Count - 1;
            var options = new EngineOptions();
            if (!isFull && _random.Next(5) == 0)
            {
                options = options with { Differential = true };
                parent = 0;
            }
            var request = new CaptureRequest
            {
                SourcePath = Source,
                DestinationFolder = Path.Combine(_root, "backups"),
                Kind = isFull ? BundleKind.Full : BundleKind.Incremental,
                Options = options,
                Chain = isFull ? null : Chain(),
                Parent = isFull ? null : _bundles[^1],
            };
            if (!isFull && _random.Next(6) == 0)
            {
                LoseSideFile(_bundles[parent].FullName);
            }
            var context = Context();
            var plan = _engine.PlanCapture(request, context);
            using var staging = StagingArea.Create(_disk, request.DestinationFolder, _clock);
            CaptureResult result;
            try
            {
                result = _engine.Capture(plan, staging, context);
            }
            catch (BackupException e) when (e.Code == ErrorCode.ContinuityNotProved && _edits.MayBeAnother)
            {
                return false;
            }
            Publish(staging, result.Steps);
            var header = _engine.ReadBundles(result.BundlePath, context).Single().Header!;
            Assert.Equal(result.BundleId, header.Id);
            Assert.DoesNotContain(header.Id, _bundles.Select(b => b.Id));
            _bundles.Add(header);
            _parents.Add(parent);
            if (!isFull)
            {
                Assert.Equal(Changes(_expected[parent], _expected[^1]), Changes(Content(header.FullName)));
            }
            return true;
        }

        /// <summary>What an increment has to hold, and no more: whole files by name, pages by name and index.</summary>
        private static IEnumerable<string> Changes(
            SortedDictionary<string, byte[]> before,
            SortedDictionary<string, byte[]> after
        )
        {
            foreach (var (name, bytes) in after)
            {
                var isPaged =
                    name.EndsWith(".heap", StringComparison.Ordinal)
                    && before.ContainsKey(name)
                    && before[name].Length <= bytes.Length;
                if (!isPaged)
                {
                    if (!before.TryGetValue(name, out var old) || !old.AsSpan().SequenceEqual(bytes))
                    {
                        yield return name;
                    }
                    continue;
                }
                for (var at = 0; at < bytes.Length; at += 4096)
                {
                    if (
                        at >= before[name].Length
                        || !before[name].AsSpan(at, 4096).SequenceEqual(bytes.AsSpan(at, 4096))
                    )
                    {
                        yield return string.Create(CultureInfo.InvariantCulture, $"{name} {at / 4096}");
                    }
                }
            }
        }

        /// <summary>What an increment does hold, as its manifest says.</summary>
        private static IEnumerable<string> Changes(SortedDictionary<string, byte[]> bundle)
        {
            var manifest = JsonDocument.Parse(bundle["increment.json"]).RootElement;
            foreach (var change in manifest.GetProperty("changed").EnumerateArray())
            {
                var variant = change.EnumerateObject().Single();
                var name = variant.Value.GetProperty("name").GetString()!;
                if (variant.Name == "Whole")
                {
                    yield return name;
                    continue;
                }
                foreach (var index in variant.Value.GetProperty("page_indices").EnumerateArray())
                {
                    yield return $"{name} {index}";
                }
            }
        }

        /// <summary>Without it everything still has to come out right, only with more reading.</summary>
        private void LoseSideFile(string bundle)
        {
            _disk.DeleteFile(Path.Combine(bundle, ".backuptools.json"));
            _disk.DeleteFile(Path.Combine(bundle, ".backuptools.pages"));
        }

        /// <summary>In memory without threads and journals, which would take most of the time.</summary>
        private void Publish(StagingArea staging, IReadOnlyList<PublishStep> steps)
        {
            if (_memory is null)
            {
                staging.Publish(steps, CancellationToken.None);
                return;
            }
            var step = Assert.Single(steps);
            Assert.Equal(PublishAction.Place, step.Action);
            _memory.Move(staging.PathOf(step.StagedName), step.FinalPath);
        }

        private SortedDictionary<string, byte[]> WriteSource()
        {
            if (_memory is null)
            {
                return _database.WriteTo(Source);
            }
            var files = _database.Files();
            _memory.DeleteDirectory(Source);
            foreach (var (name, bytes) in files)
            {
                _memory.Put(Path.Combine(Source, name), bytes);
            }
            return files;
        }

        private void Check(int position)
        {
            var path = Chain().PathTo(position)!;
            var context = Context();
            var destination = Path.Combine(_root, $"restored{position}");
            using (var staging = StagingArea.Create(_disk, _root, _clock))
            {
                var plan = new RestorePlan
                {
                    Chain = Chain(),
                    Target = RestoreTarget.Latest,
                    Bundles = path,
                };
                var request = new RestoreRequest
                {
                    Plan = plan,
                    DestinationPath = destination,
                    Deep = _random.Next(4) == 0,
                };
                Publish(staging, _engine.Restore(request, staging, context).Steps);
            }
            PowDbFixtures.AssertSame(_expected[position], Content(destination));
            // The engine itself leads to the same files, and leaves those that are gone.
            var byEngine = PowDbEngineModel.RestoreChain(path.Select(b => Content(b.FullName)));
            foreach (var (name, bytes) in _expected[position])
            {
                Assert.True(bytes.AsSpan().SequenceEqual(byEngine[name]), $"{name} differs by the engine's restore");
            }
            if (position == _bundles.Count - 1)
            {
                var problems = _engine.Verify(path, 0, VerifyDepth.Deep, context);
                Assert.DoesNotContain(problems, p => p.Severity == ProblemSeverity.Error);
            }
        }

        private SortedDictionary<string, byte[]> Content(string folder) =>
            _memory?.Content(folder) ?? PowDbFixtures.Content(folder);

        private BackupChain Chain() =>
            new()
            {
                ChainId = _bundles[0].Id[..12],
                Engine = _engine.Name,
                Folder = Path.Combine(_root, "backups"),
                Full = _bundles[0],
                Bundles = _bundles,
                Parents = _parents,
                Problems = [],
            };

        private EngineContext Context() =>
            new()
            {
                Disk = _disk,
                Clock = _clock,
                Progress = new TransferProgress(),
                ThrottleLimit = 1,
                Warn = _warnings.Add,
            };
    }
}
