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

    [Fact]
    public void A_sweep_takes_what_the_dead_left_and_spares_the_living()
    {
        var dead = ".backuptools-1-20261120T041000Z-0123abcd.staging";
        _temp.Write(dead + "/x", "left");
        using (var living = Stage())
        {
            Assert.Equal([dead], StagingArea.Sweep(_disk, _temp.Path));
            Assert.True(Directory.Exists(living.Folder));
        }
        Assert.Equal("", _temp.Show());
    }
}
