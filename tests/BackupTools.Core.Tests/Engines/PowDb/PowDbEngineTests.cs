using System.Text.Json;
using BackupTools.Chains;
using BackupTools.Engines;
using BackupTools.Engines.PowDb;
using BackupTools.Errors;

namespace BackupTools.Tests.Engines.PowDb;

/// <summary>What the engine recognises, names, lists and refuses.</summary>
public sealed class PowDbEngineTests : IDisposable
{
    private readonly FixedClock _clock = new(new DateTimeOffset(2026, 11, 20, 4, 10, 0, 123, TimeSpan.Zero));
    private readonly EngineHarness _harness;

    public PowDbEngineTests() => _harness = new EngineHarness(new PowDbEngine(), clock: _clock);

    public void Dispose() => _harness.Dispose();

    private IBackupEngine Engine => _harness.Engine;

    [Fact]
    public void A_data_directory_is_recognised_and_a_backup_is_not()
    {
        var context = _harness.Context();

        Assert.True(Engine.RecognisesSource(PowDbFixtures.At("S0"), context));
        Assert.False(Engine.RecognisesSource(PowDbFixtures.At("full_S0"), context));
        Assert.False(Engine.RecognisesSource(PowDbFixtures.At("inc_S0_S1"), context));
        Assert.False(Engine.RecognisesSource(PowDbFixtures.At("S0", "catalog.bin"), context));
        Assert.False(Engine.RecognisesSource(_harness.At("nothing"), context));
    }

    [Fact]
    public void A_header_says_what_the_bundle_is()
    {
        var source = PowDbFixtures.Copy(PowDbFixtures.At("S0"), _harness.At("shop"));
        var full = _harness.Full(source, _harness.At("backups"));
        PowDbFixtures.Copy(PowDbFixtures.At("S2"), source);
        _clock.Now = _clock.Now.AddHours(1);
        var increment = _harness.Increment(source, _harness.At("backups"), [full]);

        Assert.Equal("shop-20261120T041000123Z-full", full.Name);
        Assert.Equal("shop-20261120T051000123Z-incr", increment.Name);
        Assert.Equal(("shop", "shop"), (full.Series, increment.Series));
        Assert.Equal(
            "shop",
            Engine.SeriesOf(source + Path.DirectorySeparatorChar, _harness.Folder, _harness.Context())
        );
        Assert.Equal(
            (874ul, 874ul, 874ul, 991ul),
            (full.Start.Value, full.End.Value, increment.Start.Value, increment.End.Value)
        );
        Assert.Equal(PositionUnit.Lsn, full.End.Unit);
        Assert.Equal((null, full.Id), (full.ParentId, increment.ParentId));
        Assert.Equal(_clock.Now, increment.CreatedUtc);
        Assert.Equal(new DirectoryInfo(full.FullName).GetFiles().Sum(f => f.Length), full.Length);
        Assert.Equal([full.Id, increment.Id], _harness.Read(_harness.At("backups")).Select(h => h.Id));
    }

    [Fact]
    public void A_copied_chain_has_the_same_identities()
    {
        var full = _harness.Full(PowDbFixtures.At("S0"), _harness.At("backups"));
        var copy = PowDbFixtures.Copy(full.FullName, _harness.At("elsewhere", "renamed"));

        var read = Assert.Single(_harness.Read(copy));

        Assert.Equal((full.Id, full.Checksum), (read.Id, read.Checksum));
        Assert.Null(read.Series);
    }

    [Fact]
    public void Differentials_build_on_the_full_as_the_engines_own_do()
    {
        var source = PowDbFixtures.Copy(PowDbFixtures.At("S0"), _harness.At("data"));
        var path = new List<BundleHeader> { _harness.Full(source, _harness.At("backups")) };
        Replace(source, "S1");
        path.Add(_harness.Increment(source, _harness.At("backups"), path));
        Replace(source, "S2");
        var differential = _harness.Increment(
            source,
            _harness.At("backups"),
            path,
            new EngineOptions { Differential = true }
        );

        Assert.Equal(path[0].Id, differential.ParentId);
        Assert.Equal(874ul, differential.Start.Value);
        _harness.Restore([path[0], differential], _harness.At("restored"), deep: true);
        PowDbFixtures.AssertSame(PowDbFixtures.At("S2"), _harness.At("restored"));
        Assert.Empty(_harness.Verify([path[0], differential]));
        // As a link of a chain it does not fit.
        var error = Assert.Throws<BackupException>(() =>
            _harness.Restore([.. path, differential], _harness.At("again"))
        );
        Assert.Equal(ErrorCode.ChainOverlap, error.Code);
    }

    [Fact]
    public void An_increment_holds_what_changed_and_no_more()
    {
        var source = PowDbFixtures.Copy(PowDbFixtures.At("S0"), _harness.At("data"));
        var full = _harness.Full(source, _harness.At("backups"));
        Replace(source, "U/U1");

        var increment = _harness.Increment(source, _harness.At("backups"), [full]);

        Assert.Equal(
            [
                ".backuptools.json",
                ".backuptools.pages",
                "increment.json",
                "orders.heap.delta",
                "orders_user_id.idx",
                "users.heap.delta",
                "users_age.idx",
            ],
            Directory.GetFiles(increment.FullName).Select(Path.GetFileName).Order(StringComparer.Ordinal)
        );
        Assert.Equal((874ul, 874ul), (increment.Start.Value, increment.End.Value));
    }

    [Fact]
    public void An_lsn_that_goes_down_with_a_dropped_table_takes_the_position_with_it()
    {
        var source = PowDbFixtures.Copy(PowDbFixtures.At("S0"), _harness.At("data"));
        var full = _harness.Full(source, _harness.At("backups"));
        Replace(source, "L/L1");

        var increment = _harness.Increment(source, _harness.At("backups"), [full]);

        Assert.Equal((874ul, 834ul), (increment.Start.Value, increment.End.Value));
        var side = JsonDocument
            .Parse(File.ReadAllBytes(Path.Combine(increment.FullName, ".backuptools.json")))
            .RootElement;
        Assert.Equal(834ul, side.GetProperty("max_lsn").GetUInt64());
        Assert.Equal(
            ["doomed.heap", "doomed_id.idx"],
            side.GetProperty("dropped").EnumerateArray().Select(d => d.GetString())
        );
    }

    [Fact]
    public void The_engines_own_increment_is_newer_than_its_full_even_if_its_lsn_is_lower()
    {
        var headers = new[] { "full_S0", "L/inc_S0_L1" }.SelectMany(b => _harness.Read(PowDbFixtures.At(b))).ToArray();

        var chain = Assert.Single(ChainBuilder.Build("/b", headers, siblingsAreFine: true));

        Assert.Equal((874ul, 834ul), (chain.Head!.Start.Value, chain.Head.End.Value));
    }

    [Fact]
    public void Increments_without_a_change_in_one_second_are_still_different_bundles()
    {
        var path = new List<BundleHeader> { _harness.Full(PowDbFixtures.At("S0"), _harness.At("backups")) };
        for (var i = 0; i < 3; i++)
        {
            path.Add(_harness.Increment(PowDbFixtures.At("S0"), _harness.At("backups"), path));
        }

        Assert.Equal(4, path.Select(b => b.Id).Distinct().Count());
        var chain = Assert.Single(
            ChainBuilder.Build(_harness.At("backups"), _harness.Read(_harness.At("backups")), siblingsAreFine: true)
        );
        Assert.Equal(path[^1].Id, chain.Head!.Id);
        Assert.Empty(chain.Problems);
        _harness.Restore(path, _harness.At("restored"));
        PowDbFixtures.AssertSame(PowDbFixtures.At("S0"), _harness.At("restored"));
    }

    [Fact]
    public void Strays_are_told_and_not_copied()
    {
        var source = PowDbFixtures.Copy(PowDbFixtures.At("S0"), _harness.At("data"));
        File.WriteAllText(Path.Combine(source, "old.heap"), "stray");
        File.WriteAllText(Path.Combine(source, "old_id.idx"), "stray");
        File.WriteAllText(Path.Combine(source, "notes.txt"), "nothing of the engine's");
        File.WriteAllText(Path.Combine(source, "catalog.bin.tmp"), "left over");

        var full = _harness.Full(source, _harness.At("backups"));

        Assert.DoesNotContain(
            Directory.GetFiles(full.FullName),
            f => Path.GetFileName(f).StartsWith("old", StringComparison.Ordinal)
        );
        Assert.Equal(["old.heap", "old_id.idx"], Plan(source).Warnings.Select(w => Path.GetFileName(w.FullName)));
    }

    [Fact]
    public void A_missing_heap_is_refused_and_a_missing_index_told()
    {
        var source = PowDbFixtures.Copy(PowDbFixtures.At("S0"), _harness.At("data"));
        File.Delete(Path.Combine(source, "users_id.idx"));
        Assert.Contains(
            Plan(source).Warnings,
            w => w.Code == ErrorCode.MissingFile && w.Message.Contains("users_id.idx", StringComparison.Ordinal)
        );
        var full = _harness.Full(source, _harness.At("backups"));
        _harness.Restore([full], _harness.At("restored"));
        PowDbFixtures.AssertSame(source, _harness.At("restored"));

        File.Delete(Path.Combine(source, "users.heap"));
        var error = Assert.Throws<BackupException>(() => _harness.Full(source, _harness.At("backups")));
        Assert.Equal((ErrorCode.MissingFile, Path.Combine(source, "users.heap")), (error.Code, error.FullName));
    }

    [Fact]
    public void A_heap_with_half_a_page_at_its_end_is_kept_as_it_is()
    {
        var source = PowDbFixtures.Copy(PowDbFixtures.At("S0"), _harness.At("data"));
        File.AppendAllText(Path.Combine(source, "users.heap"), "half a page");
        var path = new List<BundleHeader> { _harness.Full(source, _harness.At("backups")) };
        File.AppendAllText(Path.Combine(source, "users.heap"), " and more");
        path.Add(_harness.Increment(source, _harness.At("backups"), path));
        File.Copy(PowDbFixtures.At("S0", "users.heap"), Path.Combine(source, "users.heap"), overwrite: true);
        path.Add(_harness.Increment(source, _harness.At("backups"), path));

        _harness.Restore(path.Take(2).ToArray(), _harness.At("restored1"), deep: true);
        _harness.Restore(path, _harness.At("restored2"), deep: true);

        Assert.Equal((6 * 4096) + 20, new FileInfo(_harness.At("restored1", "users.heap")).Length);
        PowDbFixtures.AssertSame(source, _harness.At("restored2"));
    }

    [Fact]
    public void A_directory_of_the_newest_engines_is_kept_with_users_views_and_durable_lsn()
    {
        var database = new PowDbNewTestDatabase();
        var source = database.WriteTo(_harness.At("data"));
        var path = new List<BundleHeader> { _harness.Full(source, _harness.At("backups")) };
        database.Pages.Add(4);
        database.DurableLsn = 700;
        database.WriteTo(source);
        File.Delete(Path.Combine(source, "views.bin"));
        path.Add(_harness.Increment(source, _harness.At("backups"), path));

        var manifest = File.ReadAllText(Path.Combine(path[0].FullName, "manifest.json"));
        Assert.Contains(
            "\"source_lsn\": 500,\n  \"catalog_version\": 6,\n  \"files\": [",
            manifest,
            StringComparison.Ordinal
        );
        Assert.Equal((500ul, 700ul), (path[1].Start.Value, path[1].End.Value));
        _harness.Restore(path, _harness.At("restored"), deep: true);
        PowDbFixtures.AssertSame(source, _harness.At("restored"), "wal.log"); // clean: only its header
        Assert.Empty(_harness.Verify(path));
    }

    [Fact]
    public void A_durable_lsn_of_another_length_is_damage()
    {
        var source = new PowDbNewTestDatabase().WriteTo(_harness.At("data"));
        File.WriteAllBytes(Path.Combine(source, "catalog.lsn"), new byte[9]);

        var error = Assert.Throws<BackupException>(() => Plan(source));

        Assert.Equal(ErrorCode.SourceDamaged, error.Code);
        Assert.Contains("more than 8 bytes", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_catalog_version_that_goes_down_is_refused()
    {
        var database = new PowDbNewTestDatabase { CatalogVersion = 7 };
        var source = database.WriteTo(_harness.At("data"));
        var full = _harness.Full(source, _harness.At("backups"));
        database.CatalogVersion = 6;
        database.WriteTo(source);

        var error = Assert.Throws<BackupException>(() => _harness.Increment(source, _harness.At("backups"), [full]));

        Assert.Equal(ErrorCode.ForeignEpoch, error.Code);
    }

    [Fact]
    public void A_restored_catalog_of_another_version_than_said_is_refused_in_the_engines_words()
    {
        var full = _harness.Full(new PowDbNewTestDatabase().WriteTo(_harness.At("data")), _harness.At("backups"));
        var manifest = Path.Combine(full.FullName, "manifest.json");
        File.WriteAllText(
            manifest,
            File.ReadAllText(manifest)
                .Replace("\"catalog_version\": 6", "\"catalog_version\": 7", StringComparison.Ordinal)
        );
        File.Delete(Path.Combine(full.FullName, ".backuptools.json"));
        File.Delete(Path.Combine(full.FullName, ".backuptools.pages"));

        var error = Assert.Throws<BackupException>(() =>
            _harness.Restore(_harness.Read(full.FullName), _harness.At("restored"))
        );

        Assert.Equal("restored catalog format does not match backup manifest", error.Message);
    }

    [Fact]
    public void An_increment_needs_its_chain()
    {
        var request = Request(PowDbFixtures.At("S1"), BundleKind.Incremental) with { Since = 874 };

        Assert.Equal(
            ErrorCode.NoFullBackup,
            Assert.Throws<BackupException>(() => Engine.PlanCapture(request, _harness.Context())).Code
        );

        var full = _harness.Full(PowDbFixtures.At("S0"), _harness.At("backups"));
        request = request with { Chain = _harness.ChainOf([full]), Parent = full };
        Assert.Equal(874ul, Engine.PlanCapture(request, _harness.Context()).Start!.Value.Value);
        Assert.Equal(
            ErrorCode.InvalidOption,
            Assert
                .Throws<BackupException>(() => Engine.PlanCapture(request with { Since = 873 }, _harness.Context()))
                .Code
        );
    }

    [Fact]
    public void An_increment_alone_is_tested_as_far_as_it_goes()
    {
        var full = _harness.Full(PowDbFixtures.At("S0"), _harness.At("backups"));
        var increment = _harness.Increment(PowDbFixtures.At("S1"), _harness.At("backups"), [full]);

        Assert.Empty(_harness.Verify([increment]));

        File.Delete(Path.Combine(increment.FullName, "users.heap.delta"));
        Assert.Equal(ErrorCode.MissingFile, Assert.Single(_harness.Verify([increment])).Code);
    }

    [Fact]
    public void A_destination_is_taken_by_anything_and_replaced_only_if_it_is_a_database_at_rest()
    {
        var full = _harness.Full(PowDbFixtures.At("S0"), _harness.At("backups"));
        var destination = _harness.At("there");
        var request = new RestoreRequest { Plan = _harness.PlanOf([full]), DestinationPath = destination };
        var context = _harness.Context();

        Assert.Empty(Engine.OccupiedBy(request, context));
        Directory.CreateDirectory(destination);
        Assert.Empty(Engine.OccupiedBy(request, context));
        _harness.Restore([full], destination); // into an empty folder
        PowDbFixtures.AssertSame(PowDbFixtures.At("S0"), destination);

        Assert.Equal([destination], Engine.OccupiedBy(request, context));
        Assert.True(Engine.MayReplace(request, context));
        File.WriteAllText(Path.Combine(destination, "LOCK"), $"{Environment.ProcessId}");
        Assert.Equal(
            ErrorCode.SourceInUse,
            Assert.Throws<BackupException>(() => Engine.MayReplace(request, context)).Code
        );
        File.Delete(Path.Combine(destination, "LOCK"));
        File.Delete(Path.Combine(destination, "catalog.bin"));
        Assert.False(Engine.MayReplace(request, context));
    }

    [Fact]
    public void A_cancelled_run_leaves_nothing()
    {
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();

        Assert.ThrowsAny<OperationCanceledException>(() =>
            _harness.Capture(Request(PowDbFixtures.At("S0"), BundleKind.Full), cancelled.Token)
        );
        var full = _harness.Full(PowDbFixtures.At("S0"), _harness.At("backups"));
        Assert.ThrowsAny<OperationCanceledException>(() =>
            _harness.Restore([full], _harness.At("restored"), cancellation: cancelled.Token)
        );
        Assert.ThrowsAny<OperationCanceledException>(() => _harness.Verify([full], cancellation: cancelled.Token));

        Assert.Equal([full.FullName], Directory.GetFileSystemEntries(_harness.At("backups")));
        Assert.Equal([_harness.At("backups")], Directory.GetFileSystemEntries(_harness.Folder));
    }

    [Fact]
    public void A_full_is_a_data_directory_with_a_manifest_beside_it()
    {
        var source = PowDbFixtures.Copy(PowDbFixtures.At("S0"), _harness.At("data"));
        var full = _harness.Full(source, _harness.At("backups"));

        // A full is a data directory with a manifest beside: the engine opens it as it is.
        PowDbFixtures.AssertSame(source, full.FullName, "manifest.json", ".backuptools.json", ".backuptools.pages");
    }

    private CapturePlan Plan(string source) => Engine.PlanCapture(Request(source, BundleKind.Full), _harness.Context());

    private CaptureRequest Request(string source, BundleKind kind) =>
        new()
        {
            SourcePath = source,
            DestinationFolder = _harness.At("backups"),
            Kind = kind,
            Options = new EngineOptions(),
        };

    private static void Replace(string source, string state)
    {
        Directory.Delete(source, recursive: true);
        PowDbFixtures.Copy(PowDbFixtures.At(state), source);
    }
}
