using BackupTools.Chains;
using BackupTools.Engines;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Tests.Formats.Spg;

namespace BackupTools.Tests.Engines.Spg;

/// <summary>Where a restore writes: what it finds there, what it may replace, in which order.</summary>
public sealed class SpgDestinationTests
{
    private static readonly string[] s_good =
    [
        "bundles/full-v2.bkp",
        "bundles/incr-1.bkp",
        "bundles/incr-2.bkp",
        "bundles/incr-3-empty.bkp",
    ];

    [Fact]
    public void What_stands_at_the_destination_is_listed_and_replaced_whole()
    {
        using var box = new SpgBox();
        var target = box.Harness.At("target", "rec.db");
        var wal = box.Harness.At("target", "rec.wal");
        var manifest = box.Harness.At("target", "rec.spg", "manifest.v10");
        BundleHeader[] chain = [box.Fixture("bundles/full-v2.bkp")];
        Assert.Empty(Occupied(box, chain, target));
        Directory.CreateDirectory(Path.GetDirectoryName(manifest)!);
        File.WriteAllBytes(target, SpgFixtures.Bytes("states/S2.v8.db"));
        File.WriteAllBytes(wal, SpgFixtures.Bytes("states/S2.wal"));
        File.WriteAllBytes(manifest, SpgFixtures.Bytes("manifest/for-S0.v9.manifest.v10"));
        File.WriteAllText(box.Harness.At("target", "rec.spg", "kept.txt"), "not ours");
        Assert.Equal([target, wal, manifest], Occupied(box, chain, target));
        Assert.True(MayReplace(box, chain, target));
        box.Harness.Restore(chain, target);
        Assert.Equal(SpgFixtures.Bytes("states/S0.v8.db"), File.ReadAllBytes(target));
        // An old log would be replayed on the new database, even if the new one is empty.
        Assert.Empty(File.ReadAllBytes(wal));
        Assert.False(File.Exists(manifest));
        Assert.True(File.Exists(box.Harness.At("target", "rec.spg", "kept.txt")));
        Assert.Equal(["rec.db", "rec.spg", "rec.wal"], Names(box.Harness.At("target")));
    }

    [Theory]
    [InlineData("states/S0.v8.db", "restore/expected.rows.txt", true)]
    [InlineData("restore/expected.rows.txt", "states/S2.wal", false)]
    [InlineData(null, "states/S2.wal", true)]
    [InlineData(null, "restore/expected.rows.txt", false)]
    public void Only_an_spg_database_may_be_replaced(string? db, string? wal, bool allowed)
    {
        using var box = new SpgBox();
        var target = box.Harness.At("rec.db");
        if (db is not null)
        {
            File.Copy(SpgFixtures.PathOf(db), target);
        }
        if (wal is not null)
        {
            File.Copy(SpgFixtures.PathOf(wal), box.Harness.At("rec.wal"));
        }
        Assert.Equal(allowed, MayReplace(box, [box.Fixture("bundles/full-v2.bkp")], target));
    }

    [Fact]
    public void A_folder_is_never_replaced_by_a_database()
    {
        using var box = new SpgBox();
        Directory.CreateDirectory(box.Harness.At("rec.db"));
        Directory.CreateDirectory(box.Harness.At("x.wal"));
        File.Copy(SpgFixtures.PathOf("states/S0.v8.db"), box.Harness.At("x.db"));
        BundleHeader[] chain = [box.Fixture("bundles/full-v2.bkp")];
        Assert.False(MayReplace(box, chain, box.Harness.At("rec.db")));
        Assert.False(MayReplace(box, chain, box.Harness.At("x.db")));
    }

    [Fact]
    public void The_log_goes_where_it_is_told_to()
    {
        using var box = new SpgBox();
        var chain = s_good.Select(box.Fixture).ToList();
        var logs = Directory.CreateDirectory(box.Harness.At("logs")).FullName;
        var result = box.Harness.Restore(chain, box.Harness.At("r", "rec.db"), walPath: Path.Combine(logs, "log"));
        Assert.Equal([box.Harness.At("r", "rec.db"), Path.Combine(logs, "log")], result.Files);
        Assert.Equal(SpgFixtures.Bytes("restore/rec.wal"), File.ReadAllBytes(Path.Combine(logs, "log")));
        Assert.Equal(["rec.db"], Names(box.Harness.At("r")));
        var error = Assert.Throws<BackupException>(() =>
            box.Harness.Restore(chain, box.Harness.At("q", "rec.db"), walPath: box.Harness.At("no", "log"))
        );
        Assert.Equal(ErrorCode.PathNotFound, error.Code);
        error = Assert.Throws<BackupException>(() =>
            box.Harness.Restore(chain, box.Harness.At("q", "rec.db"), walPath: box.Harness.At("q", "rec.db"))
        );
        Assert.Equal(ErrorCode.InvalidOption, error.Code);
    }

    [Fact]
    public void The_database_is_put_in_place_last()
    {
        using var box = new SpgBox();
        using var staging = StagingArea.Create(box.Harness.Disk, box.Harness.Folder, TimeProvider.System);
        var request = Request(box, [box.Fixture("bundles/full-v2.bkp")], box.Harness.At("rec.db"));
        var steps = box.Harness.Engine.Restore(request, staging, box.Harness.Context()).Steps;
        Assert.Equal([box.Harness.At("rec.wal"), box.Harness.At("rec.db")], steps.Select(s => s.FinalPath));
    }

    [Fact]
    public void A_log_on_another_file_system_is_refused_before_anything_is_read()
    {
        var disk = new HookedDisk();
        using var box = new SpgBox(disk);
        var full = box.Fixture("bundles/full-v2.bkp");
        var logs = Directory.CreateDirectory(box.Harness.At("logs")).FullName;
        disk.Seeing = entry => entry?.Path == logs ? entry with { Device = entry.Device + 1 } : entry;
        disk.BytesRead.Clear();
        var error = Assert.Throws<BackupException>(() =>
            box.Harness.Restore([full], box.Harness.At("r", "rec.db"), walPath: Path.Combine(logs, "log"))
        );
        Assert.Equal(ErrorCode.InvalidOption, error.Code);
        Assert.Empty(disk.BytesRead);
    }

    private static RestoreRequest Request(SpgBox box, IReadOnlyList<BundleHeader> chain, string target) =>
        new() { Plan = box.Harness.PlanOf(chain), DestinationPath = target };

    private static IReadOnlyList<string> Occupied(SpgBox box, IReadOnlyList<BundleHeader> chain, string target) =>
        box.Harness.Engine.OccupiedBy(Request(box, chain, target), box.Harness.Context());

    private static bool MayReplace(SpgBox box, IReadOnlyList<BundleHeader> chain, string target) =>
        box.Harness.Engine.MayReplace(Request(box, chain, target), box.Harness.Context());

    private static string[] Names(string folder) =>
        [.. Directory.GetFileSystemEntries(folder).Select(e => Path.GetFileName(e)!).Order()];
}
