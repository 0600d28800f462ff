using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Tests.Formats.Alopex;

namespace BackupTools.Tests.Engines.Alopex;

public sealed class AlopexBundlesTests
{
    [Fact]
    public void A_copy_of_the_engines_command_line_is_called_what_it_is()
    {
        using var harness = AlopexStates.Harness();
        harness.Data("small/S1", "backup/ts-1795145099");

        var header = Assert.Single(harness.Read(harness.At("backup")));

        var note = Assert.Single(header.Notes);
        Assert.Equal((ProblemSeverity.Warning, ErrorCode.MissingFile), (note.Severity, note.Code));
        Assert.StartsWith("made by the engine's command line", note.Message, StringComparison.Ordinal);
        Assert.Equal(("copy without manifest", 28UL), (header.Format, header.End.Value));
        Assert.Equal([note.Message], harness.Verify([header]).Noted().Select(p => p.Message));
        harness.Restore([header], harness.At("restored"), deep: true);
        Assert.Equal(
            AlopexFixtures.Expected(AlopexFixtures.At("small/S1")),
            AlopexKeyReader.Read(harness.At("restored")).Keys
        );
    }

    [Fact]
    public void What_can_be_told_of_a_copy_without_manifest_is_told()
    {
        using var harness = AlopexStates.Harness();
        var folder = harness.Data("small/S1", "backup/ts-1795145099");
        AlopexDamage.Patch(Path.Combine(folder, "sst", "2.sst"), 300, [0xFF]);
        File.Delete(Path.Combine(folder, "sst", "1.sst"));

        var problems = harness.Verify([Assert.Single(harness.Read(folder))]).Noted().ToList();

        Assert.Contains(problems, p => p.Message == "checksum mismatch of the SSTable file");
        Assert.Contains(problems, p => p.Message.EndsWith("may be lost: 1", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("checkpoint.meta")]
    [InlineData("sst")]
    public void What_a_killed_backup_left_is_an_error_and_no_bundle(string left)
    {
        using var harness = AlopexStates.Harness();
        var folder = harness.Data("small/S1", "backup/ts-1795145099");
        foreach (var entry in Directory.GetFileSystemEntries(folder).Where(e => Path.GetFileName(e) != left))
        {
            if (Directory.Exists(entry))
            {
                Directory.Delete(entry, recursive: true);
            }
            else
            {
                File.Delete(entry);
            }
        }

        var read = Assert.Single(harness.Engine.ReadBundles(harness.At("backup"), harness.Context()));

        Assert.Null(read.Header);
        Assert.Equal((ErrorCode.MissingFile, folder), (read.Error!.Code, read.FullName));
        Assert.Contains("interrupted", read.Error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_snapshot_does_not_hide_its_neighbours()
    {
        using var harness = AlopexStates.Harness();
        var source = harness.Data("small/S1");
        var first = harness.Full(source, harness.At("backup"));
        var second = harness.Full(source, harness.At("backup"));
        File.WriteAllText(Path.Combine(first.FullName, "snapshot.manifest"), "{");

        var read = harness.Engine.ReadBundles(harness.At("backup"), harness.Context()).ToList();

        Assert.Equal("manifest decode failed: EOF while parsing a value at line 1 column 1", read[0].Error!.Message);
        Assert.Equal(second.Id, read[1].Header!.Id);
    }

    [Fact]
    public void A_data_directory_is_no_snapshot_even_with_the_manifest_that_a_restore_left()
    {
        using var harness = AlopexStates.Harness();
        var source = harness.Data("small/S1");
        Directory.CreateDirectory(Path.Combine(source, ".lifecycle"));
        File.Copy(
            Path.Combine(AlopexFixtures.SnapshotOf(AlopexFixtures.At("small/S1")), "snapshot.manifest"),
            Path.Combine(source, "snapshot.manifest")
        );

        Assert.Empty(harness.Read(source));
        Assert.Empty(harness.Read(harness.Folder));
        Assert.True(harness.Engine.RecognisesSource(source, harness.Context()));
    }

    [Fact]
    public void A_snapshot_is_no_source_whatever_its_name()
    {
        using var harness = AlopexStates.Harness();
        var header = harness.Full(harness.Data("small/S1"), harness.At("backup"));
        Directory.Move(header.FullName, harness.At("renamed"));

        var read = Assert.Single(harness.Read(harness.At("renamed")));

        Assert.Equal(28UL, read.End.Value);
        Assert.False(harness.Engine.RecognisesSource(harness.At("renamed"), harness.Context()));
        Assert.Empty(harness.Verify([read]).Noted());
    }

    [Fact]
    public void Snapshots_of_the_engine_are_found_through_its_data_directory()
    {
        using var harness = AlopexStates.Harness();
        var source = AlopexFixtures.Copy(AlopexFixtures.At("default/S1/snap/data"), harness.At("db"));

        var header = Assert.Single(harness.Read(source));

        Assert.Equal(("ts-1795145027", 28UL), (header.Name, header.End.Value));
    }

    [Theory]
    [InlineData("ts-")]
    [InlineData("ts-12a")]
    [InlineData("ts--1")]
    [InlineData("ts-99999999999999999999")]
    [InlineData("photos")]
    public void Other_folders_are_not_looked_into(string name)
    {
        using var harness = AlopexStates.Harness();
        harness.Data("small/S1", $"backup/{name}");

        Assert.Empty(harness.Read(harness.At("backup")));
    }

    [Fact]
    public void Nothing_is_found_where_nothing_is()
    {
        using var harness = AlopexStates.Harness();
        File.WriteAllText(harness.At("file"), "x");
        Directory.CreateDirectory(harness.At("ts-12"));

        Assert.Empty(harness.Read(harness.At("file")));
        Assert.Empty(harness.Read(harness.Folder));
        Assert.Empty(harness.Read(harness.At("ts-12")));
    }

    [Theory]
    [InlineData("small/S1", true)]
    [InlineData("dialectB-small/S0", true)]
    [InlineData("legacy-wal-v1", true)]
    [InlineData("torn/small-start_out_of_ring", true)]
    public void Data_directories_are_recognised_sound_or_not(string fixture, bool recognised)
    {
        using var harness = AlopexStates.Harness();
        Assert.Equal(recognised, harness.Engine.RecognisesSource(harness.Data(fixture), harness.Context()));
    }

    [Fact]
    public void Other_places_are_not_taken_for_data_directories()
    {
        using var harness = AlopexStates.Harness();
        File.WriteAllText(harness.At("lsm.wal"), "a text of more than twenty-four characters");
        Assert.False(harness.Engine.RecognisesSource(harness.Folder, harness.Context()));
        Assert.False(harness.Engine.RecognisesSource(harness.At("lsm.wal"), harness.Context()));
        Assert.False(harness.Engine.RecognisesSource(harness.At("nowhere"), harness.Context()));
    }
}
