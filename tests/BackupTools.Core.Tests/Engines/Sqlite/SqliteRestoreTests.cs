using BackupTools.Chains;
using BackupTools.Engines;
using BackupTools.Errors;

namespace BackupTools.Tests.Engines.Sqlite;

/// <summary>Stored replicas, restored to every state that they hold, and refused where they hold none.</summary>
public sealed class SqliteRestoreTests : IDisposable
{
    private readonly SqliteBox _box = new();

    [Fact]
    public void A_replica_of_05_restores_to_every_transaction_that_it_holds()
    {
        var replica = SqliteFixtures.Litestream05(_box.Folder);
        foreach (var step in SqliteFixtures.Steps05.Where(s => s.Txid >= 4))
        {
            Assert.Equal(("ok", step.Rows, step.Sha256), SqliteFixtures.Look(_box.Restore(replica, step.Txid)));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(15)]
    public void Transactions_that_a_replica_does_not_hold_are_refused(ulong txid)
    {
        var replica = SqliteFixtures.Litestream05(_box.Folder);
        var error = Assert.Throws<BackupException>(() => _box.Restore(replica, txid));
        Assert.Equal(ErrorCode.TargetNotCovered, error.Code);
    }

    [Fact]
    public void The_newest_state_of_05_is_the_last_step()
    {
        var replica = SqliteFixtures.Litestream05(_box.Folder);
        var last = SqliteFixtures.Steps05[^1];
        var restored = SqliteFixtures.Look(_box.Restore(replica, RestoreTarget.Latest));
        Assert.Equal(("ok", last.Rows, last.Sha256), restored);
    }

    [Fact]
    public void A_time_of_05_means_the_headers_millisecond_inclusive()
    {
        var replica = SqliteFixtures.Litestream05(_box.Folder);
        var header = _box
            .Harness.Read(replica)
            .Single(h => h.Name.StartsWith("000000000000000b-000000000000000b", StringComparison.Ordinal));
        var step = SqliteFixtures.Steps05.Single(s => s.Txid == 11);
        var before = SqliteFixtures.Steps05.Single(s => s.Txid == 10);
        Assert.Equal(step.Rows, Rows(header.CreatedUtc));
        Assert.Equal(before.Rows, Rows(header.CreatedUtc.AddMilliseconds(-1)));
        int Rows(DateTimeOffset t) => SqliteFixtures.Look(_box.Restore(replica, new RestoreTarget.TimeTarget(t))).Rows;
    }

    [Fact]
    public void A_replica_of_03_restores_to_every_step()
    {
        var replica = SqliteFixtures.Litestream03(_box.Folder);
        var found = _box
            .Harness.Read(replica)
            .Select(h => h.End.Value)
            .Distinct()
            .Order()
            .Select(p => SqliteFixtures.Look(_box.Restore(replica, p)))
            .ToList();
        Assert.All(found, f => Assert.Equal("ok", f.Integrity));
        foreach (var step in SqliteFixtures.Steps03)
        {
            Assert.Contains(("ok", step.Rows, step.Sha256), found);
        }
        Assert.All(
            found.Where(f => f.Rows > 0),
            f => Assert.Contains((f.Rows, f.Sha256), SqliteFixtures.Steps03.Select(s => (s.Rows, s.Sha256)))
        );
    }

    [Fact]
    public void The_newest_state_of_03_is_the_last_step()
    {
        var replica = SqliteFixtures.Litestream03(_box.Folder);
        var last = SqliteFixtures.Steps03[^1];
        Assert.Equal(("ok", last.Rows, last.Sha256), SqliteFixtures.Look(_box.Restore(replica, RestoreTarget.Latest)));
    }

    /// <summary>Litestream 0.3.13 exits with 0 here, and restores 140 of 180 rows.</summary>
    [Theory]
    [InlineData("00000000_00004080")]
    [InlineData("00000000_000060b0")]
    [InlineData("00000001_00001038")]
    [InlineData("00000003_00000000")]
    [InlineData("00000003_00001038")]
    [InlineData("00000003_00005098")]
    public void A_replica_of_03_without_a_piece_in_the_middle_is_refused(string piece)
    {
        var replica = SqliteFixtures.Litestream03(_box.Folder);
        var all = _box.Harness.Read(replica);
        File.Delete(all.Single(h => h.Name.StartsWith(piece, StringComparison.Ordinal)).FullName);
        var behind = all.First(h => string.CompareOrdinal(h.Name, piece + "~") > 0 && h.Kind == BundleKind.Incremental);
        Assert.Contains(_box.Chains(replica).Chains.SelectMany(c => c.Problems), p => p.Code == ErrorCode.ChainGap);
        var error = Assert.Throws<BackupException>(() => _box.Restore(replica, behind.End.Value));
        Assert.Equal(ErrorKind.Chain, error.Kind);
        if (piece.StartsWith("00000003", StringComparison.Ordinal))
        {
            error = Assert.Throws<BackupException>(() => _box.Restore(replica, RestoreTarget.Latest));
            Assert.Equal(ErrorCode.ChainGap, error.Code);
        }
    }

    [Fact]
    public void A_handmade_replica_restores_to_the_same_bytes_at_every_transaction()
    {
        var replica = SqliteFixtures.Handmade(_box.Folder);
        for (var txid = 1; txid <= 5; txid++)
        {
            var restored = File.ReadAllBytes(_box.Restore(replica, (ulong)txid));
            Assert.True(restored.AsSpan().SequenceEqual(SqliteFixtures.State(txid)), $"transaction {txid}");
        }
    }

    [Fact]
    public void A_hole_is_found_before_a_byte_is_written()
    {
        var replica = SqliteFixtures.Handmade(_box.Folder);
        File.Delete(Path.Combine(replica, "ltx", "0", "0000000000000003-0000000000000003.ltx"));
        Assert.Contains(_box.Chains(replica).Chains.Single().Problems, p => p.Code == ErrorCode.ChainGap);
        Assert.Equal(
            ErrorCode.ChainGap,
            Assert.Throws<BackupException>(() => _box.Restore(replica, RestoreTarget.Latest)).Code
        );
        Assert.Equal(ErrorCode.TargetNotCovered, Assert.Throws<BackupException>(() => _box.Restore(replica, 5)).Code);
        Assert.Equal(SqliteFixtures.State(2), File.ReadAllBytes(_box.Restore(replica, 2)));
    }

    [Fact]
    public void Without_a_side_file_a_page_that_is_missing_is_not_seen_and_that_is_said()
    {
        var replica = SqliteFixtures.Handmade(_box.Folder);
        File.Copy(
            SqliteFixtures.IncrementWithoutAPage,
            Path.Combine(replica, "ltx", "0", "0000000000000002-0000000000000002.ltx"),
            overwrite: true
        );
        Assert.NotEqual(SqliteFixtures.State(2), File.ReadAllBytes(_box.Restore(replica, 2)));
        Assert.Contains(_box.Harness.Warnings, w => w.Contains("do not say which state", StringComparison.Ordinal));
        var found = _box.Harness.Verify(_box.Plan(replica, RestoreTarget.Latest).Bundles);
        Assert.Contains(found, p => p.Severity == ProblemSeverity.Warning);
    }

    [Fact]
    public void Companions_of_a_replaced_database_go_with_it()
    {
        var replica = SqliteFixtures.Handmade(_box.Folder);
        var destination = _box.Harness.At("there", "out.db");
        Directory.CreateDirectory(Path.GetDirectoryName(destination)!);
        File.WriteAllBytes(destination, SqliteFixtures.State(1));
        File.WriteAllText(destination + "-wal", "of the former database");
        var plan = _box.Plan(replica, RestoreTarget.Latest);
        var request = new RestoreRequest { Plan = plan, DestinationPath = destination };
        Assert.Equal(
            [destination, destination + "-wal"],
            _box.Harness.Engine.OccupiedBy(request, _box.Harness.Context())
        );
        Assert.True(_box.Harness.Engine.MayReplace(request, _box.Harness.Context()));
        _box.Harness.Restore(plan.Bundles, destination);
        Assert.Equal(SqliteFixtures.State(5), File.ReadAllBytes(destination));
        Assert.False(File.Exists(destination + "-wal"));
    }

    /// <summary>journal_mode=truncate leaves an empty journal beside a database that nobody has open, persist one with a zeroed header.</summary>
    [Theory]
    [InlineData("truncate")]
    [InlineData("persist")]
    public void A_journal_that_stays_is_no_sign_of_a_program(string mode)
    {
        var destination = _box.Harness.At("out.db");
        SqliteTestDatabase.Run(destination, $"pragma journal_mode={mode}; create table t(a); insert into t values(1)");
        Assert.True(File.Exists(destination + "-journal"));
        Replaced(destination);
    }

    /// <summary>The advice of each refusal, followed.</summary>
    [Theory]
    [InlineData("delete")]
    [InlineData("persist")]
    [InlineData("wal")]
    public void What_a_killed_program_leaves_is_refused_until_the_advice_was_followed(string mode)
    {
        var destination = _box.Harness.At("out.db");
        using (var program = new SqliteWriter(destination, mode))
        {
            program.AddRows(500);
            program.Run("pragma cache_size=5");
            program.Run("begin immediate");
            program.Run("update t set v = 'half'");
            Refused(destination);
            program.Kill();
        }
        var file = Refused(destination);
        SqliteTestDatabase.Run(destination, "select count(*) from t");
        if (File.Exists(file))
        {
            File.Delete(file);
        }
        Replaced(destination);
    }

    [Theory]
    [InlineData("-wal")]
    [InlineData("-shm")]
    [InlineData("-journal")]
    public void What_is_left_of_a_database_that_is_gone_is_replaced_with_it(string orphan)
    {
        var destination = _box.Harness.At("out.db");
        File.WriteAllBytes(destination + orphan, [0xD9, 0xD5, 0x05, 0xF9, 0x20, 0xA1, 0x63, 0xD7, .. new byte[600]]);
        Replaced(destination);
    }

    /// <summary>In exclusive locking mode there is no -shm that tells of the program.</summary>
    [Theory]
    [InlineData("wal", "exclusive")]
    [InlineData("wal", "normal")]
    [InlineData("delete", "exclusive")]
    public void A_database_that_a_program_has_open_is_not_replaced(string mode, string lockingMode)
    {
        var replica = SqliteFixtures.Handmade(_box.Folder);
        var destination = _box.Harness.At("app.db");
        var plan = _box.Plan(replica, RestoreTarget.Latest);
        var request = new RestoreRequest { Plan = plan, DestinationPath = destination };
        SqliteTestDatabase.Run(destination, $"pragma journal_mode={mode}");
        SqliteTestDatabase.AddRows(destination, 100);
        using (var program = new SqliteWriter(destination, mode, lockingMode: lockingMode))
        {
            program.AddRows(1);
            Assert.Equal(mode == "wal" && lockingMode == "normal", File.Exists(destination + "-shm"));
            var error = Assert.Throws<BackupException>(() =>
                _box.Harness.Engine.MayReplace(request, _box.Harness.Context())
            );
            Assert.Equal(ErrorCode.SourceInUse, error.Code);
            program.AddRows(1); // the look did no harm
        }
        Assert.True(_box.Harness.Engine.MayReplace(request, _box.Harness.Context()));
    }

    public void Dispose() => _box.Dispose();

    private void Replaced(string destination)
    {
        var plan = _box.Plan(SqliteFixtures.Handmade(_box.Harness.At("replaced")), RestoreTarget.Latest);
        var request = new RestoreRequest { Plan = plan, DestinationPath = destination };
        Assert.True(_box.Harness.Engine.MayReplace(request, _box.Harness.Context()));
        _box.Harness.Restore(plan.Bundles, destination);
        Assert.Equal(SqliteFixtures.State(5), File.ReadAllBytes(destination));
        Assert.Empty(Directory.GetFiles(_box.Folder, "out.db-*"));
    }

    /// <summary>The file that the refusal names.</summary>
    private string Refused(string destination)
    {
        var folder = Directory.CreateTempSubdirectory().FullName;
        var plan = _box.Plan(SqliteFixtures.Handmade(folder), RestoreTarget.Latest);
        var request = new RestoreRequest { Plan = plan, DestinationPath = destination };
        var error = Assert.Throws<BackupException>(() =>
            _box.Harness.Engine.MayReplace(request, _box.Harness.Context())
        );
        Directory.Delete(folder, recursive: true);
        Assert.Equal(ErrorCode.SourceInUse, error.Code);
        return error.FullName!;
    }
}
