using System.Globalization;
using BackupTools.Chains;
using BackupTools.Engines.PowDb;
using BackupTools.Errors;
using BackupTools.Tests.Files;

namespace BackupTools.Tests.Engines.PowDb;

/// <summary>
/// A database that is written while it is copied: rows are logged, reach their pages late and in halves, and
/// checkpoints empty the log. What is restored must hold every row that was acknowledged before the copy began, and
/// beyond these only the next ones in order.
/// </summary>
public sealed class PowDbLiveTests(ITestOutputHelper output) : IDisposable
{
    private readonly EngineHarness _harness = new(new PowDbEngine());

    public void Dispose() => _harness.Dispose();

    [Theory(
        Skip = "Wine replaces no file that is open",
        SkipType = typeof(WindowsHost),
        SkipWhen = nameof(WindowsHost.IsWine)
    )]
    [InlineData(40)] // a checkpoint every so many rows: seldom
    [InlineData(20)]
    public void A_live_capture_is_a_prefix_of_the_history(int rowsPerCheckpoint)
    {
        var seed = Environment.TickCount;
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"seed {seed}"));
        using var writer = new Writer(_harness.At("data"), rowsPerCheckpoint, seed);
        var path = new List<BundleHeader>();
        var options = new EngineOptions { IncludeWal = true };
        var (taken, given) = (0, 0);
        // On a busy machine the writer may be ahead of the first few: more of them, until one is taken.
        var more = Enumerable.Range(4, 8).TakeWhile(_ => taken == 0);
        foreach (var round in SoakBudget.Rounds(4).Concat(more))
        {
            var acknowledged = writer.Acknowledged;
            try
            {
                path.Add(
                    path.Count == 0
                        ? _harness.Full(_harness.At("data"), _harness.At("backups"), options)
                        : _harness.Increment(_harness.At("data"), _harness.At("backups"), path, options)
                );
            }
            catch (BackupException e) when (e.Code == ErrorCode.SourceChanging)
            {
                given++;
                continue;
            }
            taken++;
            var restored = _harness.At($"restored{round}");
            _harness.Restore(path, restored);
            var rows = PowDbDump.Of(restored).Where(l => l.StartsWith("  i", StringComparison.Ordinal));
            var ids = rows.Select(r =>
                    int.Parse(r.AsSpan(3, r.IndexOf('|', StringComparison.Ordinal) - 3), CultureInfo.InvariantCulture)
                )
                .Order()
                .ToArray();
            Assert.Equal(Enumerable.Range(0, ids.Length), ids);
            Assert.InRange(ids.Length, acknowledged, int.MaxValue);
        }
        output.WriteLine(
            string.Create(CultureInfo.InvariantCulture, $"{taken} taken, {given} given up, {writer.Acknowledged} rows")
        );
        Assert.True(taken > 0, "every capture was given up");
        Assert.DoesNotContain(_harness.Verify(path), p => p.Severity == ProblemSeverity.Error);
    }

    [Fact(
        Skip = "Wine replaces no file that is open",
        SkipType = typeof(WindowsHost),
        SkipWhen = nameof(WindowsHost.IsWine)
    )]
    public void Without_the_log_a_live_source_is_refused()
    {
        using var writer = new Writer(_harness.At("data"), 5, 1);

        var error = Assert.Throws<BackupException>(() => _harness.Full(_harness.At("data"), _harness.At("backups")));

        Assert.Contains(error.Code, new[] { ErrorCode.WalNotEmpty, ErrorCode.SourceChanging });
        Assert.Empty(
            Directory.Exists(_harness.At("backups")) ? Directory.GetFileSystemEntries(_harness.At("backups")) : []
        );
    }

    /// <summary>Writes as the engine of 0.4.x does, and never stops.</summary>
    private sealed class Writer : IDisposable
    {
        private const int RowsPerPage = 20;
        private const int PageSize = 4096;

        private readonly string _folder;
        private readonly int _rowsPerCheckpoint;
        private readonly Random _random;
        private readonly PowDbTestDatabase _database = new();
        private readonly PowDbTestDatabase.Table _table = new();
        private readonly HashSet<int> _dirty = [];
        private readonly Task _work;
        private volatile bool _stop;
        private volatile int _acknowledged;

        public Writer(string folder, int rowsPerCheckpoint, int seed)
        {
            (_folder, _rowsPerCheckpoint, _random) = (folder, rowsPerCheckpoint, new Random(seed));
            _database.Tables["t"] = _table;
            _database.WriteTo(folder);
            File.WriteAllBytes(Path.Combine(folder, "wal.log"), []);
            _work = Task.Run(Run);
        }

        public int Acknowledged => _acknowledged;

        public void Dispose()
        {
            _stop = true;
            _work.GetAwaiter().GetResult();
        }

        private void Run()
        {
            using var wal = new FileStream(
                Path.Combine(_folder, "wal.log"),
                FileMode.Open,
                FileAccess.Write,
                FileShare.ReadWrite,
                0
            );
            using var heap = new FileStream(
                Path.Combine(_folder, "t.heap"),
                FileMode.Open,
                FileAccess.Write,
                FileShare.ReadWrite,
                0
            );
            for (var id = 0; !_stop; id++)
            {
                Insert(id, wal);
                if (_random.Next(4) == 0 && _dirty.Count > 0)
                {
                    Flush(_dirty.First(), heap); // a page may go out at any time
                }
                if (id % _rowsPerCheckpoint == _rowsPerCheckpoint - 1)
                {
                    Checkpoint(wal, heap);
                }
                Thread.Sleep(_random.Next(3));
            }
        }

        private void Insert(int id, FileStream wal)
        {
            if (_table.Pages.Count == 0 || _table.Pages[^1].Rows.Count == RowsPerPage)
            {
                _table.Pages.Add(new PowDbTestDatabase.Page());
            }
            var page = _table.Pages[^1];
            var lsn = _database.NextLsn++;
            var row = ((long)id, "some text");
            wal.Write(
                PowDbTestDatabase.WalRecord(
                    lsn,
                    1,
                    "t",
                    (uint)_table.Pages.Count - 1,
                    (ushort)page.Rows.Count,
                    PowDbTestDatabase.Row(row)
                )
            );
            page.Rows.Add(row);
            page.Lsn = lsn;
            _dirty.Add(_table.Pages.Count - 1);
            _acknowledged = id + 1;
        }

        private void Flush(int page, FileStream heap)
        {
            var bytes = PowDbTestDatabase.PageBytes(_table.Pages[page], page);
            heap.Position = (long)page * PageSize;
            heap.Write(bytes, 0, PageSize / 2);
            Thread.Yield();
            heap.Write(bytes, PageSize / 2, PageSize / 2);
            _dirty.Remove(page);
        }

        private void Checkpoint(FileStream wal, FileStream heap)
        {
            foreach (var page in _dirty.Order().ToArray())
            {
                Flush(page, heap);
            }
            var index = Path.Combine(_folder, "t_id.idx");
            File.WriteAllBytes(index + ".tmp", PowDbTestDatabase.Index(_table, 1, byText: false));
            File.Move(index + ".tmp", index, overwrite: true);
            wal.SetLength(0);
            wal.Position = 0;
        }
    }
}
