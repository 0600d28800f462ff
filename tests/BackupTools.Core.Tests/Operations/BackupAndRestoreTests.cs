using BackupTools.Errors;
using BackupTools.Operations;

namespace BackupTools.Tests.Operations;

public sealed class BackupAndRestoreTests : IDisposable
{
    private readonly SpgSandbox _box = new();

    [Fact]
    public void A_chain_gives_back_exactly_the_source_bytes()
    {
        _box.Chain();
        var report = _box.Restore();

        Assert.Equal(File.ReadAllBytes(_box.Db), File.ReadAllBytes(_box.At("r", "rec.db")));
        Assert.Equal(File.ReadAllBytes(_box.Wal), File.ReadAllBytes(_box.At("r", "rec.wal")));
        Assert.Equal(3, report.Bundles.Count);
        Assert.Equal(508ul, report.EndPosition);
        Assert.Equal([_box.At("r", "rec.db"), _box.At("r", "rec.wal")], report.Files.Order());
    }

    [Fact]
    public void A_backup_never_touches_the_source_and_leaves_nothing_but_the_bundle()
    {
        var before = _box.Inventory();
        var full = _box.Full();

        var after = _box.Inventory();
        Assert.True(after.Remove("b"));
        Assert.True(after.Remove($"b/{full.Name}"));
        Assert.Equal(before, after);
    }

    [Fact]
    public void Each_increment_continues_the_newest_bundle_of_its_own_database()
    {
        var bundles = _box.Chain();

        Assert.Equal([0ul, 0ul, 166ul], bundles.Select(b => b.StartPosition));
        Assert.Equal([0ul, 166ul, 508ul], bundles.Select(b => b.EndPosition));
        Assert.Single(bundles.Select(b => b.ChainId).Distinct());
    }

    [Fact]
    public void A_merged_full_is_of_the_series_of_its_chain_whatever_the_name()
    {
        File.Copy(_box.Db, _box.At("shop.v2.eu.db"));
        File.Copy(_box.Wal, _box.At("shop.v2.eu.wal"));
        _box.Full(_box.Settings() with { SourcePath = _box.At("shop.v2.eu.db") });
        Assert.Equal("shop.v2.eu", Assert.Single(_box.Chains()).Series);
        _box.Merge(folder: _box.Bundles);
        Assert.All(_box.Chains(), c => Assert.Equal("shop.v2.eu", c.Series));
    }

    [Fact]
    public void Two_databases_share_a_folder_without_mixing()
    {
        _box.Chain();
        File.Copy(_box.Db, _box.At("c.db"));
        File.WriteAllBytes(_box.At("c.wal"), SpgSandbox.LogOf("S1"));
        var other = _box.Settings() with { SourcePath = _box.At("c.db") };
        _box.Full(other);
        var increment = _box.Increment(other);

        var chains = _box.Chains();
        Assert.Equal(["a", "c"], chains.Select(c => c.Series));
        Assert.Equal(chains[1].ChainId, increment.ChainId);
        var error = Assert.Throws<BackupException>(() => _box.Restore());
        Assert.Equal(ErrorCode.ChainIsAmbiguous, error.Code);
        _box.Restore(_box.RestoreTo("r", "rec.db") with { ChainId = chains[0].ChainId });
        Assert.Equal(File.ReadAllBytes(_box.Wal), File.ReadAllBytes(_box.At("r", "rec.wal")));
    }

    [Fact]
    public void An_increment_without_a_full_says_what_to_do_and_makes_no_folder()
    {
        var error = Assert.Throws<BackupException>(() => _box.Increment());

        Assert.Equal(ErrorCode.NoFullBackup, error.Code);
        Assert.False(Directory.Exists(_box.Bundles));
    }

    [Fact]
    public void Positions_before_and_inside_bundles_are_restored_and_those_beyond_refused()
    {
        _box.Chain();

        Assert.Equal(166ul, _box.Restore(_box.RestoreTo("r1", "rec.db") with { ToPosition = 166 }).EndPosition);
        Assert.Equal(SpgSandbox.LogOf("S1"), File.ReadAllBytes(_box.At("r1", "rec.wal")));
        Assert.Equal(149ul, _box.Restore(_box.RestoreTo("r2", "rec.db") with { ToPosition = 150 }).EndPosition);
        var error = Assert.Throws<BackupException>(() =>
            _box.Restore(_box.RestoreTo("r3", "rec.db") with { ToPosition = 509 })
        );
        Assert.Equal(ErrorCode.TargetNotCovered, error.Code);
        Assert.False(Directory.Exists(_box.At("r3")));
    }

    [Fact]
    public void A_time_restores_the_newest_bundle_not_younger()
    {
        var bundles = _box.Chain();
        var time = new DateTimeOffset(bundles[1].CreatedUtc, TimeSpan.Zero);
        var report = _box.Restore(_box.RestoreTo("r", "rec.db") with { PointInTime = time });

        Assert.Equal(166ul, report.EndPosition);
        Assert.Equal(bundles[1].CreatedUtc, report.StateUtc);
    }

    [Fact]
    public void An_existing_database_is_replaced_only_by_force_and_only_if_it_is_one()
    {
        _box.Chain();
        _box.Restore();
        var settings = _box.RestoreTo("r", "rec.db") with { ToPosition = 166 };
        var before = _box.Inventory();

        Assert.Equal(ErrorCode.DestinationExists, Assert.Throws<BackupException>(() => _box.Restore(settings)).Code);
        Assert.Equal(before, _box.Inventory());

        _box.Restore(settings with { Force = true });
        Assert.Equal(SpgSandbox.LogOf("S1"), File.ReadAllBytes(_box.At("r", "rec.wal")));

        File.WriteAllText(_box.At("r", "rec.db"), "a letter to my aunt");
        var letter = _box.Inventory();
        var error = Assert.Throws<BackupException>(() => _box.Restore(settings with { Force = true }));
        Assert.Equal(ErrorCode.DestinationNotRecognised, error.Code);
        Assert.Equal(letter, _box.Inventory());
    }

    [Fact]
    public void A_gap_is_refused_for_latest_but_not_for_a_position_before_it()
    {
        var bundles = _box.Chain();
        File.Delete(bundles[1].FullName);

        var error = Assert.Throws<BackupException>(() => _box.Restore());
        Assert.Equal(ErrorCode.ChainGap, error.Code);
        Assert.Equal(0ul, _box.Restore(_box.RestoreTo("r", "rec.db") with { ToPosition = 0 }).EndPosition);
    }

    [Fact]
    public void A_bundle_that_cannot_be_read_stops_latest_because_it_may_be_the_newest()
    {
        var bundles = _box.Chain();
        using (var file = File.OpenWrite(bundles[2].FullName))
        {
            file.SetLength(20);
        }

        var error = Assert.Throws<BackupException>(() => _box.Restore());
        Assert.Equal(ErrorCode.Truncated, error.Code);
        Assert.Equal(bundles[2].FullName, error.FullName);
        Assert.False(_box.Test().IsValid);
        Assert.Equal(166ul, _box.Restore(_box.RestoreTo("r", "rec.db") with { ToPosition = 166 }).EndPosition);
    }

    [Fact]
    public void A_sound_chain_tests_valid_and_a_flipped_byte_is_named()
    {
        var bundles = _box.Chain();
        var sound = _box.Test();
        Assert.True(sound.IsValid);
        Assert.Equal(bundles.Select(b => b.FullName), sound.Plan);

        var bytes = File.ReadAllBytes(bundles[1].FullName);
        bytes[^20] ^= 1;
        File.WriteAllBytes(bundles[1].FullName, bytes);

        var damaged = _box.Test();
        Assert.False(damaged.IsValid);
        Assert.Contains(
            damaged.Problems,
            p => p.Code == nameof(ErrorCode.ChecksumMismatch) && p.FullName == bundles[1].FullName
        );
        Assert.Throws<BackupException>(() => _box.Restore());
        Assert.False(Directory.Exists(_box.At("r")));
    }

    [Fact]
    public void A_drill_restores_checks_and_leaves_nothing()
    {
        _box.Chain();
        Directory.CreateDirectory(_box.At("drill"));
        var before = _box.Inventory();
        var report = _box.Test(
            new VerifySettings
            {
                Path = _box.Bundles,
                RestoreDrill = true,
                DrillFolder = _box.At("drill"),
            }
        );

        Assert.True(report.IsValid);
        Assert.Equal(new FileInfo(_box.Db).Length + 508, report.DrillLength);
        Assert.Equal(before, _box.Inventory());
    }

    [Fact]
    public void The_plan_is_made_without_writing_anything()
    {
        _box.Full();
        _box.GrowTo("S1");
        var before = _box.Inventory();

        var plan = TakeBackup.Plan(_box.Settings() with { Incremental = true }, _box.Host());
        var preview = RestoreChain.Plan(_box.RestoreTo("r", "rec.db"), _box.Host());

        Assert.Equal(before, _box.Inventory());
        Assert.Contains(plan.Describe(), l => l.Contains("since  0", StringComparison.Ordinal));
        Assert.Single(preview.Bundles);
    }

    [Fact]
    public void A_database_that_has_no_file_yet_is_captured_with_its_log_wherever_that_lies()
    {
        File.Delete(_box.Db);
        Directory.CreateDirectory(_box.At("log"));
        var log = _box.At("log", "shop.log");
        File.WriteAllBytes(log, SpgSandbox.Fixture("states/S2.wal"));
        _box.Full(_box.Settings() with { WalPath = log });
        _box.Restore();

        Assert.Equal(SpgSandbox.Fixture("snap/empty-catalog.v8.db"), File.ReadAllBytes(_box.At("r", "rec.db")));
        Assert.Equal(File.ReadAllBytes(log), File.ReadAllBytes(_box.At("r", "rec.wal")));
    }

    [Fact]
    public void A_checkpoint_between_two_increments_asks_for_a_new_full()
    {
        _box.Full();
        _box.GrowTo("S1");
        _box.Increment();
        File.Copy(Path.Combine(AppContext.BaseDirectory, "fixtures/spg/states/S1.v59.db"), _box.Db, overwrite: true);
        File.WriteAllBytes(_box.Wal, SpgSandbox.LogOf("S2"));

        var error = Assert.Throws<BackupException>(() => _box.Increment());
        Assert.Equal(ErrorCode.ForeignEpoch, error.Code);
        Assert.Contains("full", error.Recommendation, StringComparison.OrdinalIgnoreCase);
        _box.Full();
        Assert.Equal(2, _box.Chains().Count);
    }

    public void Dispose() => _box.Dispose();
}
