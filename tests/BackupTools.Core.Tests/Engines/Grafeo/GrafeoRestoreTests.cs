using BackupTools.Chains;
using BackupTools.Engines;
using BackupTools.Engines.Grafeo;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Grafeo;
using BackupTools.Tests.Engines.Spg;
using BackupTools.Tests.Formats.Grafeo;

namespace BackupTools.Tests.Engines.Grafeo;

public class GrafeoRestoreTests
{
    private const long Base = 1795145304000;

    [Fact]
    public void The_log_of_the_old_generation_is_written_as_the_engine_writes_it()
    {
        using var h = new GrafeoHarness().WithBackups("v05-reference");
        var restored = h.RestoreTo(5);
        Assert.Equal(GrafeoBytes.FixtureBytes("v05-reference", "S0.grafeo"), File.ReadAllBytes(restored));
        Assert.Equal(
            GrafeoBytes.FixtureBytes("v05-reference", "restored-epoch-5.wal", "wal_00000000.log"),
            File.ReadAllBytes(Path.Combine(restored + ".wal", "wal_00000000.log"))
        );
        Assert.Single(Directory.EnumerateFiles(restored + ".wal"));
    }

    [Fact]
    public void The_log_of_the_new_generation_ends_behind_the_wanted_commit()
    {
        using var h = new GrafeoHarness().WithBackups("v06-native");
        (ulong Epoch, int Length)[] cuts = [(5, 226), (6, 342), (7, 420), (8, 102301)];
        var log = GrafeoBytes.FixtureBytes("v06-native", "S2.grafeo.wal", "wal_00000000000000000480.log");
        foreach (var (epoch, length) in cuts)
        {
            var restored = h.RestoreTo(epoch);
            Assert.Equal(epoch, h.Reached);
            Assert.Equal(h.Bytes("backup_full_0000.grafeo"), File.ReadAllBytes(restored));
            Assert.Equal(
                GrafeoBytes.FixtureBytes("v06-native", "S2.grafeo.wal", "wal_00000000000000000311.log"),
                File.ReadAllBytes(Path.Combine(restored + ".wal", "wal_00000000000000000311.log"))
            );
            // A seal behind the wanted commit may stay.
            var cut = File.ReadAllBytes(Path.Combine(restored + ".wal", "wal_00000000000000000480.log"));
            Assert.Equal(log[..(epoch == 5 ? 259 : length)], cut);
        }
    }

    [Theory]
    [InlineData("v06-native")]
    [InlineData("v05-reference")]
    public void The_image_alone_is_restored_to_its_own_epoch(string set)
    {
        using var h = new GrafeoHarness().WithBackups(set);
        var restored = h.RestoreTo(3);
        Assert.Equal(3ul, h.Reached);
        Assert.Equal(h.Bytes("backup_full_0000.grafeo"), File.ReadAllBytes(restored));
        Assert.False(Directory.Exists(restored + ".wal"));
    }

    [Theory]
    [InlineData("v06-native", 2)]
    [InlineData("v06-native", 10)]
    [InlineData("v05-reference", 2)]
    [InlineData("v05-reference", 99)]
    public void A_target_outside_of_the_chain_is_refused(string set, ulong epoch)
    {
        using var h = new GrafeoHarness().WithBackups(set);
        var plan = h.Inner.PlanOf(h.Newest(), epoch);
        var planned = Assert.Throws<BackupException>(() =>
            RestorePlanner.Plan(h.Chains()[0], plan.Target, cutsInside: true, cutsByTime: true)
        );
        Assert.Equal(ErrorCode.TargetNotCovered, planned.Code);
    }

    [Theory]
    [InlineData(98 - 1, 4)] // a millisecond before the next commit
    [InlineData(98, 5)]
    [InlineData(99, 5)]
    [InlineData(100, 7)] // two commits in one millisecond
    [InlineData(111, 7)]
    [InlineData(112, 8)]
    [InlineData(201, 8)] // behind the last increment but one, before the last one's commit
    [InlineData(202, 9)]
    [InlineData(1_000_000, 9)]
    public void A_point_in_time_keeps_the_commits_up_to_it(long milliseconds, ulong epoch)
    {
        using var h = new GrafeoHarness().WithBackups("v06-native");
        h.Restore(new RestoreTarget.TimeTarget(DateTimeOffset.FromUnixTimeMilliseconds(Base + milliseconds)));
        Assert.Equal(epoch, h.Reached);
    }

    [Fact]
    public void Without_times_in_the_log_a_point_in_time_takes_whole_increments()
    {
        using var h = new GrafeoHarness().WithBackups("v05-reference");
        foreach (
            var (offset, epoch) in new[] { (0, 3ul), (999, 3ul), (1000, 4ul), (1999, 4ul), (2000, 7ul), (9999, 7ul) }
        )
        {
            h.Restore(new RestoreTarget.TimeTarget(DateTimeOffset.FromUnixTimeMilliseconds(1775000000000 + offset)));
            Assert.Equal(epoch, h.Reached);
        }
    }

    [Fact]
    public void What_the_older_engine_lost_is_named_and_lost_epochs_are_no_targets()
    {
        using var h = new GrafeoHarness().WithBackups("v05-lost", "backups-as-reference");
        h.Restore();
        Assert.Equal(7ul, h.Reached);
        Assert.Contains("epochs 4..5 are in no segment", Assert.Single(h.Inner.Warnings), StringComparison.Ordinal);
        h.RestoreTo(6);
        Assert.Equal(6ul, h.Reached);
        foreach (var lost in new ulong[] { 4, 5 })
        {
            var error = Assert.Throws<BackupException>(() => h.RestoreTo(lost));
            Assert.Equal(ErrorCode.TargetNotCovered, error.Code);
            Assert.Contains($"epoch {lost} cannot be restored", error.Message, StringComparison.Ordinal);
        }
        var verified = Assert.Single(h.Inner.Verify(h.Newest()));
        Assert.Equal((ProblemSeverity.Warning, ErrorCode.ChainGap), (verified.Severity, verified.Code));
        using var correct = new GrafeoHarness().WithBackups("v05-lost", "backups-correct");
        correct.RestoreTo(5);
        Assert.Empty(correct.Inner.Warnings);
        Assert.Empty(correct.Inner.Verify(correct.Newest()));
    }

    [Fact]
    public void Epochs_without_a_commit_are_reached_by_the_commit_before_them()
    {
        using var h = new GrafeoHarness().WithBackups("v06-native");
        // A read-only transaction spends an epoch without writing: the engine's manifest then claims more.
        Rewrite(h, 3, s => s with { EndEpoch = 11 }, gbak => BitConverter.GetBytes(11ul).CopyTo(gbak, 16));
        h.RestoreTo(10);
        Assert.Equal(9ul, h.Reached);
    }

    [Fact]
    public void Changes_of_the_schema_alone_make_an_increment_that_moves_no_epoch()
    {
        using var h = new GrafeoHarness().Become("v06-native", "S0");
        h.Full();
        var log = Path.Combine(h.Log, "wal_00000000000000000311.log");
        byte[] schema = GrafeoBytes.Frame(311, 1, 3, GrafeoBytes.GroupPayload(311, 3, (ulong)Base, 10));
        File.WriteAllBytes(log, [.. File.ReadAllBytes(log), .. schema]);
        var increment = h.Increment();
        Assert.Equal((3ul, 3ul), (increment.Start.Value, increment.End.Value));
        var manifest = GrafeoManifest.Read(h.Bytes("backup_manifest.json"));
        Assert.Equal((4ul, 3ul), (manifest.Segments[1].StartEpoch, manifest.Segments[1].EndEpoch));
        var restored = h.Restore();
        Assert.Equal(
            File.ReadAllBytes(log),
            File.ReadAllBytes(Path.Combine(restored + ".wal", "wal_00000000000000000311.log"))
        );
    }

    [Fact]
    public void A_grown_segment_is_restored_once()
    {
        using var h = new GrafeoHarness().Become("v06-native", "S0");
        h.Full();
        var log = Path.Combine(h.Log, "wal_00000000000000000311.log");
        var lsn = 311ul;
        for (var epoch = 4ul; epoch < 8; epoch++)
        {
            var frame = GrafeoBytes.Frame(lsn, epoch, 3, GrafeoBytes.GroupPayload(311, epoch, (ulong)Base + epoch, 5));
            File.WriteAllBytes(log, [.. File.ReadAllBytes(log), .. frame]);
            lsn += (ulong)frame.Length;
            h.Increment();
        }
        Assert.Empty(h.Inner.Verify(h.Newest()));
        for (var epoch = 4ul; epoch < 8; epoch++)
        {
            var restored = h.RestoreTo(epoch);
            Assert.Equal(epoch, h.Reached);
            var bytes = File.ReadAllBytes(Path.Combine(restored + ".wal", Path.GetFileName(log)));
            Assert.Equal(File.ReadAllBytes(log)[..bytes.Length], bytes);
        }
    }

    [Fact]
    public void Commits_out_of_order_are_not_cut_apart()
    {
        using var h = new GrafeoHarness().Become("v06-native", "S0");
        h.Full();
        var log = Path.Combine(h.Log, "wal_00000000000000000311.log");
        var lsn = 311ul;
        foreach (var epoch in new ulong[] { 5, 4, 6 })
        {
            var frame = GrafeoBytes.Frame(lsn, epoch, 3, GrafeoBytes.GroupPayload(311, epoch, (ulong)Base, 5));
            File.WriteAllBytes(log, [.. File.ReadAllBytes(log), .. frame]);
            lsn += (ulong)frame.Length;
        }
        h.Increment();
        h.RestoreTo(5);
        Assert.Equal(5ul, h.Reached);
        Assert.Equal(ErrorCode.TargetNotCovered, Assert.Throws<BackupException>(() => h.RestoreTo(4)).Code);
    }

    [Fact]
    public void A_file_that_no_manifest_lists_is_restored_too()
    {
        using var h = new GrafeoHarness();
        var image = h.Inner.At("image.grafeo");
        File.Copy(GrafeoBytes.Fixture("v06-native", "S0.grafeo"), image);
        var increment = h.Inner.At("increment.wal");
        File.Copy(GrafeoBytes.Fixture("v06-native", "backups", "backup_incr_0001.wal"), increment);
        BundleHeader[] path = [h.Inner.Read(image).Single(), h.Inner.Read(increment).Single()];
        Assert.Equal([(3ul, 3ul), (3, 4)], path.Select(b => (b.Start.Value, b.End.Value)));
        Assert.Empty(h.Inner.Verify(path, VerifyDepth.Checksums));
        var result = h.Inner.Restore(path, h.Inner.At("out", "x.grafeo"), deep: true);
        Assert.Equal(4ul, result.End.Value);
        File.WriteAllBytes(increment, GrafeoBytes.Flip(File.ReadAllBytes(increment), 300));
        var error = Assert.Throws<BackupException>(() => h.Inner.Restore(path, h.Inner.At("out2", "x.grafeo")));
        Assert.Equal((ErrorCode.ChecksumMismatch, increment), (error.Code, error.FullName));
        Assert.Contains("damaged group at log position 311", error.Message, StringComparison.Ordinal);
    }

    /// <summary>Also a byte that says nothing of the state, which reading the result again passes over.</summary>
    [Theory]
    [InlineData("image", 100)]
    [InlineData("image", 4100)]
    [InlineData("wal_00000000000000000311.log", 100)]
    public void What_reads_back_differently_is_not_published_by_a_deep_restore(string staged, long offset)
    {
        using var h = new GrafeoHarness().WithBackups("v06-native");
        var target = h.Inner.At("out", "x.grafeo");
        using var misreading = new EngineHarness(new GrafeoEngine(), HookedDisk.Misreading(staged, offset));
        var error = Assert.Throws<BackupException>(() =>
            misreading.Restore([.. h.Chains()[0].Bundles], target, deep: true)
        );
        Assert.Equal((ErrorCode.VerificationFailed, offset), (error.Code, error.Offset));
        Assert.False(File.Exists(target));
    }

    [Fact]
    public void An_existing_database_is_replaced_whole_and_nothing_of_it_stays()
    {
        using var h = new GrafeoHarness().WithBackups("v06-native").Become("v05-reference", "S2");
        File.WriteAllText(h.Database + ".checkpoint", "old");
        var path = h.Newest();
        var request = new RestoreRequest { Plan = h.Inner.PlanOf(path), DestinationPath = h.Database };
        var context = h.Inner.Context();
        Assert.Equal([h.Database, h.Log, h.Database + ".checkpoint"], h.Inner.Engine.OccupiedBy(request, context));
        Assert.True(h.Inner.Engine.MayReplace(request, context));
        h.Inner.Restore(path, h.Database);
        Assert.Equal(h.Bytes("backup_full_0000.grafeo"), File.ReadAllBytes(h.Database));
        Assert.All(Directory.EnumerateFiles(h.Log), f => Assert.Matches("wal_[0-9]{20}.log", f));
        Assert.False(File.Exists(h.Database + ".checkpoint"));
        h.Inner.Restore([path[0]], h.Database);
        Assert.False(Directory.Exists(h.Log));
    }

    [Fact]
    public void What_is_no_database_or_is_open_is_not_replaced()
    {
        using var h = new GrafeoHarness().WithBackups("v06-native");
        var request = new RestoreRequest { Plan = h.Inner.PlanOf(h.Newest()), DestinationPath = h.Database };
        var context = h.Inner.Context();
        Assert.Empty(h.Inner.Engine.OccupiedBy(request, context));
        File.WriteAllText(h.Database, "a letter");
        Assert.False(h.Inner.Engine.MayReplace(request, context));
        h.Become("v06-native", "S0");
        using (LocalDisk.Instance.TryLock(h.Database))
        {
            Assert.Equal(
                ErrorCode.SourceInUse,
                Assert.Throws<BackupException>(() => h.Inner.Engine.MayReplace(request, context)).Code
            );
        }
        Assert.True(h.Inner.Engine.MayReplace(request, context));
        File.Delete(h.Database);
        Assert.True(h.Inner.Engine.MayReplace(request, context));
    }

    [Theory]
    [InlineData("v06-native")]
    [InlineData("v05-reference")]
    public void A_failed_restore_leaves_nothing(string set)
    {
        using var h = new GrafeoHarness().WithBackups(set);
        var path = Path.Combine(h.Backups, "backup_incr_0002.wal");
        File.WriteAllBytes(path, GrafeoBytes.Flip(File.ReadAllBytes(path), 100));
        var folder = h.Inner.At("out");
        Directory.CreateDirectory(folder);
        Assert.Throws<BackupException>(() => h.Inner.Restore(h.Newest(), Path.Combine(folder, "x.grafeo")));
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder));
    }

    /// <summary>Changes an increment's bytes and its manifest entry so that they agree again.</summary>
    internal static void Rewrite(
        GrafeoHarness h,
        int index,
        Func<GrafeoSegment, GrafeoSegment> entry,
        Action<byte[]>? change = null
    )
    {
        var manifestPath = Path.Combine(h.Backups, "backup_manifest.json");
        var manifest = GrafeoManifest.Read(File.ReadAllBytes(manifestPath));
        var segments = manifest.Segments.ToArray();
        var path = Path.Combine(h.Backups, segments[index].FileName);
        var bytes = File.ReadAllBytes(path);
        change?.Invoke(bytes);
        File.WriteAllBytes(path, bytes);
        segments[index] = entry(segments[index]) with
        {
            Checksum = GrafeoBytes.Crc(bytes),
            SizeBytes = (ulong)bytes.Length,
        };
        File.WriteAllBytes(manifestPath, (manifest with { Segments = segments }).Write());
    }
}
