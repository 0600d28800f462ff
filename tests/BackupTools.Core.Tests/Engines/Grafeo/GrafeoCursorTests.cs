using System.Runtime.Versioning;
using BackupTools.Chains;
using BackupTools.Engines;
using BackupTools.Formats.Grafeo;
using BackupTools.Tests.Files;
using BackupTools.Tests.Formats.Grafeo;

namespace BackupTools.Tests.Engines.Grafeo;

public class GrafeoCursorTests
{
    private static string Path(GrafeoHarness h) => System.IO.Path.Combine(h.Log, "backup_cursor.meta");

    private static GrafeoCursor Cursor(GrafeoHarness h) => GrafeoCursor.Read(File.ReadAllBytes(Path(h)));

    private static GrafeoPositions Positions(GrafeoHarness h) =>
        GrafeoPositions.Read(File.ReadAllBytes(System.IO.Path.Combine(h.Log, "backup_cursor.backuptools.json")));

    [Fact]
    public void The_cursor_names_the_segment_that_the_next_increment_begins_with()
    {
        var clock = new StandingClock();
        using var h = new GrafeoHarness(clock);
        h.Become("v06-native", "S0").Full();
        Assert.Equal(new GrafeoCursor(3, 0, 311, 1775000000000), Cursor(h));
        h.Become("v06-native", "S1").Increment();
        // The segment is still written to, so it will be taken again from its beginning.
        Assert.Equal(new GrafeoCursor(4, 0, 311, 1775000000000), Cursor(h));
        h.Become("v06-native", "S2").Increment();
        Assert.Equal(new GrafeoCursor(8, 0, 480, 1775000000000), Cursor(h));
        Assert.Equal([new GrafeoPosition(h.Backups, 8, 0, 480)], Positions(h).Positions);
        Assert.Empty(h.Inner.Warnings);
    }

    [Fact]
    public void In_the_old_generation_nothing_is_written_beside_the_source()
    {
        // That engine removes its log whatever a cursor says, and its epochs are not those of our bundles.
        using var h = new GrafeoHarness().Become("v05-reference", "S2");
        h.Full();
        Assert.DoesNotContain(Directory.EnumerateFiles(h.Log), f => !f.EndsWith(".log", StringComparison.Ordinal));
    }

    [Fact]
    public void Without_the_cursor_nothing_is_written_beside_the_source()
    {
        using var h = new GrafeoHarness().Become("v06-native", "S2");
        h.Full(new EngineOptions { NoCursor = true });
        Assert.Equal(2, Directory.EnumerateFiles(h.Log).Count());
    }

    [Fact]
    public void The_cursor_is_the_oldest_position_of_all_destinations_until_one_is_forgotten()
    {
        using var h = new GrafeoHarness();
        var other = h.Inner.At("other");
        h.Become("v06-native", "S0").Full();
        h.Full(destination: other);
        h.Become("v06-native", "S1").Increment();
        Assert.Equal((3ul, 311ul), (Cursor(h).BackedUpEpoch, Cursor(h).WalLsn!.Value));
        h.Become("v06-native", "S2").Increment();
        Assert.Equal((3ul, 311ul), (Cursor(h).BackedUpEpoch, Cursor(h).WalLsn!.Value));
        var late = h.Increment(destination: other);
        Assert.Equal((3ul, 8ul), (late.Start.Value, late.End.Value));
        Assert.Equal((8ul, 480ul), (Cursor(h).BackedUpEpoch, Cursor(h).WalLsn!.Value));
        foreach (var folder in new[] { h.Backups, other })
            Assert.Empty(h.Inner.Verify(h.Newest(folder)));
        h.Full(destination: h.Inner.At("third"));
        Assert.Equal(3, Positions(h).Positions.Count);
        h.Full(new EngineOptions { ForgetDestination = [h.Backups + "/", other] });
        Assert.Equal([h.Inner.At("third"), h.Backups], Positions(h).Positions.Select(p => p.Destination));
    }

    [Fact]
    public void A_destination_whose_log_is_gone_no_longer_holds_the_cursor()
    {
        using var h = new GrafeoHarness();
        h.Become("v06-native", "S0").Full(destination: h.Inner.At("abandoned"));
        h.Become("v06-native", "S2").Full();
        File.Delete(System.IO.Path.Combine(h.Log, "wal_00000000000000000311.log"));
        // The next backup sees that the older position leads nowhere.
        var request = new CaptureRequest
        {
            SourcePath = h.Database,
            DestinationFolder = h.Inner.At("third"),
            Kind = BundleKind.Incremental,
            Options = new EngineOptions(),
            Since = 5,
        };
        h.Inner.Capture(request);
        Assert.Equal([h.Backups, h.Inner.At("third")], Positions(h).Positions.Select(p => p.Destination));
        Assert.Contains(h.Inner.Warnings, w => w.Contains("abandoned", StringComparison.Ordinal));
    }

    [Fact]
    public void The_engines_own_cursor_is_kept_where_it_is_the_older_one()
    {
        using var h = new GrafeoHarness().Become("v06-native", "S2");
        File.Copy(GrafeoBytes.Fixture("v06-native", "S0.grafeo.wal", "backup_cursor.meta"), Path(h));
        h.Full();
        Assert.Equal((3ul, 311ul), (Cursor(h).BackedUpEpoch, Cursor(h).WalLsn!.Value));
        Assert.Equal([Path(h), h.Backups], Positions(h).Positions.Select(p => p.Destination));
        h.Full(new EngineOptions { ForgetDestination = [Path(h)] });
        Assert.Equal((8ul, 480ul), (Cursor(h).BackedUpEpoch, Cursor(h).WalLsn!.Value));
    }

    [Fact]
    public void A_younger_cursor_of_the_engines_own_keeps_its_epoch_and_our_log()
    {
        using var h = new GrafeoHarness().Become("v06-native", "S0");
        h.Full();
        // The engine has backed up since, into a folder of its own: its next increment begins behind epoch 8.
        h.Become("v06-native", "S2");
        File.WriteAllBytes(Path(h), new GrafeoCursor(8, 0, 480, 99).Write());
        h.Full(destination: h.Inner.At("other"));
        Assert.Equal((8ul, 311ul), (Cursor(h).BackedUpEpoch, Cursor(h).WalLsn!.Value));
        Assert.Equal(
            new[] { (Path(h), 480ul), (h.Backups, 311ul), (h.Inner.At("other"), 480ul) }.Order(),
            Positions(h).Positions.Select(p => (p.Destination, p.WalLsn)).Order()
        );
        Assert.Empty(h.Inner.Warnings);
    }

    [Fact]
    public void That_the_engine_stands_at_our_epoch_does_not_make_its_folder_ours()
    {
        using var h = new GrafeoHarness().Become("v06-native", "S0");
        h.Full();
        h.Become("v06-native", "S1").Increment();
        // The engine's own folder reaches epoch 4 as well; then only ours goes on.
        File.WriteAllBytes(Path(h), new GrafeoCursor(4, 0, 311, 99).Write());
        h.Become("v06-native", "S2").Increment();
        Assert.Equal((4ul, 311ul), (Cursor(h).BackedUpEpoch, Cursor(h).WalLsn!.Value));
        Assert.Contains(Positions(h).Positions, p => p.Destination == Path(h) && p.WalLsn == 311);
    }

    [Fact]
    public void When_the_engine_went_on_in_our_folder_its_cursor_is_ours()
    {
        using var h = new GrafeoHarness().Become("v06-native", "S2").WithBackups("v06-native");
        // The engine's folder without its last increment, and the cursor the engine had then.
        var manifest = GrafeoManifest.Read(h.Bytes("backup_manifest.json"));
        File.WriteAllBytes(
            System.IO.Path.Combine(h.Backups, "backup_manifest.json"),
            (manifest with { Segments = [.. manifest.Segments.Take(2)] }).Write()
        );
        File.Copy(GrafeoBytes.Fixture("v06-native", "S2.grafeo.wal", "backup_cursor.meta"), Path(h));
        var increment = h.Increment();
        Assert.Equal(
            GrafeoBytes.FixtureBytes("v06-native", "backups", "backup_incr_0002.wal"),
            File.ReadAllBytes(increment.FullName)
        );
        Assert.Equal([h.Backups], Positions(h).Positions.Select(p => p.Destination));
        Assert.Equal((8ul, 480ul), (Cursor(h).BackedUpEpoch, Cursor(h).WalLsn!.Value));
    }

    [UnixFact, UnsupportedOSPlatform("windows")]
    public void A_closed_database_gets_a_folder_for_the_cursor()
    {
        using var h = new GrafeoHarness().Become("v06-native", "S0");
        Directory.Delete(h.Log, recursive: true);
        File.SetUnixFileMode(h.Database, (UnixFileMode)0b110_100_000);
        h.Full();
        Assert.Equal((3ul, 311ul), (Cursor(h).BackedUpEpoch, Cursor(h).WalLsn!.Value));
        Assert.Equal((UnixFileMode)0b110_100_000, File.GetUnixFileMode(Path(h)));
        Assert.Equal((UnixFileMode)0b111_101_000, File.GetUnixFileMode(h.Log));
        h.Become("v05-reference", "empty");
        Directory.Delete(h.Log, recursive: true);
        h.Full(destination: h.Inner.At("old"));
        Assert.False(Directory.Exists(h.Log));
    }

    [Fact]
    public void A_cursor_that_cannot_be_moved_makes_a_warning_and_no_bad_backup()
    {
        using var h = new GrafeoHarness().Become("v06-native", "S0");
        File.WriteAllText(System.IO.Path.Combine(h.Log, "backup_cursor.backuptools.json"), "{\"version\":1,");
        h.Full();
        Assert.Empty(h.Inner.Verify(h.Newest()));
        Assert.Contains(
            h.Inner.Warnings,
            w =>
                w.StartsWith(
                    "the backup is complete, but the backup cursor could not be moved",
                    StringComparison.Ordinal
                ) && w.Contains("backup_cursor.backuptools.json", StringComparison.Ordinal)
        );
        Assert.False(File.Exists(Path(h)));
    }

    [Fact]
    public void Two_backups_that_end_at_once_both_leave_their_position()
    {
        using var h = new GrafeoHarness().Become("v06-native", "S2");
        Parallel.For(0, 6, i => h.Full(destination: h.Inner.At($"to{i}")));
        Assert.Equal(6, Positions(h).Positions.Select(p => p.Destination).Distinct().Count());
        Assert.Empty(h.Inner.Warnings);
        Assert.DoesNotContain(Directory.EnumerateFiles(h.Log), f => f.EndsWith(".lock") || f.EndsWith(".tmp"));
    }
}
