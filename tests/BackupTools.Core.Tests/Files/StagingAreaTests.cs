using BackupTools.Errors;
using BackupTools.Files;

namespace BackupTools.Tests.Files;

public sealed class StagingAreaTests : IDisposable
{
    private readonly TempFolder _temp = new();
    private readonly IDisk _disk = LocalDisk.Instance;

    public void Dispose() => _temp.Dispose();

    private StagingArea Stage(string parent = "") =>
        StagingArea.Create(_disk, _temp[parent].TrimEnd('/'), TimeProvider.System);

    private static void Fill(StagingArea staging, string name, string content)
    {
        using var file = staging.CreateFile(name);
        file.Write(System.Text.Encoding.UTF8.GetBytes(content), 0);
    }

    [Fact]
    public void What_is_published_stands_complete_and_nothing_else_is_left()
    {
        using (var staging = Stage())
        {
            Assert.True(StagingArea.IsStagingName(Path.GetFileName(staging.Folder)));
            Fill(staging, "bundle", "B");
            Fill(staging, "dir/inner", "I");
            staging.Publish([PublishStep.Place("dir", _temp["d"]), PublishStep.Place("bundle", _temp["b"])], default);
        }
        Assert.Equal("b=B\nd/\nd/inner=I", _temp.Show());
    }

    [Fact]
    public void What_is_not_published_is_gone_with_the_folders_made_for_it()
    {
        using (var staging = Stage("new/deep"))
            Fill(staging, "bundle", "B");
        Assert.Equal("", _temp.Show());
    }

    [Fact]
    public void A_folder_is_taken_as_its_user_wrote_it()
    {
        var folder = $"{_temp.Path}/x/../new{Path.AltDirectorySeparatorChar}deep/";
        using var staging = StagingArea.Create(LocalDisk.Instance, folder, TimeProvider.System);
        using (staging.CreateFile("bundle")) { }
        Assert.Equal(Path.GetFullPath(Path.Combine(staging.Folder, "bundle")), staging.PathOf("bundle"));
    }

    [Fact]
    public void What_comes_after_it_was_disposed_is_not_taken_away_by_disposing_again()
    {
        var staging = Stage("new/deep");
        staging.Dispose();
        Directory.CreateDirectory(_temp["new/deep"]);
        staging.Dispose();
        Assert.Equal("new/\nnew/deep/", _temp.Show());
    }

    [Fact]
    public void Folders_made_for_staging_are_there_after_a_power_loss()
    {
        var disk = new FaultyDisk(_disk);
        CreatedFolders.Ensure(disk, _temp["new/deep"]);
        Assert.Equal(4, disk.Steps);
        Assert.Empty(disk.UnflushedIn(_temp.Path));
    }

    [Fact]
    public void A_failure_before_anything_is_staged_leaves_nothing_behind()
    {
        for (var n = 1; ; n++)
        {
            var disk = new FaultyDisk(_disk) { FailAt = n };
            StagingArea? staging = null;
            var thrown = Record.Exception(() =>
                staging = StagingArea.Create(disk, _temp["new/deep"], TimeProvider.System)
            );
            if (thrown is null)
            {
                Assert.Equal(7, n); // two folders made and flushed, the staging folder made and locked: six steps
                staging!.Dispose();
                return;
            }
            Assert.Equal("", _temp.Show());
            Assert.Equal(ErrorCode.DiskFull, Assert.IsType<BackupException>(thrown).Code);
        }
    }

    [Fact]
    public void A_staging_folder_that_a_sweep_takes_before_it_is_locked_is_made_anew()
    {
        FaultyDisk disk = null!;
        string? taken = null;
        disk = new FaultyDisk(_disk)
        {
            OnStep = () =>
            {
                if (taken is null && disk.Log[^1].Split(' ') is [_, "lock", var path])
                    Directory.Delete(taken = Path.GetDirectoryName(path)!);
            },
        };
        using (var staging = StagingArea.Create(disk, _temp.Path, TimeProvider.System))
        {
            Assert.NotEqual(taken, staging.Folder);
            Assert.Equal([staging.Folder], Directory.GetFileSystemEntries(_temp.Path));
            Fill(staging, "f", "new");
            staging.Publish([PublishStep.Place("f", _temp["f"])], default);
        }
        Assert.Equal("f=new", _temp.Show());
    }

    [Fact]
    public void When_every_staging_folder_is_taken_before_it_is_locked_it_is_given_up()
    {
        FaultyDisk disk = null!;
        var held = new List<IDiskFile>();
        disk = new FaultyDisk(_disk)
        {
            OnStep = () =>
            {
                Assert.InRange(disk.Steps, 1, 200);
                if (disk.Log[^1].Split(' ') is [_, "lock", var path])
                    held.Add(_disk.TryLock(path)!);
            },
        };
        var locked = Assert.Throws<BackupException>(() => StagingArea.Create(disk, _temp.Path, TimeProvider.System));
        Assert.Equal(ErrorCode.WriteFailed, locked.Code);
        Assert.InRange(held.Count, 5, 50);
        held.ForEach(h => h.Dispose());
        StagingArea.Sweep(_disk, _temp.Path);
        Assert.Equal("", _temp.Show());

        disk = new FaultyDisk(_disk)
        {
            FailAt = 1,
            FailUntil = int.MaxValue,
            FailWith = ErrorCode.PathNotFound,
            OnStep = () => Assert.InRange(disk.Steps, 1, 200),
        };
        var gone = Assert.Throws<BackupException>(() => StagingArea.Create(disk, _temp.Path, TimeProvider.System));
        Assert.Equal(ErrorCode.PathNotFound, gone.Code);
    }

    [Fact]
    public void Only_staging_folders_are_leftovers()
    {
        const string name = ".backuptools-1-20261120T041000Z-0123abcd.staging";
        Assert.False(StagingArea.HasLeftovers(_disk, _temp["nowhere"]));
        Assert.False(StagingArea.HasLeftovers(_disk, _temp.Path));
        Assert.False(StagingArea.HasLeftovers(_disk, _temp.Write("f/" + name, "a file")));
        Directory.CreateDirectory(_temp["f/folder"]);
        Assert.False(StagingArea.HasLeftovers(_disk, _temp["f"]));
        Directory.CreateDirectory(_temp["g/" + name]);
        _temp.Write("g/bundle", "B");
        Assert.True(StagingArea.HasLeftovers(_disk, _temp["g"]));
    }

    [Fact]
    public void Placing_on_a_taken_name_undoes_what_came_before()
    {
        _temp.Write("b", "old");
        _temp.Write("r", "old");
        using (var staging = Stage())
        {
            Fill(staging, "1", "new");
            Fill(staging, "2", "new");
            Fill(staging, "3", "new");
            var e = Assert.Throws<BackupException>(() =>
                staging.Publish(
                    [
                        PublishStep.Place("1", _temp["a"]),
                        PublishStep.Replace("2", _temp["r"]),
                        PublishStep.Place("3", _temp["b"]),
                    ],
                    default
                )
            );
            Assert.Equal(ErrorCode.DestinationExists, e.Code);
        }
        Assert.Equal("b=old\nr=old", _temp.Show());
    }

    [Fact]
    public void Replacing_and_removing_take_the_old_away()
    {
        _temp.Write("f", "old");
        _temp.Write("d/x", "old");
        _temp.Write("gone", "old");
        using (var staging = Stage())
        {
            Fill(staging, "f", "new");
            Fill(staging, "d/y", "new");
            staging.Publish(
                [
                    PublishStep.Remove(_temp["gone"]),
                    PublishStep.Replace("d", _temp["d"]),
                    PublishStep.Replace("f", _temp["f"]),
                ],
                default
            );
        }
        Assert.Equal("d/\nd/y=new\nf=new", _temp.Show());
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("../x")]
    [InlineData("a/../../x")]
    [InlineData("/etc/passwd")]
    [InlineData("a\0b")]
    [InlineData(".backuptools-owner.lock")]
    [InlineData("x/../.backuptools-aside/0")]
    [InlineData("x/../")]
    [InlineData("../a-neighbour-whose-name-is-longer-than-the-name-of-any-staging-folder-will-ever-be-anywhere")]
    public void A_name_that_leads_out_or_is_one_of_ours_is_refused(string name)
    {
        using var staging = Stage();
        Assert.Equal(ErrorCode.UnsafeName, Assert.Throws<BackupException>(() => staging.PathOf(name)).Code);
        Assert.Equal(ErrorCode.UnsafeName, Assert.Throws<BackupException>(() => staging.CreateFile(name)).Code);
        Assert.Equal(ErrorCode.UnsafeName, Assert.Throws<BackupException>(() => staging.CreateDirectory(name)).Code);
    }

    [Fact]
    public void Other_names_stay_in_the_folder()
    {
        using var staging = Stage();
        Assert.Equal(Path.Combine(staging.Folder, "a", "b"), staging.PathOf("a/b"));
        Assert.Equal(Path.Combine(staging.Folder, "b"), staging.PathOf("a/../b"));
        Assert.Equal(Path.Combine(staging.Folder, ".backuptools.json"), staging.PathOf(".backuptools.json"));
        Assert.Equal(_temp.Path, Path.GetDirectoryName(staging.Folder));
    }

    [Theory]
    [InlineData(".backuptools-1-20261120T041000Z-0123abcd.staging", true)]
    [InlineData(".backuptools-4294967295-20261120T041000Z-ffffffff.staging", true)]
    [InlineData(".backuptools-1-20261120T041000Z-0123abcd.staging2", false)]
    [InlineData("x.backuptools-1-20261120T041000Z-0123abcd.staging", false)]
    [InlineData(".backuptools--20261120T041000Z-0123abcd.staging", false)]
    [InlineData(".backuptools-1-20261320T041000Z-0123abcd.staging", false)]
    [InlineData(".backuptools-1-20261120T041000Z-0123abcg.staging", false)]
    [InlineData(".backuptools-1-20261120T041000Z-0123abcd-1.staging", false)]
    [InlineData(".backuptools-x-20261120T041000Z-0123abcd.staging", false)]
    [InlineData(".backuptools-1x-20261120T041000Z-0123abcd.staging", false)]
    [InlineData(".backuptools-.staging", false)]
    [InlineData(".backuptools.json", false)]
    [InlineData("", false)]
    public void Names_of_staging_folders_are_told_from_others(string name, bool isStaging) =>
        Assert.Equal(isStaging, StagingArea.IsStagingName(name));

    [Fact]
    public void A_folder_made_for_staging_stays_when_something_came_into_it()
    {
        using (Stage("new/deep"))
            _temp.Write("new/x", "kept");
        Assert.Equal("new/\nnew/x=kept", _temp.Show());
    }

    [Fact]
    public void A_cancelled_publication_changes_nothing()
    {
        _temp.Write("f", "old");
        using (var staging = Stage())
        {
            Fill(staging, "f", "new");
            Assert.Throws<OperationCanceledException>(() =>
                staging.Publish([PublishStep.Replace("f", _temp["f"])], new CancellationToken(canceled: true))
            );
        }
        Assert.Equal("f=old", _temp.Show());
    }

    [Fact]
    public void Steps_that_cannot_be_carried_out_change_nothing()
    {
        using (var staging = Stage())
        {
            Fill(staging, "1", "new");
            var missing = Assert.Throws<BackupException>(() =>
                staging.Publish([PublishStep.Place("1", _temp["1"]), PublishStep.Place("2", _temp["2"])], default)
            );
            Assert.Equal((ErrorCode.PathNotFound, staging.PathOf("2")), (missing.Code, missing.FullName));
            Assert.Throws<ArgumentException>(() =>
                staging.Publish([PublishStep.Remove(_temp["1"]), PublishStep.Place("1", _temp["1"])], default)
            );
            staging.Publish([], default);
            staging.Publish([PublishStep.Remove(_temp["nothing"])], default);
        }
        Assert.Equal("", _temp.Show());
    }

    [Fact]
    public void A_file_that_other_bundles_share_is_published_whoever_may_write_it()
    {
        var shared = _temp.Write("bundle1/table", "data");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(shared, UnixFileMode.UserRead);
        var disk = new FaultyDisk(_disk); // on which nobody may, not even root
        using (var staging = StagingArea.Create(disk, _temp.Path, TimeProvider.System))
        {
            staging.CreateDirectory("b/tables");
            Assert.True(_disk.TryCreateHardLink(staging.PathOf("b/tables/table"), shared));
            staging.Publish([PublishStep.Place("b", _temp["bundle2"])], default);
        }
        Assert.Equal("data", File.ReadAllText(_temp["bundle2/tables/table"]));
        Assert.True(_disk.Stat(_temp["bundle2/tables/table"])!.IsSameFileAs(_disk.Stat(shared)!));
    }

    [UnixFact]
    public void A_staged_link_is_published_as_the_link_it_is()
    {
        using (var staging = Stage())
        {
            staging.CreateDirectory("d");
            File.CreateSymbolicLink(staging.PathOf("d/link"), "nowhere");
            staging.Publish([PublishStep.Place("d", _temp["d"])], default);
        }
        Assert.Equal("nowhere", new FileInfo(_temp["d/link"]).LinkTarget);
    }

    [Fact]
    public void What_is_published_far_away_is_put_there_all_the_same()
    {
        using (var staging = Stage("here"))
        {
            Fill(staging, "1", "new");
            Fill(staging, "2", "new");
            staging.Publish(
                [PublishStep.Place("1", _temp["there/too/1"]), PublishStep.Place("2", _temp["here/2"])],
                default
            );
        }
        Assert.Equal("here/\nhere/2=new\nthere/\nthere/too/\nthere/too/1=new", _temp.Show());
    }
}
