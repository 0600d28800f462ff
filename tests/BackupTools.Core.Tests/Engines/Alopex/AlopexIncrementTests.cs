using BackupTools.Chains;
using BackupTools.Engines;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Tests.Formats.Alopex;

namespace BackupTools.Tests.Engines.Alopex;

public sealed class AlopexIncrementTests
{
    [Fact]
    public void An_increment_is_a_whole_snapshot_that_shares_the_tables_that_did_not_change()
    {
        using var harness = AlopexStates.Harness();
        var first = harness.Full(harness.Data("small/S0", "db0"), harness.At("backup"));

        // S2 was made from S0 by four more checkpoints and a commit.
        var second = harness.Increment(harness.Data("small/S2", "db2"), harness.At("backup"), [first]);

        Assert.Equal((BundleKind.Full, 38UL), (second.Kind, second.End.Value));
        Assert.True(IsShared(first, second, "1.sst") && IsShared(first, second, "2.sst"));
        Assert.Equal(2, Stat(second, "2.sst").LinkCount);
        Assert.Equal(1, Stat(second, "3.sst").LinkCount);
        Assert.Equal(2844 + 11124, second.SharedBytes);
        Assert.Empty(harness.Verify([second]).Noted());
        harness.Restore([second], harness.At("restored"), deep: true);
        Assert.Equal(
            AlopexFixtures.Expected(AlopexFixtures.At("small/S2")),
            AlopexKeyReader.Read(harness.At("restored")).Keys
        );
    }

    [Fact]
    public void Removing_an_old_snapshot_never_harms_a_newer_one()
    {
        using var harness = AlopexStates.Harness();
        var snapshots = Row(harness);

        Directory.Delete(snapshots[0].FullName, recursive: true);
        Directory.Delete(snapshots[1].FullName, recursive: true);

        Assert.Empty(harness.Verify([snapshots[2]]).Noted());
        harness.Restore([snapshots[2]], harness.At("restored"));
        Assert.Equal(
            AlopexFixtures.Expected(AlopexFixtures.At("small/S2")),
            AlopexKeyReader.Read(harness.At("restored")).Keys
        );
        Assert.Equal(0, Assert.Single(harness.Read(snapshots[2].FullName)).SharedBytes);
    }

    [Fact]
    public void A_restored_database_shares_nothing_with_the_backup()
    {
        using var harness = AlopexStates.Harness();
        var snapshots = Row(harness);

        harness.Restore([snapshots[2]], harness.At("restored"));

        Assert.All(
            Directory.GetFiles(harness.At("restored"), "*", SearchOption.AllDirectories),
            f => Assert.Equal(1, LocalDisk.Instance.Stat(f)!.LinkCount)
        );
    }

    [Fact]
    public void A_rotten_table_of_the_earlier_snapshot_is_not_passed_on()
    {
        using var harness = AlopexStates.Harness();
        var first = harness.Full(harness.Data("small/S0", "db0"), harness.At("backup"));
        AlopexDamage.Patch(Path.Combine(first.FullName, "sst", "2.sst"), 300, [0xFF]);

        var second = harness.Increment(harness.Data("small/S1", "db1"), harness.At("backup"), [first]);

        Assert.False(IsShared(first, second, "2.sst"));
        Assert.True(IsShared(first, second, "1.sst"));
        Assert.Contains("sst/2.sst of the earlier snapshot", Assert.Single(harness.Warnings), StringComparison.Ordinal);
        Assert.Empty(harness.Verify([second]).Noted());
    }

    [Fact]
    public void A_table_of_the_same_name_and_size_with_another_content_is_copied()
    {
        // Ids come again after an older state was restored.
        using var harness = AlopexStates.Harness();
        var source = harness.Data("small/S1");
        var first = harness.Full(source, harness.At("backup"));
        var table = AlopexTableBuilder.Build([AlopexRow.Of("a", 21, "one")]);
        var other = AlopexTableBuilder.Build([AlopexRow.Of("a", 21, "two")]);
        // Neither length nor any checksum of the format tells them apart: each block is followed by its own CRC-32,
        // so that the CRC-32 of the file, and the manifest's too, is the same for all sound blocks of one shape.
        Assert.Equal(table.Length, other.Length);
        Assert.Equal(AlopexKeyReader.Crc(table), AlopexKeyReader.Crc(other));
        Assert.Equal(table[^48..], other[^48..]);
        File.WriteAllBytes(Path.Combine(source, "sst", "4.sst"), table);
        var second = harness.Increment(source, harness.At("backup"), [first]);
        File.WriteAllBytes(Path.Combine(source, "sst", "4.sst"), other);

        var third = harness.Increment(source, harness.At("backup"), [second]);

        Assert.False(IsShared(second, third, "4.sst"));
        Assert.Equal(table, File.ReadAllBytes(Path.Combine(second.FullName, "sst", "4.sst")));
        Assert.Equal(other, File.ReadAllBytes(Path.Combine(third.FullName, "sst", "4.sst")));
    }

    [Fact]
    public void A_damaged_table_of_the_source_is_noticed_even_when_a_good_copy_is_at_hand()
    {
        using var harness = AlopexStates.Harness();
        var source = harness.Data("small/S1");
        var first = harness.Full(source, harness.At("backup"));
        AlopexDamage.Patch(Path.Combine(source, "sst", "2.sst"), 300, [0xFF]);
        AlopexStates.Settle(source);

        var error = Assert.Throws<BackupException>(() => harness.Increment(source, harness.At("backup"), [first]));

        Assert.Equal(ErrorCode.SourceDamaged, error.Code);
        Assert.StartsWith("sst/2.sst: checksum mismatch", error.Message, StringComparison.Ordinal);
        Assert.Single(Directory.GetDirectories(harness.At("backup")));
    }

    [Fact]
    public void Where_there_are_no_hard_links_tables_are_copied()
    {
        using var folder = new Files.TempFolder();
        using var harness = new EngineHarness(
            new BackupTools.Engines.Alopex.AlopexEngine(),
            new Files.FaultyDisk(LocalDisk.Instance) { HardLinks = false }
        );
        var source = harness.Data("small/S1");
        var first = harness.Full(source, harness.At("backup"));

        var second = harness.Increment(source, harness.At("backup"), [first]);

        Assert.False(IsShared(first, second, "1.sst"));
        Assert.Equal(0, second.SharedBytes);
        Assert.Empty(harness.Verify([second]).Noted());
    }

    [Fact]
    public void A_snapshot_of_another_database_is_told_before_anything_is_written()
    {
        using var harness = AlopexStates.Harness();
        var other = harness.At("other");
        using (var writer = new AlopexWriter(other))
        {
            writer.Commit();
            writer.Checkpoint();
        }
        var foreign = harness.Full(other, harness.At("backup"));
        var request = new CaptureRequest
        {
            SourcePath = harness.Data("small/S1"),
            DestinationFolder = harness.At("backup"),
            Kind = BundleKind.Incremental,
            Options = new EngineOptions(),
            Parent = foreign,
        };

        var warning = Assert.Single(harness.Engine.PlanCapture(request, harness.Context()).Warnings);
        var snapshot = harness.Capture(request);

        Assert.Equal(ErrorCode.ForeignEpoch, warning.Code);
        Assert.Equal(
            AlopexFixtures.Expected(AlopexFixtures.At("small/S1")),
            AlopexKeyReader.Read(snapshot.FullName).Keys
        );
    }

    [Fact]
    public void An_increment_without_an_earlier_snapshot_is_refused()
    {
        using var harness = AlopexStates.Harness();
        var request = new CaptureRequest
        {
            SourcePath = harness.Data("small/S1"),
            DestinationFolder = harness.At("backup"),
            Kind = BundleKind.Incremental,
            Options = new EngineOptions(),
            Since = 28,
        };

        var error = Assert.Throws<BackupException>(() => harness.Engine.PlanCapture(request, harness.Context()));

        Assert.Equal(ErrorCode.NoFullBackup, error.Code);
    }

    private static List<BundleHeader> Row(EngineHarness harness)
    {
        var snapshots = new List<BundleHeader> { harness.Full(harness.Data("small/S0", "db0"), harness.At("backup")) };
        foreach (var state in new[] { "S1", "S2" })
        {
            snapshots.Add(harness.Increment(harness.Data($"small/{state}", state), harness.At("backup"), snapshots));
        }
        return snapshots;
    }

    private static bool IsShared(BundleHeader one, BundleHeader other, string table) =>
        Stat(one, table).IsSameFileAs(Stat(other, table));

    private static DiskEntry Stat(BundleHeader snapshot, string table) =>
        LocalDisk.Instance.Stat(Path.Combine(snapshot.FullName, "sst", table))!;
}
