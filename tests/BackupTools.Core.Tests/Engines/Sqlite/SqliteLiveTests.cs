using BackupTools.Chains;
using BackupTools.Engines.Sqlite;
using BackupTools.Tests.Engines.Spg;
using BackupTools.Tests.Formats;

namespace BackupTools.Tests.Engines.Sqlite;

/// <summary>Captures beside a writer at full speed in another process.</summary>
public sealed class SqliteLiveTests : IDisposable
{
    private const int Everyday = 20;
    private const int Rows = 3000;
    private const int Commits = 100;

    private readonly SqliteBox _box = new();

    [PythonFact]
    public void Beside_a_writer_that_checkpoints_all_the_time() => CaptureBesideWriter("wal", 50);

    [PythonFact]
    public void Beside_a_writer_in_wal_mode() => CaptureBesideWriter("wal", 1000);

    [PythonFact]
    public void Beside_a_writer_with_a_rollback_journal() => CaptureBesideWriter("delete", 1000);

    /// <summary>Between the look at the log and its reading, all is written back and the log begun anew.</summary>
    [PythonFact]
    public void A_log_that_is_begun_anew_before_it_is_read()
    {
        var source = _box.Harness.At("app.db");
        using var writer = new SqliteWriter(source);
        var disk = new HookedDisk();
        using var harness = new EngineHarness(new SqliteEngine(), disk);
        var restarts = 0;
        disk.Opening = path =>
        {
            if (path.EndsWith("-wal", StringComparison.Ordinal))
            {
                writer.AddRows(40);
                restarts++;
            }
        };
        List<BundleHeader> way = [];
        for (var round = 0; round < 5; round++)
        {
            writer.AddRows(500);
            // All of it is in the database file: a reader takes no page from the log, and a writer may begin it anew.
            Assert.DoesNotContain("error", writer.Run("pragma wal_checkpoint(passive)"), StringComparison.Ordinal);
            var rows = Count(writer);
            way.Add(
                way.Count == 0
                    ? harness.Full(source, _box.Harness.At("b"))
                    : harness.Increment(source, _box.Harness.At("b"), way)
            );
            var restored = _box.Harness.At($"out-{round}.db");
            harness.Restore(way, restored);
            Assert.Equal(rows, SqliteRows.Check(restored));
            Assert.Equal(rows + (40 * (restarts > 0 ? 1 : 0)), Count(writer));
            restarts = 0;
        }
    }

    public void Dispose() => _box.Dispose();

    private static long Count(SqliteWriter writer) =>
        long.Parse(
            writer.Run("select count(*) from t").Trim('[', '(', ',', ')', ']'),
            System.Globalization.CultureInfo.InvariantCulture
        );

    private void CaptureBesideWriter(string mode, int autoCheckpoint)
    {
        var source = _box.Harness.At("app.db");
        var bundles = _box.Harness.At("b");
        using var writer = new SqliteWriter(source, mode, autoCheckpoint);
        writer.AddRows(Rows);
        Assert.Equal("ok", writer.Ask("write"));
        SpinWait.SpinUntil(() => writer.Committed > 0, TimeSpan.FromSeconds(10));
        List<BundleHeader> way = [];
        foreach (var round in SoakBudget.Rounds(Everyday).Concat(UntilItHasWritten(writer)))
        {
            if (round % 10 == 0)
            {
                way = [];
            }
            var before = writer.Committed;
            way.Add(way.Count == 0 ? _box.Harness.Full(source, bundles) : _box.Harness.Increment(source, bundles, way));
            var restored = _box.Harness.At("out.db");
            _box.Harness.Restore(way, restored);
            var rows = SqliteRows.Check(restored);
            Assert.True(rows >= before, $"round {round}: {rows} rows, {before} were committed before the start");
            Assert.True(rows % 3 == 0, $"round {round}: {rows} rows end inside a transaction");
            File.Delete(restored);
        }
        var answer = writer.Ask("stop").Split(' ', 3);
        Assert.Equal("0", answer[1]);
        Assert.True(long.Parse(answer[0], System.Globalization.CultureInfo.InvariantCulture) > Commits, answer[0]);
    }

    /// <summary>A quick machine is through with its captures before a writer that waits for them has done much.</summary>
    private static IEnumerable<int> UntilItHasWritten(SqliteWriter writer)
    {
        for (var round = Everyday; round < 50 * Everyday && writer.Committed <= Rows + (3 * Commits); round++)
        {
            yield return round;
        }
    }
}
