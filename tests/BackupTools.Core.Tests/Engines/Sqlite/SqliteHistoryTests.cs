using BackupTools.Chains;
using BackupTools.Engines;
using BackupTools.Errors;
using BackupTools.Tests.Files;
using BackupTools.Tests.Formats;
using BackupTools.Tests.Formats.Sqlite;

namespace BackupTools.Tests.Engines.Sqlite;

/// <summary>Random histories of real databases, written as LTX by the independent writer, restored by us.</summary>
public sealed class SqliteHistoryTests : IDisposable
{
    private const int Steps = 9;

    private readonly SqliteBox _box = new();

    [PythonFact]
    public void Every_state_of_a_random_history_is_restored_to_the_byte_and_merged_alike()
    {
        foreach (var (seed, pageSize, autoVacuum) in new[] { (1, 512, 0), (2, 4096, 2), (3, 65536, 1) })
        {
            var states = Make(seed, pageSize, autoVacuum, out var replica);
            for (var txid = 1; txid <= Steps; txid++)
            {
                var restored = File.ReadAllBytes(_box.Restore(replica, (ulong)txid));
                Assert.True(restored.AsSpan().SequenceEqual(states[txid - 1]), $"seed {seed}, transaction {txid}");
            }
            var way = _box.Plan(replica, RestoreTarget.Latest).Bundles;
            Assert.DoesNotContain(_box.Harness.Verify(way), p => p.Severity == ProblemSeverity.Error);
            var merged = _box.Harness.Merge(way, _box.Harness.At($"merged-{seed}"));
            LtxChecker.Check(merged.FullName);
            var independent = _box.Harness.At($"independent-{seed}.db");
            LtxChecker.Apply(independent, merged.FullName);
            Assert.Equal(states[^1], File.ReadAllBytes(independent));
        }
    }

    [PythonFact]
    public void An_increment_that_lacks_a_new_page_is_refused()
    {
        var states = Make(4, 512, 0, out var replica);
        var grown = Enumerable.Range(1, Steps - 1).First(i => states[i].Length > states[i - 1].Length + 1024);
        // The writer believes that the page before the last was there before, and equal.
        var before = _box.Harness.At("before.db");
        File.WriteAllBytes(before, [.. states[grown - 1], .. states[grown].AsSpan(states[grown - 1].Length, 512)]);
        var name = $"{grown + 1:x16}-{grown + 1:x16}.ltx";
        var file = Path.Combine(replica, "ltx", "0", name);
        var after = _box.Harness.At("after.db");
        File.WriteAllBytes(after, states[grown]);
        LtxChecker.Delta(before, after, file, (ulong)grown + 1, 1_700_000_000_000 + grown);
        var error = Assert.Throws<BackupException>(() => _box.Restore(replica, (ulong)grown + 1));
        Assert.Equal(ErrorCode.Malformed, error.Code);
        Assert.Contains("is missing", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_other_engines_pass_over_replicas()
    {
        SqliteFixtures.Handmade(_box.Harness.At("b"));
        SqliteFixtures.Litestream03(_box.Harness.At("b"));
        foreach (var folder in Directory.GetDirectories(_box.Harness.At("b"), "*", SearchOption.AllDirectories))
        {
            foreach (var engine in EngineRegistry.Default.Engines.Where(e => e.Name != EngineNames.Sqlite))
            {
                Assert.Empty(engine.ReadBundles(folder, _box.Harness.Context()));
            }
        }
    }

    public void Dispose() => _box.Dispose();

    private List<byte[]> Make(int seed, int pageSize, int autoVacuum, out string replica)
    {
        var random = new Random(seed);
        var database = _box.Harness.At($"source-{seed}.db");
        replica = _box.Harness.At($"replica-{seed}");
        using var connection = SqliteTestDatabase.Open(database);
        SqliteTestDatabase.Run(connection, SqliteHistory.Begin(pageSize, autoVacuum, "delete"));
        var states = new List<byte[]>();
        var before = _box.Harness.At($"before-{seed}.db");
        for (var txid = 1ul; txid <= Steps; txid++)
        {
            if (txid > 1)
            {
                SqliteTestDatabase.Run(connection, SqliteHistory.Change(random));
                SqliteTestDatabase.Run(connection, SqliteHistory.Change(random));
            }
            var state = TempFolder.ReadShared(database);
            var name = txid == 1 ? $"9/{1:x16}-{1:x16}.ltx" : $"0/{txid:x16}-{txid:x16}.ltx";
            var file = Path.Combine(replica, "ltx", name);
            if (txid == 1)
            {
                LtxChecker.Snapshot(database, file, txid, 1_700_000_000_000);
            }
            else
            {
                LtxChecker.Delta(before, database, file, txid, 1_700_000_000_000 + (long)txid);
            }
            File.WriteAllBytes(before, state);
            states.Add(state);
        }
        return states;
    }
}
