using BackupTools.Chains;
using BackupTools.Engines;
using BackupTools.Errors;
using BackupTools.Formats.Grafeo;
using BackupTools.Tests.Files;
using BackupTools.Tests.Formats.Grafeo;

namespace BackupTools.Tests.Engines.Grafeo;

/// <summary>Backups that are not taken, and what is said.</summary>
public class GrafeoRefusalTests
{
    [Fact]
    public void A_log_that_was_removed_is_named_with_the_time_since_when()
    {
        using var h = new GrafeoHarness();
        h.Become("v06-native", "S0").Full();
        h.Become("v06-native", "S2");
        File.Delete(Path.Combine(h.Log, "wal_00000000000000000311.log"));
        var removed = Assert.Throws<BackupException>(() => h.Increment());
        Assert.Equal(ErrorCode.LogIsGone, removed.Code);
        Assert.Equal(
            "the log that follows epoch 3 (LSN 311) is gone: what is left begins at LSN 480, written since 2026-11-20T03:28:24Z",
            removed.Message
        );
        Assert.Contains("full backup", removed.Recommendation, StringComparison.Ordinal);
    }

    [Fact]
    public void A_checkpoint_that_left_no_log_is_named_with_its_time()
    {
        using var h = new GrafeoHarness();
        h.Become("v06-native", "S0").Full(new EngineOptions { NoCursor = true });
        Directory.Delete(h.Log, recursive: true);
        Assert.Equal(
            ErrorCode.NothingToBackUp,
            Assert.Throws<BackupException>(() => h.Increment(new EngineOptions { NoCursor = true })).Code
        );
        File.WriteAllBytes(h.Database, WithSlot(File.ReadAllBytes(h.Database), checkpointLsn: 403, epoch: 5));
        var gone = Assert.Throws<BackupException>(() => h.Increment(new EngineOptions { NoCursor = true }));
        Assert.Equal(ErrorCode.LogIsGone, gone.Code);
        Assert.Contains("left no log before LSN 403 (epoch 5)", gone.Message, StringComparison.Ordinal);
        Assert.Contains("2026-11-20T03:28:23Z", gone.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void In_the_old_generation_lost_epochs_are_named()
    {
        using var h = new GrafeoHarness();
        h.Become("v05-reference", "S0").Full();
        h.Become("v05-reference", "S2");
        File.Delete(Path.Combine(h.Log, "wal_00000001.log"));
        var gap = Assert.Throws<BackupException>(() => h.Increment());
        Assert.Equal(ErrorCode.LogIsGone, gap.Code);
        Assert.Contains("no longer holds epochs 4..4", gap.Message, StringComparison.Ordinal);
        File.Copy(
            GrafeoBytes.Fixture("v05-reference", "checkpoint.meta.sample"),
            Path.Combine(h.Log, "checkpoint.meta")
        );
        Assert.Contains(
            "the checkpoint of epoch 7, 2026-03-31T23:33:20Z, left the log from file 2 on",
            Assert.Throws<BackupException>(() => h.Increment()).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_database_that_went_back_behind_the_chain_is_refused()
    {
        foreach (var set in new[] { "v06-native", "v05-reference" })
        {
            using var h = new GrafeoHarness();
            h.Become(set, "S0").Full();
            h.Become(set, "S2").Increment();
            h.Become(set, "S1");
            var error = Assert.Throws<BackupException>(() => h.Increment());
            Assert.Equal(ErrorCode.SinceBeyondLog, error.Code);
        }
    }

    [Fact]
    public void A_database_that_went_another_way_is_recognised_by_the_bytes_before_the_position()
    {
        using var h = new GrafeoHarness();
        h.Become("v06-native", "S0").Full();
        h.Become("v06-native", "S1").Increment();
        h.Become("v06-native", "S2");
        var log = Path.Combine(h.Log, "wal_00000000000000000311.log");
        var bytes = File.ReadAllBytes(log);
        // The same position, the same epoch, the same length, but committed a moment later.
        var payload = bytes[(128 + 25)..];
        payload[8 + 6 + 1 + 1] ^= 1;
        byte[] other = [.. bytes[..128], .. GrafeoBytes.Frame(311, 5, 3, payload)];
        Assert.Equal(bytes.Length, other.Length);
        File.WriteAllBytes(log, other);
        var error = Assert.Throws<BackupException>(() => h.Increment());
        Assert.Equal((ErrorCode.ForeignEpoch, log), (error.Code, error.FullName));
    }

    [Fact]
    public void So_is_one_of_the_old_generation()
    {
        using var h = new GrafeoHarness();
        h.Become("v05-reference", "S0").Full();
        h.Become("v05-reference", "S1").Increment();
        h.Become("v05-reference", "S2");
        File.WriteAllBytes(Path.Combine(h.Log, "wal_00000001.log"), GrafeoBytes.Group(4));
        Assert.Equal(ErrorCode.ContinuityNotProved, Assert.Throws<BackupException>(() => h.Increment()).Code);
    }

    [Fact]
    public void Another_database_does_not_share_a_folder()
    {
        using var h = new GrafeoHarness();
        h.Become("v06-native", "S0").Full();
        var bytes = File.ReadAllBytes(h.Database);
        bytes[20] ^= 1;
        BitConverter.GetBytes(GrafeoBytes.Crc(bytes.AsSpan(0, 72))).CopyTo(bytes, 72);
        File.WriteAllBytes(h.Database, bytes);
        foreach (var kind in new[] { BundleKind.Full, BundleKind.Incremental })
        {
            var error = Assert.Throws<BackupException>(() => kind == BundleKind.Full ? h.Full() : h.Increment());
            Assert.Equal(ErrorCode.ForeignEpoch, error.Code);
        }
    }

    [Fact]
    public void Damage_with_commits_behind_it_is_no_torn_end()
    {
        using var h = new GrafeoHarness();
        h.Become("v06-native", "S0").Full(new EngineOptions { NoCursor = true });
        h.Become("v06-native", "S2");
        // In a payload; in the length of a frame, which then runs past the end; in a segment that others follow.
        foreach (var (lsn, at, offset) in new[] { (480, 200, 128L), (480, 229, 226L), (311, 200, 128L) })
        {
            var log = Path.Combine(h.Log, $"wal_{lsn:D20}.log");
            var bytes = File.ReadAllBytes(log);
            File.WriteAllBytes(log, GrafeoBytes.Flip(bytes, at));
            var error = Assert.Throws<BackupException>(() => h.Increment(new EngineOptions { NoCursor = true }));
            Assert.Equal((ErrorCode.SourceDamaged, log, offset), (error.Code, error.FullName, error.Offset));
            Assert.Contains("the log continues after it", error.Message, StringComparison.Ordinal);
            File.WriteAllBytes(log, bytes);
        }
    }

    [Theory]
    [InlineData("v06-native", 28672, ErrorCode.SourceDamaged)]
    [InlineData("v05-reference", 16500, ErrorCode.SourceDamaged)]
    [InlineData("v05-reference", 12300, ErrorCode.SourceDamaged)]
    public void A_damaged_image_is_refused_as_the_sources_own_damage(string set, int at, ErrorCode code)
    {
        using var h = new GrafeoHarness().Become(set, "S0");
        var bytes = File.ReadAllBytes(h.Database);
        // Some page that the active image uses.
        if (set == "v06-native")
            at = (int)GrafeoContainerHeader.Read(bytes).Active.Root!.Value.Offset + 40;
        File.WriteAllBytes(h.Database, GrafeoBytes.Flip(bytes, at));
        var error = Assert.Throws<BackupException>(() => h.Full());
        Assert.Equal((code, h.Database), (error.Code, error.FullName));
        Assert.True(error.Offset > 0);
        Assert.False(File.Exists(Path.Combine(h.Backups, "backup_manifest.json")));
        Assert.Empty(Directory.EnumerateFiles(h.Log, "backup_cursor*"));
    }

    [Fact]
    public void Encrypted_and_unknown_databases_are_refused_by_name()
    {
        using var h = new GrafeoHarness().Become("v06-native", "S0");
        var bytes = File.ReadAllBytes(h.Database);
        var encrypted = bytes.ToArray();
        encrypted[12] = 1;
        BitConverter.GetBytes(GrafeoBytes.Crc(encrypted.AsSpan(0, 72))).CopyTo(encrypted, 72);
        File.WriteAllBytes(h.Database, encrypted);
        Assert.True(h.Inner.Engine.RecognisesSource(h.Database, h.Inner.Context()));
        Assert.Equal(ErrorCode.EncryptedNotSupported, Assert.Throws<BackupException>(() => h.Full()).Code);
        bytes[4] = 9;
        File.WriteAllBytes(h.Database, bytes);
        Assert.True(h.Inner.Engine.RecognisesSource(h.Database, h.Inner.Context()));
        Assert.Equal(ErrorCode.UnsupportedVersion, Assert.Throws<BackupException>(() => h.Full()).Code);
        File.WriteAllBytes(h.Database, GrafeoBytes.SegmentHeader(0));
        Assert.False(h.Inner.Engine.RecognisesSource(h.Database, h.Inner.Context()));
        Assert.False(h.Inner.Engine.RecognisesSource(h.Log, h.Inner.Context()));
        Assert.False(h.Inner.Engine.RecognisesSource(h.Inner.At("nothing"), h.Inner.Context()));
    }

    [UnixFact]
    public void A_link_is_refused_because_its_log_may_lie_elsewhere()
    {
        using var h = new GrafeoHarness().Become("v06-native", "S2");
        var link = h.Inner.At("link.grafeo");
        File.CreateSymbolicLink(link, h.Database);
        var error = Assert.Throws<BackupException>(() => h.Inner.Full(link, h.Backups));
        Assert.Equal((ErrorCode.SourceNotRecognised, link), (error.Code, error.FullName));
    }

    [Fact]
    public void A_failed_backup_of_a_closed_database_leaves_no_log_folder()
    {
        using var h = new GrafeoHarness().Become("v06-native", "S0");
        Directory.Delete(h.Log, recursive: true);
        var bytes = File.ReadAllBytes(h.Database);
        File.WriteAllBytes(h.Database, GrafeoBytes.Flip(bytes, 77824 + 40));
        Assert.Throws<BackupException>(() => h.Full());
        Assert.False(Directory.Exists(h.Log));
    }

    [Fact]
    public void A_log_of_another_database_or_with_a_hole_is_the_sources_own_damage()
    {
        using var h = new GrafeoHarness().Become("v06-native", "S2");
        var log = Path.Combine(h.Log, "wal_00000000000000000480.log");
        var bytes = File.ReadAllBytes(log);
        File.WriteAllBytes(log, [.. GrafeoBytes.SegmentHeader(480), .. bytes[128..]]);
        Refused("belongs to database 07070707070707070707070707070707, not 81a6b88702c3b2f2362d0d1ee73ce92e");
        File.WriteAllBytes(log, bytes);
        File.Move(log, Path.Combine(h.Log, "wal_00000000000000000481.log"));
        Refused("the header starts at LSN 480, the file name at LSN 481");
        File.Delete(Path.Combine(h.Log, "wal_00000000000000000481.log"));
        var later = Path.Combine(h.Log, "wal_00000000000000000999.log");
        var header = bytes[..128];
        BitConverter.GetBytes(999ul).CopyTo(header, 32);
        BitConverter.GetBytes(GrafeoBytes.Crc(header.AsSpan(0, 124))).CopyTo(header, 124);
        File.WriteAllBytes(later, header);
        Refused("the WAL has a gap: the segment before ends at LSN 480, this one starts at LSN 999");
        BitConverter.GetBytes(ulong.MaxValue).CopyTo(header, 32);
        BitConverter.GetBytes(GrafeoBytes.Crc(header.AsSpan(0, 124))).CopyTo(header, 124);
        File.Delete(later);
        File.WriteAllBytes(Path.Combine(h.Log, "wal_18446744073709551615.log"), header);
        Refused("LSN 18446744073709551615 is beyond every log");

        void Refused(string words)
        {
            var error = Assert.Throws<BackupException>(() => h.Full(new EngineOptions { NoCursor = true }));
            Assert.Equal(ErrorCode.SourceDamaged, error.Code);
            Assert.Contains(words, error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_chain_that_ends_inside_a_commit_of_this_log_is_not_of_this_database()
    {
        using var h = new GrafeoHarness().Become("v06-native", "S0");
        h.Full();
        h.Become("v06-native", "S1").Increment();
        // The same bytes up to the position, but there they are part of a longer commit.
        var bytes = GrafeoBytes.FixtureBytes("v06-native", "S1.grafeo.wal", "wal_00000000000000000311.log");
        var payload = bytes[(128 + 25)..];
        byte[] frames = [.. GrafeoBytes.Frame(311, 5, 1, payload), .. GrafeoBytes.Frame(480, 5, 2, [1, 2, 3])];
        File.WriteAllBytes(Path.Combine(h.Log, "wal_00000000000000000311.log"), [.. bytes[..128], .. frames]);
        Assert.Equal(ErrorCode.ForeignEpoch, Assert.Throws<BackupException>(() => h.Increment()).Code);
        var manifest = GrafeoManifest.Read(h.Bytes("backup_manifest.json"));
        var increment = Path.Combine(h.Backups, manifest.Segments[1].FileName);
        var backup = File.ReadAllBytes(increment);
        frames[..169].CopyTo(backup, 40 + 128);
        File.WriteAllBytes(increment, backup);
        Assert.Equal(ErrorCode.SinceInsideFrame, Assert.Throws<BackupException>(() => h.Increment()).Code);
    }

    [Fact]
    public void Epochs_that_do_not_fit_the_chain_are_refused()
    {
        using var h = new GrafeoHarness().Become("v06-native", "S0");
        h.Full();
        var log = Path.Combine(h.Log, "wal_00000000000000000311.log");
        var older = GrafeoBytes.Frame(311, 5, 3, GrafeoBytes.GroupPayload(311, 2, 1795145304000, 5));
        File.WriteAllBytes(log, [.. File.ReadAllBytes(log), .. older]);
        var error = Assert.Throws<BackupException>(() => h.Increment());
        Assert.Equal(ErrorCode.ForeignEpoch, error.Code);
        Assert.Contains("its log has epoch 2 there", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_log_of_the_old_generation_that_went_back_or_is_damaged_is_refused()
    {
        using var h = new GrafeoHarness().Become("v05-reference", "S2");
        h.Full();
        var log = Path.Combine(h.Log, "wal_00000002.log");
        var bytes = File.ReadAllBytes(log);
        // In a payload, and in the length of a record, which then seems to run past the end.
        foreach (var (at, offset) in new[] { (10, 0L), (20, 18L) })
        {
            File.WriteAllBytes(log, GrafeoBytes.Flip(bytes, at));
            var damaged = Assert.Throws<BackupException>(() => h.Full());
            Assert.Equal((ErrorCode.SourceDamaged, log, offset), (damaged.Code, damaged.FullName, damaged.Offset));
        }
        foreach (var file in Directory.EnumerateFiles(h.Log, "*.log"))
            File.Delete(file);
        File.Copy(GrafeoBytes.Fixture("v05-reference", "empty.grafeo"), h.Database, overwrite: true);
        Assert.Equal(ErrorCode.ContinuityNotProved, Assert.Throws<BackupException>(() => h.Increment()).Code);
    }

    [Fact]
    public void An_increment_needs_a_full_in_the_engines_words()
    {
        using var h = new GrafeoHarness().Become("v06-native", "S1");
        var request = new CaptureRequest
        {
            SourcePath = h.Database,
            DestinationFolder = h.Backups,
            Kind = BundleKind.Incremental,
            Options = new EngineOptions(),
        };
        var none = Assert.Throws<BackupException>(() => h.Inner.Capture(request));
        Assert.Equal(
            (ErrorCode.NoFullBackup, "no backup manifest found; run a full backup first"),
            (none.Code, none.Message)
        );
        h.WithBackups("v06-native");
        var manifest = GrafeoManifest.Read(h.Bytes("backup_manifest.json"));
        File.WriteAllBytes(
            Path.Combine(h.Backups, "backup_manifest.json"),
            (manifest with { Segments = [.. manifest.Segments.Skip(1)] }).Write()
        );
        Assert.Equal(
            "no full backup in manifest; run a full backup first",
            Assert.Throws<BackupException>(() => h.Inner.Capture(request)).Message
        );
    }

    /// <summary>The image with another position and epoch in its active header.</summary>
    private static byte[] WithSlot(byte[] image, ulong checkpointLsn, ulong epoch)
    {
        var page = GrafeoContainerHeader.Read(image).ActivePage * 4096;
        BitConverter.GetBytes(checkpointLsn).CopyTo(image, page + 16);
        BitConverter.GetBytes(epoch).CopyTo(image, page + 24);
        BitConverter.GetBytes(GrafeoBytes.Crc(image.AsSpan(page, 80))).CopyTo(image, page + 80);
        return image;
    }
}
