using BackupTools.Chains;
using BackupTools.Engines.Alopex;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Tests.Files;
using BackupTools.Tests.Formats;
using BackupTools.Tests.Formats.Alopex;

namespace BackupTools.Tests.Engines.Alopex;

/// <summary>Snapshots made independent, copied and removed without database and engine.</summary>
public sealed class AlopexKeeperTests : IDisposable
{
    private readonly EngineHarness _harness = AlopexStates.Harness();

    public void Dispose() => _harness.Dispose();

    [Fact]
    public void A_merge_shares_nothing_and_is_the_same_snapshot_byte_for_byte()
    {
        var row = Row();
        Assert.True(row[2].SharedBytes > 0);

        var merged = _harness.Merge([row[2]], _harness.At("merged"));

        Assert.Equal((row[2].Name, row[2].Id, row[2].End, 0), (merged.Name, merged.Id, merged.End, merged.SharedBytes));
        Assert.Equal(AlopexStates.Files(row[2].FullName), AlopexStates.Files(merged.FullName));
        Assert.Equal(merged.FullName, File.ReadAllText(_harness.At("merged", "latest")));
        Assert.Empty(_harness.Verify([merged]).Noted());
    }

    /// <summary>Where its second is taken it gets another.</summary>
    [Fact]
    public void What_is_merged_beside_the_newest_is_the_newest_only_when_it_is_made_of_that()
    {
        var row = Row();
        var first = TimeOf(row[0]);
        Assert.Equal(first.AddSeconds(2), TimeOf(row[2]));

        Assert.Equal(first.AddSeconds(-1), TimeOf(_harness.Merge([row[1]], _harness.At("backup"))));
        Assert.Equal(first.AddSeconds(-2), TimeOf(_harness.Merge([row[0]], _harness.At("backup"))));
        Assert.Equal(row[2].Id, _harness.Read(_harness.At("backup")).MaxBy(b => b.OrderUtc)!.Id);
        Assert.Equal(row[2].FullName, File.ReadAllText(_harness.At("backup", "latest")));

        var newest = _harness.Merge([row[2]], _harness.At("backup"));
        Assert.Equal(first.AddSeconds(3), TimeOf(newest));
        Assert.Equal(newest.Id, _harness.Read(_harness.At("backup")).MaxBy(b => b.OrderUtc)!.Id);
        Assert.Equal(newest.FullName, File.ReadAllText(_harness.At("backup", "latest")));
    }

    [Fact]
    public void A_copy_and_a_merge_keep_what_the_dates_of_the_files_tell()
    {
        var row = Row();
        // The last of a row that was taken within a second is named ahead of the clock.
        Assert.All(row, b => Assert.True(b.TellsOrder));
        Assert.True(row[2].CreatedUtc < TimeOf(row[2]));

        var copied = _harness.Copy(row[2], _harness.At("copy"));
        Assert.Equal(Dates(row[2]), Dates(copied));
        Assert.Equal(Dates(row[2]), Dates(_harness.Merge([copied], _harness.At("merged"))));
        var beside = _harness.Merge([row[2]], _harness.At("backup"));
        Assert.Equal(
            (row[2].CreatedUtc, TimeOf(row[2]), true),
            (beside.CreatedUtc, beside.TakenAfterUtc, beside.TellsOrder)
        );

        // As cp -r does it.
        var manifest = Path.Combine(copied.FullName, "snapshot.manifest");
        File.SetLastWriteTimeUtc(manifest, File.GetLastWriteTimeUtc(manifest).AddTicks(1));
        var bare = Assert.Single(_harness.Read(copied.FullName));
        Assert.Equal((TimeOf(copied), null, false), (bare.CreatedUtc, bare.TakenAfterUtc, bare.TellsOrder));

        static (DateTimeOffset, DateTimeOffset?, DateTimeOffset, bool) Dates(BundleHeader b) =>
            (b.CreatedUtc, b.TakenAfterUtc, b.PerhapsAtUtc, b.TellsOrder);
    }

    [Fact]
    public void In_a_copy_the_tables_are_shared_as_they_were()
    {
        var row = Row();

        row.ForEach(b => _harness.Copy(b, _harness.At("copy")));

        var copied = _harness.Read(_harness.At("copy"));
        Assert.Equal(row.Select(b => (b.Id, b.SharedBytes)), copied.Select(b => (b.Id, b.SharedBytes)));
        for (var i = 0; i < row.Count; i++)
        {
            Assert.Equal(AlopexStates.Files(row[i].FullName), AlopexStates.Files(copied[i].FullName));
            Assert.Empty(_harness.Verify([copied[i]]).Noted());
        }
        Assert.True(Stat(copied[0], "1.sst").IsSameFileAs(Stat(copied[2], "1.sst")));
        Assert.False(Stat(copied[0], "1.sst").IsSameFileAs(Stat(row[0], "1.sst")));
        Assert.Equal(copied[2].FullName, File.ReadAllText(_harness.At("copy", "latest")));
    }

    [Fact]
    public void Two_fulls_that_share_nothing_share_nothing_in_a_copy_either()
    {
        var source = _harness.Data("small/S1");
        var row = new[] { _harness.Full(source, _harness.At("backup")), _harness.Full(source, _harness.At("backup")) };

        Assert.All(row, b => Assert.Equal(0, _harness.Copy(b, _harness.At("copy")).SharedBytes));
    }

    [Fact]
    public void A_table_of_the_copy_that_is_another_sound_one_is_not_shared()
    {
        // Neither length nor any checksum of the format tells the two apart (docs/formats/alopex.md, §4).
        var table = AlopexTableBuilder.Build([AlopexRow.Of("a", 21, "one")]);
        var other = AlopexTableBuilder.Build([AlopexRow.Of("a", 21, "two")]);
        Assert.Equal(AlopexKeyReader.Crc(table), AlopexKeyReader.Crc(other));
        var source = _harness.Data("small/S1");
        File.WriteAllBytes(Path.Combine(source, "sst", "4.sst"), table);
        var first = _harness.Full(source, _harness.At("backup"));
        var second = _harness.Increment(source, _harness.At("backup"), [first]);
        var copied = _harness.Copy(first, _harness.At("copy"));
        File.WriteAllBytes(Path.Combine(copied.FullName, "sst", "4.sst"), other);

        var next = _harness.Copy(second, _harness.At("copy"));

        Assert.Equal(table, File.ReadAllBytes(Path.Combine(next.FullName, "sst", "4.sst")));
        Assert.False(Stat(copied, "4.sst").IsSameFileAs(Stat(next, "4.sst")));
        Assert.True(Stat(copied, "1.sst").IsSameFileAs(Stat(next, "1.sst")));
    }

    [Fact]
    public void Where_there_are_no_links_a_copy_is_whole_all_the_same()
    {
        var row = Row();
        using var harness = new EngineHarness(
            _harness.Engine,
            new FaultyDisk(LocalDisk.Instance) { HardLinks = false }
        );

        var copied = row.ConvertAll(b => harness.Copy(b, harness.At("copy")));

        Assert.All(copied, b => Assert.Equal(0, b.SharedBytes));
        Assert.Equal(AlopexStates.Files(row[2].FullName), AlopexStates.Files(copied[2].FullName));
    }

    [Fact]
    public void A_snapshot_that_is_copied_after_a_newer_one_leaves_the_marker_alone()
    {
        var row = Row();
        _harness.Copy(row[2], _harness.At("copy"));

        _harness.Copy(row[0], _harness.At("copy"));

        Assert.Equal(_harness.At("copy", row[2].Name), File.ReadAllText(_harness.At("copy", "latest")));
    }

    [Theory]
    [InlineData("1.sst")]
    [InlineData("3.sst")]
    public void A_damaged_table_is_found_whether_it_would_be_linked_or_not(string table)
    {
        var row = Row();
        _harness.Copy(row[0], _harness.At("copy"));
        _harness.Copy(row[1], _harness.At("copy"));
        AlopexDamage.Patch(Path.Combine(row[2].FullName, "sst", table), 300, [0xFF]);

        foreach (var act in new Func<BundleHeader>[] { Copy, Merge })
        {
            var error = Assert.Throws<BackupException>(act);
            Assert.Equal(ErrorKind.Damaged, error.Kind);
            Assert.EndsWith(table, error.FullName, StringComparison.Ordinal);
        }
        Assert.Equal(2, Directory.GetDirectories(_harness.At("copy")).Length);

        BundleHeader Copy() => _harness.Copy(row[2], _harness.At("copy"));
        BundleHeader Merge() => _harness.Merge([row[2]], _harness.At("copy"));
    }

    [Fact]
    public void What_goes_never_takes_from_what_stays_and_the_marker_stays_true()
    {
        var row = Row();
        // As the engine spells it: relative to a directory that only it knows.
        File.WriteAllText(_harness.At("backup", "latest"), $"./data/.lifecycle/backup/{row[2].Name}");

        _harness.Remove(_harness.At("backup"), row[0]);
        Assert.StartsWith("./data", File.ReadAllText(_harness.At("backup", "latest")), StringComparison.Ordinal);
        _harness.Remove(_harness.At("backup"), row[2]);
        Assert.Equal(row[1].FullName, File.ReadAllText(_harness.At("backup", "latest")));
        Assert.Empty(_harness.Verify([row[1]]).Noted());
        _harness.Remove(_harness.At("backup"), row[1]);
        Assert.Empty(Directory.GetFileSystemEntries(_harness.At("backup")));
    }

    [Fact(Skip = "Wine has no holes in files", SkipType = typeof(WindowsHost), SkipWhen = nameof(WindowsHost.IsWine))]
    public void Of_the_half_gigabyte_of_a_default_log_a_copy_takes_what_the_original_takes()
    {
        var full = _harness.Full(_harness.Data("default/S1"), _harness.At("backup"));

        var copied = _harness.Copy(full, _harness.At("copy"));

        var wal = LocalDisk.Instance.Stat(Path.Combine(copied.FullName, "lsm.wal"))!;
        Assert.Equal(536_870_928, wal.Length);
        Assert.InRange(wal.AllocatedBytes, 1, 9 * 4096);
        Assert.Empty(_harness.Verify([copied]).Noted());
    }

    [Fact]
    public void A_snapshot_of_the_reference_keeps_its_manifest()
    {
        var header = Assert.Single(_harness.Read(_harness.Snapshot("small/S1")));

        var copied = _harness.Copy(header, _harness.At("copy"));

        Assert.Equal(header.Id, copied.Id);
        Assert.Equal(AlopexStates.Files(header.FullName), AlopexStates.Files(copied.FullName));
    }

    [Fact]
    public void A_copy_that_the_engines_command_line_made_stays_one_without_manifest()
    {
        var full = _harness.Full(_harness.Data("small/S1"), _harness.At("backup"));
        File.Delete(Path.Combine(full.FullName, "snapshot.manifest"));
        var header = Assert.Single(_harness.Read(full.FullName));

        var copied = _harness.Copy(header, _harness.At("copy"));
        var merged = _harness.Merge([header], _harness.At("merged"));

        Assert.Equal((header.Id, header.Id), (copied.Id, merged.Id));
        Assert.Equal(AlopexStates.Files(header.FullName), AlopexStates.Files(copied.FullName));
        Assert.Equal(AlopexStates.Files(header.FullName), AlopexStates.Files(merged.FullName));
    }

    [PythonTheory]
    [InlineData("small/S2")]
    [InlineData("dialectB-small/S2")]
    public void The_independent_checker_reads_the_expected_keys_from_a_merge_and_a_copy(string state)
    {
        var full = _harness.Full(_harness.Data(state), _harness.At("backup"));
        var expected = AlopexFixtures.Expected(AlopexFixtures.At(state));

        foreach (
            var made in new[]
            {
                _harness.Merge([full], _harness.At("merged")),
                _harness.Copy(full, _harness.At("copy")),
            }
        )
        {
            Assert.Equal(expected, AlopexStates.CheckedByPython(made.FullName, small: true));
        }
    }

    /// <summary>A full and two increments, which share the tables that they have in common.</summary>
    private List<BundleHeader> Row()
    {
        var row = new List<BundleHeader> { _harness.Full(_harness.Data("small/S0", "db0"), _harness.At("backup")) };
        row.Add(_harness.Increment(_harness.Data("small/S1", "db1"), _harness.At("backup"), row));
        row.Add(_harness.Increment(_harness.Data("small/S2", "db2"), _harness.At("backup"), row));
        return [.. row.Select(b => Assert.Single(_harness.Read(b.FullName)))];
    }

    private static DateTimeOffset TimeOf(BundleHeader bundle) => AlopexNames.SnapshotTime(bundle.Name)!.Value;

    private static DiskEntry Stat(BundleHeader bundle, string table) =>
        LocalDisk.Instance.Stat(Path.Combine(bundle.FullName, "sst", table))!;
}
