using System.Globalization;
using System.Text.Json;
using BackupTools.Chains;
using BackupTools.Engines;
using BackupTools.Engines.PowDb;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Tests.Files;
using Xunit.Abstractions;

namespace BackupTools.Tests.Engines.PowDb;

/// <summary>
/// Random edit histories: after each edit an increment, and at the end a restore of every position. The expectation is
/// a plain copy of the directory at that time. A failure prints the seed that repeats it. Most run on a disk in memory,
/// some on the real one.
/// </summary>
public sealed class PowDbHistoryTests(ITestOutputHelper output)
{
    private const int OnRealDisk = 50;
    private static readonly int Histories = SoakBudget.IsLong ? 20_000 : 700;
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
        private PowDbTestDatabase.Page? _oldPage;
        private int _names;
        private bool _dropped;

        private const string Anchor = "anchor";

        public History(int seed, MemoryDisk? memory)
        {
            _random = new Random(seed);
            _memory = memory;
            _disk = memory ?? LocalDisk.Instance;
            _root = Path.Combine(Path.GetTempPath(), $"backuptools-{Guid.NewGuid():N}");
        }

        private string Source => Path.Combine(_root, "data");

        /// <summary>False when it ended early, because a table that was dropped left nothing to prove the next step by.</summary>
        public bool Run()
        {
            using var _ = this;
            // What shows, whatever else happens, that it is the same database.
            _database.Tables[Anchor] = new PowDbTestDatabase.Table { Pages = { NewPage() } };
            for (var i = _random.Next(1, 4); i > 0; i--)
            {
                AddTable();
            }
            Capture();
            for (var steps = _random.Next(1, 8); steps > 0; steps--)
            {
                for (var edits = _random.Next(0, 5); edits > 0; edits--)
                {
                    Edit();
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
            catch (BackupException e) when (e.Code == ErrorCode.ContinuityNotProved && _dropped)
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

        private void Edit()
        {
            var tables = _database.Tables.Where(t => t.Key != Anchor).Select(t => t.Value).ToArray();
            var table = tables.Length == 0 ? null : tables[_random.Next(tables.Length)];
            switch (_random.Next(14))
            {
                case 12 when table is { Pages.Count: > 0 }: // a page becomes what it was before
                    (_oldPage, var old) = (Copy(table.Pages[0]), _oldPage);
                    BecomeAgain(table.Pages[0], old ?? _oldPage);
                    break;
                case 13 when table is { Pages.Count: > 0 }:
                    _oldPage = Copy(table.Pages[0]);
                    break;
                case 0:
                    AddTable();
                    break;
                case 1 when table is not null:
                    _database.Tables.Remove(_database.Tables.First(t => t.Value == table).Key);
                    _dropped = true;
                    if (_random.Next(2) == 0)
                    {
                        // As the engine does after a restart: LSNs are used again (defect 2).
                        _database.NextLsn =
                            1
                            + _database
                                .Tables.Values.SelectMany(t => t.Pages)
                                .Select(p => p.Lsn)
                                .DefaultIfEmpty()
                                .Max();
                    }
                    break;
                case 2 when table is { Pages.Count: > 0 }:
                    table.Pages.RemoveRange(_random.Next(table.Pages.Count), 1);
                    Rewrite(table);
                    break;
                case 3 when table is not null:
                    table.Pages.RemoveRange(0, _random.Next(table.Pages.Count + 1));
                    Rewrite(table);
                    break;
                case 4 when table is not null:
                    table.Indexed = !table.Indexed;
                    break;
                case 5 when table is not null:
                    table.NullsIndexed = !table.NullsIndexed;
                    break;
                case 6 when table is not null:
                    table.Pages.Add(new PowDbTestDatabase.Page { IsZero = true });
                    break;
                case 7 or 8 when table is not null:
                    for (var pages = _random.Next(1, 4); pages > 0; pages--)
                    {
                        table.Pages.Add(NewPage());
                    }
                    break;
                default:
                    EditRow(table);
                    break;
            }
        }

        /// <summary>Updates and deletes that lead back: the LSN stays.</summary>
        private static void BecomeAgain(PowDbTestDatabase.Page page, PowDbTestDatabase.Page old)
        {
            var rows = old.Rows.ToArray();
            page.IsZero = page.IsZero && rows.Length == 0;
            page.Rows.Clear();
            page.Rows.AddRange(rows);
        }

        /// <summary>Only what is made anew can be shorter: every page gets an LSN of its own.</summary>
        private void Rewrite(PowDbTestDatabase.Table table)
        {
            _dropped = true;
            foreach (var page in table.Pages)
            {
                page.IsZero = false;
                page.Lsn = _database.NextLsn++;
            }
        }

        private void EditRow(PowDbTestDatabase.Table? table)
        {
            if (table is null || table.Pages.Count == 0)
            {
                return;
            }
            var page = table.Pages[_random.Next(table.Pages.Count)];
            page.IsZero = false;
            switch (_random.Next(3))
            {
                case 0 when page.Rows.Count < 30: // an insert moves the page's LSN
                    page.Rows.Add((_random.Next(), Text()));
                    page.Lsn = _database.NextLsn++;
                    break;
                case 1 when page.Rows.Count > 0: // an update does not (defect 1)
                    page.Rows[_random.Next(page.Rows.Count)] = (_random.Next(), Text());
                    _database.NextLsn++;
                    break;
                case 2 when page.Rows.Count > 0: // nor does a delete
                    page.Rows.RemoveAt(_random.Next(page.Rows.Count));
                    _database.NextLsn++;
                    break;
            }
        }

        private void AddTable()
        {
            // Names come back, so that a dropped table may be made anew.
            var table = new PowDbTestDatabase.Table
            {
                Indexed = _random.Next(3) > 0,
                NullsIndexed = _random.Next(3) == 0,
            };
            for (var pages = _random.Next(4); pages > 0; pages--)
            {
                table.Pages.Add(NewPage());
            }
            _dropped |= _names >= 4;
            _database.Tables[$"t{_names++ % 4}"] = table;
        }

        private static PowDbTestDatabase.Page Copy(PowDbTestDatabase.Page page)
        {
            var copy = new PowDbTestDatabase.Page
            {
                Lsn = page.Lsn,
                IsZero = page.IsZero,
                HasChecksum = page.HasChecksum,
            };
            copy.Rows.AddRange(page.Rows);
            return copy;
        }

        private PowDbTestDatabase.Page NewPage()
        {
            var page = new PowDbTestDatabase.Page { HasChecksum = _random.Next(8) > 0 };
            for (var rows = _random.Next(1, 12); rows > 0; rows--)
            {
                page.Rows.Add((_random.Next(), Text()));
            }
            page.Lsn = _database.NextLsn++;
            return page;
        }

        private string? Text() => _random.Next(4) == 0 ? null : new string('x', _random.Next(0, 40));
    }
}
