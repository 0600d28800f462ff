using System.Globalization;
using System.Security.Cryptography;
using BackupTools.Chains;
using BackupTools.Engines.Sqlite;
using BackupTools.Tests.Engines.Spg;
using BackupTools.Tests.Files;

namespace BackupTools.Tests.Engines.Sqlite;

/// <summary>
/// Captures beside a writer at full speed in another process: 20 of each kind, or as many as BACKUPTOOLS_CAPTURES says.
/// </summary>
public sealed class SqliteLiveTests(ITestOutputHelper output) : IDisposable
{
    private const int Rows = 3000;
    private const int Commits = 100;

    /// <summary>What a capture tells of a log that a writer began anew after the transaction of the capture had begun.</summary>
    private const string BegunAnew = "was restarted";

    private static readonly int Everyday = int.Parse(
        Environment.GetEnvironmentVariable("BACKUPTOOLS_CAPTURES") ?? "20",
        CultureInfo.InvariantCulture
    );

    private readonly SqliteBox _box = new();

    [Fact]
    public void Beside_a_writer_that_checkpoints_all_the_time() => CaptureBesideWriter("wal", 50);

    [Fact]
    public void Beside_a_writer_in_wal_mode() => CaptureBesideWriter("wal", 1000);

    [Fact]
    public void Beside_a_writer_with_a_rollback_journal() => CaptureBesideWriter("delete", 1000);

    /// <summary>Between the look at the log and its reading, all is written back and the log begun anew.</summary>
    [Fact]
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
        Assert.Contains(harness.Told, t => t.Contains(BegunAnew, StringComparison.Ordinal));
    }

    /// <summary>The log of a database that was just opened holds nothing but what was never committed.</summary>
    [Fact]
    public void The_first_transaction_since_a_database_was_opened_stops_no_backup_however_long_it_is()
    {
        var source = ClosedDatabase(3000);
        var state = TempFolder.ReadShared(source);
        using var writer = new SqliteWriter(source);
        writer.Run("pragma cache_size=5");
        writer.Run("begin immediate");
        writer.Run("update t set v = 'never committed'");
        Assert.True(new FileInfo(source + "-wal").Length > 100_000);
        List<BundleHeader> way = [_box.Harness.Full(source, _box.Harness.At("b"))];
        way.Add(_box.Harness.Increment(source, _box.Harness.At("b"), way));
        Assert.Equal(state, File.ReadAllBytes(_box.Restore(_box.Harness.At("b"), 1)));
        writer.Kill();
        way.Add(_box.Harness.Increment(source, _box.Harness.At("b"), way));
        Assert.All(way.Skip(1), b => Assert.InRange(new FileInfo(b.FullName).Length, 1, 300));
        Assert.Equal(state, File.ReadAllBytes(_box.Restore(_box.Harness.At("b"), 3)));
    }

    /// <summary>Without a log when the transaction begins, the file alone is the state, whatever the log holds later.</summary>
    [Fact]
    public void Nothing_is_written_back_into_a_file_that_is_read_as_the_whole_state()
    {
        var source = ClosedDatabase(3000);
        var state = TempFolder.ReadShared(source);
        var disk = new HookedDisk();
        using var harness = new EngineHarness(new SqliteEngine(), disk);
        SqliteWriter? writer = null;
        var once = new Lock(); // blocks are read by several threads
        disk.Reading = () =>
        {
            lock (once)
            {
                if (writer is not null || !File.Exists(source + "-wal"))
                {
                    return;
                }
                writer = new SqliteWriter(source, autoCheckpoint: 10);
                writer.Run("update t set v = 'later'");
                writer.AddRows(2000);
                writer.Run("pragma wal_checkpoint(passive)");
            }
        };
        harness.Full(source, _box.Harness.At("b"));
        using (writer)
        {
            Assert.Equal(5000, Count(writer!));
        }
        Assert.Equal(state, File.ReadAllBytes(_box.Restore(_box.Harness.At("b"), 1)));
    }

    public void Dispose() => _box.Dispose();

    private string ClosedDatabase(int rows)
    {
        var source = _box.Harness.At("app.db");
        SqliteTestDatabase.Run(source, "pragma journal_mode=wal");
        SqliteTestDatabase.AddRows(source, rows);
        Assert.False(File.Exists(source + "-wal"));
        return source;
    }

    private static long Count(SqliteWriter writer) =>
        long.Parse(writer.Run("select count(*) from t"), CultureInfo.InvariantCulture);

    private void CaptureBesideWriter(string mode, int autoCheckpoint)
    {
        var source = _box.Harness.At("app.db");
        var bundles = _box.Harness.At("b");
        using var writer = new SqliteWriter(source, mode, autoCheckpoint);
        writer.AddRows(Rows);
        Assert.Equal("ok", writer.Ask("write"));
        SpinWait.SpinUntil(() => writer.Committed > 0, TimeSpan.FromSeconds(10));
        List<BundleHeader> way = [];
        var captures = 0;
        foreach (var round in SoakBudget.Rounds(Everyday).Concat(UntilItHasWritten(writer)))
        {
            if (round % 10 == 0)
            {
                way = [];
            }
            captures++;
            var committed = writer.Committed;
            way.Add(way.Count == 0 ? _box.Harness.Full(source, bundles) : _box.Harness.Increment(source, bundles, way));
            var restored = _box.Harness.At("out.db");
            _box.Harness.Restore(way, restored);
            var rows = SqliteRows.Check(restored);
            Assert.True(rows >= committed, $"round {round}: {rows} rows, {committed} were committed before the start");
            Assert.True(rows % 3 == 0, $"round {round}: {rows} rows end inside a transaction");
            File.Delete(restored);
        }
        var answer = writer.Ask("stop").Split(' ', 3);
        output.WriteLine(
            $"{mode}, checkpoint after {autoCheckpoint} pages: {captures} captures beside {answer[0]} commits, "
                + $"{answer[1]} of them failed; log begun anew in {_box.Harness.Told.Count(t => t.Contains(BegunAnew, StringComparison.Ordinal))}"
        );
        Assert.Equal("0", answer[1]);
        Assert.True(long.Parse(answer[0], CultureInfo.InvariantCulture) > Commits, answer[0]);
        var before = Look(source);
        _box.Harness.Full(source, bundles);
        Assert.Equal(before, Look(source));
    }

    /// <summary>Bytes and times of what a database consists of while a program has it open; -shm is for locks alone.</summary>
    private static IReadOnlyList<string> Look(string source) =>
        [
            .. new[] { source, source + "-wal", source + "-journal" }
                .Where(File.Exists)
                .Select(f =>
                    $"{f} {File.GetLastWriteTimeUtc(f):O} {Convert.ToHexString(SHA256.HashData(ReadShared(f)))}"
                ),
        ];

    private static byte[] ReadShared(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return bytes;
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
