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
        using (var staging = Stage())
        {
            staging.CreateDirectory("b/tables");
            Assert.True(_disk.TryCreateHardLink(staging.PathOf("b/tables/table"), shared));
            staging.Publish([PublishStep.Place("b", _temp["bundle2"])], default);
        }
        Assert.Equal("data", File.ReadAllText(_temp["bundle2/tables/table"]));
        Assert.True(_disk.Stat(_temp["bundle2/tables/table"])!.IsSameFileAs(_disk.Stat(shared)!));
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
