using BackupTools.Chains;
using BackupTools.Engines;
using BackupTools.Errors;
using BackupTools.Formats.Grafeo;
using BackupTools.Tests.Formats.Grafeo;

namespace BackupTools.Tests.Engines.Grafeo;

public class GrafeoCaptureTests
{
    [Fact]
    public void A_chain_of_the_old_generation_is_byte_for_byte_the_reference_chain()
    {
        var clock = new StandingClock();
        using var h = new GrafeoHarness(clock);
        h.Become("v05-reference", "S0").Full();
        clock.Milliseconds += 1000;
        h.Become("v05-reference", "S1").Increment();
        clock.Milliseconds += 1000;
        h.Become("v05-reference", "S2").Increment();
        var expected = Directory.EnumerateFiles(GrafeoBytes.Fixture("v05-reference", "backups")).Order().ToList();
        Assert.Equal(
            expected.Select(Path.GetFileName),
            Directory.EnumerateFiles(h.Backups).Order().Select(Path.GetFileName)
        );
        Assert.All(expected, f => Assert.Equal(File.ReadAllBytes(f), h.Bytes(Path.GetFileName(f))));
    }

    [Fact]
    public void Increments_of_the_new_generation_are_byte_for_byte_those_of_the_engine()
    {
        using var h = new GrafeoHarness();
        var full = h.Become("v06-native", "S0").Full();
        Assert.Equal(GrafeoBytes.FixtureBytes("v06-native", "S0.grafeo"), File.ReadAllBytes(full.FullName));
        var first = h.Become("v06-native", "S1").Increment();
        var second = h.Become("v06-native", "S2").Increment();
        Assert.Equal(
            GrafeoBytes.FixtureBytes("v06-native", "backups", "backup_incr_0001.wal"),
            File.ReadAllBytes(first.FullName)
        );
        Assert.Equal(
            GrafeoBytes.FixtureBytes("v06-native", "backups", "backup_incr_0002.wal"),
            File.ReadAllBytes(second.FullName)
        );
        Assert.Equal(
            [(3ul, 3ul, "Grafeo image v3"), (3, 4, "GBAK v2"), (4, 8, "GBAK v2")],
            h.Newest().Select(b => (b.Start.Value, b.End.Value, b.Format))
        );
        Assert.All(h.Newest(), b => Assert.Equal("81a6b88702c3b2f2362d0d1ee73ce92e", b.Series));
        Assert.Equal(first.Id, second.ParentId);
        Assert.Empty(h.Inner.Verify(h.Newest()));
    }

    [Fact]
    public void What_the_older_engine_loses_is_in_our_increment()
    {
        using var h = new GrafeoHarness().Become("v05-lost", "live").WithBackups("v05-lost", "backups-correct");
        File.Delete(Path.Combine(h.Backups, "backup_incr_0001.wal"));
        var manifest = GrafeoManifest.Read(h.Bytes("backup_manifest.json"));
        File.WriteAllBytes(
            Path.Combine(h.Backups, "backup_manifest.json"),
            (manifest with { Segments = [manifest.Segments[0]] }).Write()
        );
        var increment = h.Increment();
        Assert.Equal((3ul, 7ul), (increment.Start.Value, increment.End.Value));
        Assert.Equal(
            GrafeoBytes.FixtureBytes("v05-lost", "backups-correct", "backup_incr_0001.wal"),
            File.ReadAllBytes(increment.FullName)
        );
    }

    [Theory]
    [InlineData("v06-native", 3, 8)]
    [InlineData("v05-reference", 3, 7)]
    public void A_full_of_a_database_with_commits_in_its_log_brings_them_along(string set, ulong image, ulong last)
    {
        using var h = new GrafeoHarness().Become(set, "S2");
        var before = h.SourceFiles();
        var full = h.Full();
        Assert.Equal((BundleKind.Full, image), (full.Kind, full.End.Value));
        Assert.Equal([(image, image), (image, last)], h.Newest().Select(b => (b.Start.Value, b.End.Value)));
        Assert.Empty(h.Inner.Verify(h.Newest()));
        Assert.Equal(before, h.SourceFiles());
        h.Restore();
        Assert.Equal(last, h.Reached);
        var again = Assert.Throws<BackupException>(() => h.Increment());
        Assert.Equal((ErrorCode.NothingToBackUp, "no new WAL records since last backup"), (again.Code, again.Message));
    }

    [Fact]
    public void Two_fulls_of_one_epoch_make_two_chains_and_the_increment_continues_the_second()
    {
        using var h = new GrafeoHarness();
        h.Become("v06-native", "S1").Full();
        h.Full();
        h.Become("v06-native", "S2").Increment();
        var chains = h.Chains();
        Assert.Equal([2, 3], chains.Select(c => c.Bundles.Count));
        Assert.All(chains, c => Assert.DoesNotContain(c.Problems, p => p.Severity != ProblemSeverity.Info));
        Assert.Equal(8ul, chains[1].Head!.End.Value);
        var old = Assert.Throws<BackupException>(() => h.Inner.Increment(h.Database, h.Backups, chains[0].PathTo(1)!));
        Assert.Equal(ErrorCode.InvalidOption, old.Code);
    }

    [Fact]
    public void A_never_checkpointed_database_is_captured_from_its_log_alone()
    {
        using var h = new GrafeoHarness().Become("v05-reference", "empty");
        Directory.CreateDirectory(h.Log);
        File.WriteAllBytes(Path.Combine(h.Log, "wal_00000000.log"), [.. GrafeoBytes.Group(1), .. GrafeoBytes.Group(2)]);
        h.Full();
        Assert.Equal([(0ul, 0ul), (0, 2)], h.Newest().Select(b => (b.Start.Value, b.End.Value)));
        File.AppendAllText(h.Database, "x");
        var lie = Assert.Throws<BackupException>(() => h.Full());
        Assert.Equal((ErrorCode.Malformed, h.Database), (lie.Code, lie.FullName));
    }

    [Fact]
    public void A_pending_image_is_the_newer_database_unless_the_file_was_converted_since()
    {
        using var h = new GrafeoHarness().Become("v05-reference", "empty");
        File.Copy(GrafeoBytes.Fixture("v05-reference", "S0.grafeo"), h.Database + ".checkpoint");
        Assert.Equal(3ul, h.Full().End.Value);
        h.Become("v06-native", "S0");
        var full = h.Full(destination: h.Inner.At("other"));
        Assert.Equal("Grafeo image v3", full.Format);
    }

    [Theory]
    [InlineData("v06-native", 4, 4, 8)]
    [InlineData("v06-native", 6, 6, 8)]
    public void An_increment_may_begin_at_a_given_epoch(string set, ulong since, ulong start, ulong end)
    {
        using var h = new GrafeoHarness().Become(set, "S2");
        var increment = h.Inner.Capture(Since(h, since));
        Assert.Equal((start, end), (increment.Start.Value, increment.End.Value));
        Assert.DoesNotContain(h.Inner.Verify([increment]), p => p.Severity == ProblemSeverity.Error);
    }

    [Theory]
    [InlineData("v06-native", 99, ErrorCode.SinceBeyondLog)]
    [InlineData("v05-reference", 5, ErrorCode.ContinuityNotProved)] // epochs come again: one alone says nothing
    public void An_epoch_that_says_nothing_of_the_database_is_refused(string set, ulong since, ErrorCode code)
    {
        using var h = new GrafeoHarness().Become(set, "S2");
        var error = Assert.Throws<BackupException>(() => h.Inner.Capture(Since(h, since)));
        Assert.Equal(code, error.Code);
    }

    private static CaptureRequest Since(GrafeoHarness h, ulong since) =>
        new()
        {
            SourcePath = h.Database,
            DestinationFolder = h.Backups,
            Kind = BundleKind.Incremental,
            Options = new EngineOptions(),
            Since = since,
        };

    [Fact]
    public void A_converted_database_needs_a_new_full_which_keeps_the_old_chain()
    {
        using var h = new GrafeoHarness().WithBackups("v05-reference").Become("v06-native", "S0");
        Assert.Equal(ErrorCode.ForeignEpoch, Assert.Throws<BackupException>(() => h.Increment()).Code);
        h.Full();
        var manifest = GrafeoManifest.Read(h.Bytes("backup_manifest.json"));
        Assert.Equal((GrafeoEncoding.Json, 4), (manifest.Encoding, manifest.Segments.Count));
        Assert.Equal(2, h.Chains().Count);
        Assert.Single(h.Chains().Select(c => c.Series).Distinct());
        Assert.All(h.Chains(), c => Assert.Empty(h.Inner.Verify(c.PathTo(c.Bundles.Count - 1)!)));
    }

    [Fact]
    public void A_log_cut_anywhere_gives_the_groups_before_the_cut()
    {
        using var h = new GrafeoHarness();
        h.Become("v06-native", "S0").Full(new EngineOptions { NoCursor = true });
        h.Become("v06-native", "S2");
        var log = Path.Combine(h.Log, "wal_00000000000000000480.log");
        var bytes = File.ReadAllBytes(log);
        (int End, ulong Epoch)[] groups = [(128, 4), (226, 5), (259, 5), (342, 6), (420, 7)];
        var cuts = groups
            .SelectMany(g => new[] { g.End - 1, g.End, g.End + 1, g.End + 24, g.End + 25, g.End + 40 })
            .Append(bytes.Length - 1)
            .Where(length => length >= 128);
        foreach (var length in cuts)
        {
            File.WriteAllBytes(log, bytes[..length]);
            var request = new CaptureRequest
            {
                SourcePath = h.Database,
                DestinationFolder = h.Inner.At($"cut{length}"),
                Kind = BundleKind.Incremental,
                Options = new EngineOptions { NoCursor = true },
                Parent = h.Newest()[^1],
            };
            var increment = h.Inner.Capture(request);
            Assert.Equal(groups.Last(g => g.End <= length).Epoch, increment.End.Value);
            Assert.DoesNotContain(h.Inner.Verify([increment]), p => p.Severity == ProblemSeverity.Error);
        }
    }

    [Fact]
    public void A_segment_that_a_crash_left_without_its_manifest_is_replaced()
    {
        using var h = new GrafeoHarness().Become("v06-native", "S0");
        Directory.CreateDirectory(h.Backups);
        File.WriteAllText(Path.Combine(h.Backups, "backup_full_0000.grafeo"), "half");
        Assert.Equal("backup_full_0000.grafeo", h.Full().Name);
        Assert.Empty(h.Inner.Verify(h.Newest()));
    }

    [Fact]
    public void A_name_that_the_manifest_holds_is_never_given_twice()
    {
        using var h = new GrafeoHarness().Become("v06-native", "S0");
        h.Full();
        h.Become("v06-native", "S1").Increment();
        var path = Path.Combine(h.Backups, "backup_manifest.json");
        var manifest = GrafeoManifest.Read(File.ReadAllBytes(path));
        var kept = manifest.Segments[1] with { Kind = GrafeoSegmentKind.Incremental };
        File.WriteAllBytes(path, (manifest with { Segments = [kept] }).Write());
        Assert.Equal("backup_full_0002.grafeo", h.Become("v06-native", "S0").Full().Name);
    }

    [Fact]
    public void The_users_checkpoint_runs_before_the_copy()
    {
        using var h = new GrafeoHarness().Become("v06-native", "S0");
        var run = 0;
        h.Full(new EngineOptions { Checkpoint = () => run++ });
        Assert.Equal(1, run);
        Assert.Throws<InvalidOperationException>(() =>
            h.Full(new EngineOptions { Checkpoint = () => throw new InvalidOperationException("user") })
        );
    }

    [Fact]
    public void A_cancelled_backup_leaves_nothing()
    {
        using var h = new GrafeoHarness().Become("v06-native", "S2");
        var before = h.SourceFiles();
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        var request = new CaptureRequest
        {
            SourcePath = h.Database,
            DestinationFolder = h.Backups,
            Kind = BundleKind.Full,
            Options = new EngineOptions(),
        };
        Assert.ThrowsAny<OperationCanceledException>(() => h.Inner.Capture(request, cancelled.Token));
        Assert.False(Directory.Exists(h.Backups) && Directory.EnumerateFileSystemEntries(h.Backups).Any());
        Assert.Equal(before, h.SourceFiles());
    }

    [Fact]
    public void The_plan_says_what_is_read_and_written()
    {
        using var h = new GrafeoHarness().Become("v06-native", "S2");
        var request = new CaptureRequest
        {
            SourcePath = h.Database,
            DestinationFolder = h.Backups,
            Kind = BundleKind.Full,
            Options = new EngineOptions(),
        };
        var plan = h.Inner.Engine.PlanCapture(request, h.Inner.Context());
        Assert.Equal(Path.Combine(h.Backups, "backup_full_0000.grafeo"), plan.BundlePath);
        Assert.Equal(81920 + 297 + 102301, plan.ExpectedBytes);
        Assert.Equal([h.Database, .. Directory.EnumerateFiles(h.Log, "*.log").Order()], plan.SourceFiles);
        Assert.Equal(
            [Path.Combine(h.Log, "backup_cursor.meta"), Path.Combine(h.Log, "backup_cursor.backuptools.json")],
            plan.WritesBesideSource
        );
        Assert.Equal(ProblemSeverity.Info, Assert.Single(plan.Warnings).Severity);
        Assert.False(Directory.Exists(h.Backups));
        var without = request with { Options = new EngineOptions { NoCursor = true } };
        Assert.Empty(h.Inner.Engine.PlanCapture(without, h.Inner.Context()).WritesBesideSource);
        var both = request with
        {
            Options = new EngineOptions { NoCursor = true, ForgetDestination = ["/x"] },
        };
        Assert.Equal(
            ErrorCode.InvalidOption,
            Assert.Throws<BackupException>(() => h.Inner.Engine.PlanCapture(both, h.Inner.Context())).Code
        );
    }

    [Fact]
    public void Sessions_that_wrote_their_epochs_across_two_files_lose_nothing()
    {
        using var h = new GrafeoHarness().Become("v05-reference", "S0");
        h.Full();
        var log = Path.Combine(h.Log, "wal_00000001.log");
        File.WriteAllBytes(log, [.. GrafeoBytes.Group(4)]);
        h.Increment();
        // Epoch 6 came before epoch 5, which begins the next file.
        File.WriteAllBytes(log, [.. GrafeoBytes.Group(4), .. GrafeoBytes.Group(6)]);
        File.WriteAllBytes(Path.Combine(h.Log, "wal_00000002.log"), [.. GrafeoBytes.Group(5)]);
        var increment = h.Increment();
        Assert.Equal([.. Numbered(6, 5), .. Numbered(5, 6)], File.ReadAllBytes(increment.FullName)[GbakHeader.Size..]);
    }

    [Fact]
    public void A_commit_that_has_no_epoch_yet_is_taken_as_recovery_takes_it()
    {
        using var h = new GrafeoHarness().Become("v05-reference", "S1");
        byte[] commit = [.. GrafeoBytes.Node(9, "x"), .. GrafeoBytes.Commit(9)];
        var path = Path.Combine(h.Log, "wal_00000001.log");
        using (var log = new FileStream(path, FileMode.Append))
            log.Write(commit);
        h.Full();
        var made = h.Bytes("backup_incr_0001.wal")[GbakHeader.Size..];
        Assert.Equal([.. File.ReadAllBytes(path), .. GrafeoBytes.Epoch(5)], made);
        // Its epoch, which comes now, is no news.
        using (var log = new FileStream(path, FileMode.Append))
            log.Write(GrafeoBytes.Epoch(5));
        Assert.Equal(ErrorCode.NothingToBackUp, Assert.Throws<BackupException>(() => h.Increment()).Code);
    }

    [Fact]
    public void Epochs_that_begin_anew_are_numbered_on()
    {
        using var h = new GrafeoHarness().Become("v05-reference", "S0");
        var log = Path.Combine(h.Log, "wal_00000001.log");
        File.WriteAllBytes(log, [.. GrafeoBytes.Group(1), .. GrafeoBytes.Group(2)]);
        h.Full();
        Assert.Equal([.. Numbered(1, 4), .. Numbered(2, 5)], h.Bytes("backup_incr_0001.wal")[GbakHeader.Size..]);
        File.AppendAllBytes(log, [.. GrafeoBytes.Group(1), .. GrafeoBytes.Group(2)]); // killed, and opened again
        var increment = h.Increment();
        Assert.Equal((5ul, 7ul), (increment.Start.Value, increment.End.Value));
        Assert.Equal([.. Numbered(1, 6), .. Numbered(2, 7)], h.Bytes(increment.Name)[GbakHeader.Size..]);
        Assert.Empty(h.Inner.Verify(h.Newest()));
        foreach (var epoch in new ulong[] { 3, 4, 5, 6, 7 })
        {
            h.RestoreTo(epoch);
            Assert.Equal(epoch, h.Reached);
        }
    }

    [Fact]
    public void A_log_that_the_image_may_hold_in_part_is_one_state()
    {
        using var h = new GrafeoHarness().Become("v05-reference", "S0");
        var log = Path.Combine(h.Log, "wal_00000001.log");
        // Epoch 3 is the image's: a checkpoint may have come in the middle, or a clean close and a session of four.
        File.WriteAllBytes(log, [.. Enumerable.Range(1, 4).SelectMany(e => GrafeoBytes.Group((ulong)e))]);
        h.Full();
        Assert.Equal((3ul, 4ul), (h.Newest()[1].Start.Value, h.Newest()[1].End.Value));
        File.AppendAllBytes(log, [.. GrafeoBytes.Group(5), .. GrafeoBytes.Group(6)]);
        Assert.Equal((4ul, 6ul), (h.Increment().Start.Value, h.Newest()[2].End.Value)); // exact again
    }

    [Fact]
    public void An_epoch_names_one_state_of_a_folder()
    {
        using var h = new GrafeoHarness().Become("v05-reference", "S2");
        h.Full();
        h.Become("v05-reference", "S1").Full();
        Assert.Equal(
            [(3ul, 3ul), (3, 7), (8, 8), (8, 9)],
            h.Chains().SelectMany(c => c.Bundles).Select(b => (b.Start.Value, b.End.Value))
        );
        foreach (var chain in h.Chains())
            Assert.Empty(h.Inner.Verify(chain.PathTo(1)!));
    }

    /// <summary>The commit of one epoch with the number of another.</summary>
    private static byte[] Numbered(ulong epoch, ulong number) =>
        [.. GrafeoBytes.Node(epoch, "N"), .. GrafeoBytes.Commit(epoch + 1), .. GrafeoBytes.Epoch(number)];
}
