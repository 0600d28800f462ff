using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Reports;

namespace BackupTools.Tests.Engines.Sqlite;

/// <summary>What the bytes of a generation of Litestream 0.3 prove about pieces that are not there.</summary>
public sealed class SqliteGenerationTests : IDisposable
{
    private readonly SqliteBox _box = new();

    private string Source => _box.Harness.At("app.db");

    private string Replica => _box.Harness.At("replica");

    [Fact]
    public void A_missing_last_piece_is_proved_by_a_page_that_nobody_wrote()
    {
        using var folder = new LitestreamFolder(Source, Replica);
        folder.Snapshot();
        folder.Commit("insert into t values(1, randomblob(3000))");
        folder.Piece();
        var before = folder.Positions.Keys.Max();
        folder.Commit("insert into t values(2, randomblob(30000))");
        var last = folder.Piece()!;
        folder.Restart();
        folder.Commit("update t set v = 'x' where n = 1");
        var next = folder.Piece()!;
        Assert.Empty(Errors());

        File.Delete(last);

        Assert.Contains(Errors(), p => p.FullName == next && p.Message.Contains("page", StringComparison.Ordinal));
        Assert.All(Errors(), p => Assert.Equal(ErrorCode.ChainGap, p.Code));
        var error = Assert.Throws<BackupException>(() => _box.Restore(Replica, RestoreTarget.Latest));
        Assert.Equal((ErrorCode.ChainGap, next), (error.Code, error.FullName));
        Assert.Contains($"{before}", error.Recommendation, StringComparison.Ordinal);
        Assert.Equal(folder.Positions[before], SqliteRows.Dump(_box.Restore(Replica, before), "t"));
    }

    /// <summary>As when the database was used while Litestream was not running.</summary>
    [Fact]
    public void A_log_that_was_begun_anew_unseen_is_proved_by_its_salt()
    {
        using var folder = new LitestreamFolder(Source, Replica);
        folder.Snapshot();
        folder.Commit("insert into t values(1, 'a'), (2, 'b')");
        folder.Piece();
        folder.Restart(counts: false);
        folder.Commit("update t set v = 'lost' where n = 1");
        folder.Restart();
        folder.Commit("update t set v = 'kept' where n = 2");
        var next = folder.Piece()!;

        Assert.Contains(Errors(), p => p.FullName == next && p.Message.Contains("restarted", StringComparison.Ordinal));
        var error = Assert.Throws<BackupException>(() => _box.Restore(Replica, RestoreTarget.Latest));
        Assert.Equal(ErrorCode.ChainGap, error.Code);
    }

    /// <summary>Rows that were changed in place: nothing in the bytes shows it, and that is said.</summary>
    [Fact]
    public void Where_nothing_proves_that_the_last_piece_is_there_a_test_and_a_restore_say_so()
    {
        using var folder = new LitestreamFolder(Source, Replica);
        folder.Commit("insert into t values(1, 'a'), (2, 'b')");
        folder.Restart();
        folder.Snapshot();
        folder.Commit("update t set v = 'x' where n = 1");
        folder.Piece();
        folder.Commit("update t set v = 'y' where n = 2");
        File.Delete(folder.Piece()!);
        folder.Restart();
        folder.Commit("create table u(a)");
        folder.Piece();

        var plan = _box.Plan(Replica, RestoreTarget.Latest);
        var found = Assert.Single(_box.Harness.Verify(plan.Bundles));
        Assert.Equal(ProblemSeverity.Warning, found.Severity);
        Assert.Contains("may go unnoticed", found.Message, StringComparison.Ordinal);
        _box.Restore(Replica, RestoreTarget.Latest);
        Assert.Contains(_box.Harness.Warnings, w => w.Contains("may go unnoticed", StringComparison.Ordinal));
        Assert.Empty(_box.Harness.Verify([plan.Bundles[0]]));
    }

    /// <summary>A reader keeps the log from being begun anew, and what it has not to see is written back.</summary>
    [Fact]
    public void States_from_before_what_a_snapshot_holds_already_are_refused()
    {
        using var folder = new LitestreamFolder(Source, Replica);
        folder.Commit("insert into t select value, randomblob(900) from json_each('[1,2,3,4,5,6,7,8]')");
        folder.Restart();
        folder.Commit("update t set v = 'one' where n = 1");
        folder.Piece();
        folder.Commit("update t set v = 'eight' where n = 8");
        folder.Piece();
        using (var reader = SqliteTestDatabase.Open(Source))
        {
            SqliteTestDatabase.Run(reader, "begin; select count(*) from t");
            folder.Commit("update t set v = 'late' where n = 4");
            folder.Piece();
            folder.Run("pragma wal_checkpoint(passive)");
            folder.Snapshot();
        }
        var positions = folder.Positions.Keys.Order().ToList();
        foreach (var position in positions[1..])
        {
            Assert.Equal(folder.Positions[position], SqliteRows.Dump(_box.Restore(Replica, position), "t"));
        }
        var begin = positions[0] >> 32 << 32;
        foreach (var position in new[] { begin, positions[0] })
        {
            var error = Assert.Throws<BackupException>(() => _box.Restore(Replica, position));
            Assert.Equal(ErrorCode.TargetNotCovered, error.Code);
            Assert.Contains($"{positions[1]}", error.Recommendation, StringComparison.Ordinal);
            var way = _box.Plan(Replica, new RestoreTarget.PositionTarget(position)).Bundles;
            Assert.Contains(
                _box.Harness.Verify(way, BackupTools.Engines.VerifyDepth.Checksums),
                p => p.Severity == ProblemSeverity.Error && p.Code == ErrorCode.TargetNotCovered
            );
        }
        Assert.DoesNotContain(
            _box.Harness.Verify(_box.Plan(Replica, RestoreTarget.Latest).Bundles),
            p => p.Severity == ProblemSeverity.Error
        );
    }

    [Fact]
    public void A_WAL_file_begins_where_the_one_before_was_left()
    {
        using var folder = new LitestreamFolder(Source, Replica);
        folder.Snapshot();
        for (var i = 1; i <= 3; i++)
        {
            folder.Commit($"insert into t values({i}, 'a')");
            folder.Piece();
            folder.Restart();
        }
        Assert.Equal("F─i─i─i", Assert.Single(_box.Chains(Replica).Chains).ToInfo().Timeline);
    }

    /// <summary>Nothing that SQLite does looks like a hole, and each position is the state of its moment.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("pragma auto_vacuum=full;")]
    [InlineData("pragma auto_vacuum=incremental; pragma page_size=512;")]
    public void Every_position_of_random_histories_restores_to_the_rows_of_its_moment(string setup)
    {
        foreach (var seed in SoakBudget.Sample(200, 4))
        {
            var random = new Random(seed);
            using var folder = new LitestreamFolder(
                _box.Harness.At($"{seed}.db"),
                _box.Harness.At($"replica{seed}"),
                setup
            );
            folder.Run($"pragma cache_size={random.Next(2, 40)}");
            folder.Snapshot();
            for (var step = 0; step < 60; step++)
            {
                folder.Commit(Change(random, step));
                if (random.Next(3) > 0)
                {
                    folder.Piece();
                }
                if (random.Next(6) == 0)
                {
                    folder.Piece();
                    folder.Restart();
                    if (random.Next(5) == 0)
                    {
                        folder.Snapshot();
                    }
                }
            }
            var replica = folder.Replica;
            Assert.DoesNotContain(
                _box.Chains(replica).Chains.SelectMany(c => c.Problems),
                p => p.Severity > ProblemSeverity.Info
            );
            foreach (var (position, rows) in folder.Positions)
            {
                Assert.Equal(rows, SqliteRows.Dump(_box.Restore(replica, position), "t"));
            }
        }
    }

    public void Dispose() => _box.Dispose();

    private static string Change(Random random, int step) =>
        random.Next(10) switch
        {
            0 => $"delete from t where n % {random.Next(2, 5)} = 0",
            1 => "vacuum",
            2 => "pragma incremental_vacuum(3)",
            3 => $"begin; savepoint a; insert into t select null, randomblob(4000) from json_each('[1,2,3,4]'); "
                + "rollback to a; insert into t values(null, 'kept'); commit",
            4 =>
                $"begin; create table s{step}(a); insert into s{step} values(zeroblob(20000)); delete from s{step}; commit",
            5 => "begin; insert into t values(null, randomblob(50000)); rollback",
            6 => $"create index if not exists i on t(v)",
            7 => "drop index if exists i",
            8 => $"update t set v = randomblob({random.Next(2000)}) where n % 3 = {random.Next(3)}",
            _ => $"insert into t select null, randomblob({random.Next(3000)}) from json_each('[1,2,3,4,5]')",
        };

    private List<ChainProblem> Errors() =>
        [.. _box.Chains(Replica).Chains.SelectMany(c => c.Problems).Where(p => p.Severity == ProblemSeverity.Error)];
}
