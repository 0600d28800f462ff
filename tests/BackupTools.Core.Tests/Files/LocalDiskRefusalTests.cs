using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Tests.FrontEnds;

namespace BackupTools.Tests.Files;

/// <summary>Links that lead nowhere or in circles, names that nothing can have, and folders within themselves.</summary>
public sealed class LocalDiskRefusalTests : IDisposable
{
    private readonly TempFolder _temp = new();
    private readonly IDisk _disk = LocalDisk.Instance;

    public void Dispose() => _temp.Dispose();

    [UnixTheory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_link_that_leads_nowhere_can_be_moved_but_nothing_is_put_in_its_place_or_through_it(bool flags)
    {
        var disk = new LocalDisk(flags);
        var a = _temp.Write("a", "A");
        var link = _temp["link"];
        File.CreateSymbolicLink(link, _temp["nowhere"]);
        Refused(ErrorCode.DestinationExists, link, () => disk.Move(a, link));
        Refused(ErrorCode.DestinationExists, link, () => disk.CreateNew(link));
        Refused(ErrorCode.DestinationExists, link, () => disk.TryCreateHardLink(link, a));
        Refused(ErrorCode.PathNotFound, link, () => disk.OpenRead(link));
        Refused(ErrorCode.PathNotFound, link, () => disk.OpenWrite(link));
        Refused(ErrorCode.PathNotFound, link, () => disk.TryLock(link));
        disk.Move(link, _temp["moved"]);
        Assert.Equal(_temp["nowhere"], new FileInfo(_temp["moved"]).LinkTarget);
        disk.Replace(a, _temp["moved"]);
        Assert.Equal("moved=A", _temp.Show());
    }

    [UnixFact]
    public void What_links_in_a_circle_lead_to_says_whether_reading_or_writing_failed()
    {
        var a = _temp.Write("a", "A");
        File.CreateSymbolicLink(_temp["circle"], "circle");
        Assert.Equal(DiskEntryKind.Link, _disk.Stat(_temp["circle"])!.Kind);
        var path = _temp["circle/x"];
        Refused(ErrorCode.ReadFailed, path, () => _disk.OpenRead(path));
        Refused(ErrorCode.ReadFailed, path, () => _disk.Stat(path));
        Refused(ErrorCode.ReadFailed, path, () => _disk.List(path));
        Refused(ErrorCode.ReadFailed, path, () => _disk.AdoptAccess(a, path));
        Refused(ErrorCode.WriteFailed, path, () => _disk.AdoptAccess(path, a));
        Refused(ErrorCode.WriteFailed, path, () => _disk.OpenWrite(path));
        Refused(ErrorCode.WriteFailed, path, () => _disk.CreateNew(path));
        Refused(ErrorCode.WriteFailed, path, () => _disk.TryLock(path));
        Refused(ErrorCode.WriteFailed, path, () => _disk.FlushDirectory(path));
        Refused(ErrorCode.WriteFailed, path, () => _disk.Move(a, path));
        Refused(ErrorCode.WriteFailed, path, () => _disk.Replace(a, path));
        Refused(ErrorCode.WriteFailed, path, () => _disk.TryExchange(a, path));
        Refused(ErrorCode.WriteFailed, path, () => _disk.TryCreateHardLink(path, a));
        Refused(ErrorCode.WriteFailed, path, () => _disk.DeleteFile(path));
    }

    [UnixFact]
    public void Flushing_or_adopting_what_is_not_there_says_what()
    {
        var (a, no) = (_temp.Write("a", "A"), _temp["no"]);
        Refused(ErrorCode.PathNotFound, no, () => _disk.FlushDirectory(no));
        Refused(ErrorCode.PathNotFound, no, () => _disk.AdoptAccess(a, no));
        Refused(ErrorCode.PathNotFound, no, () => _disk.AdoptAccess(no, a));
    }

    [UnixTheory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_folder_is_not_moved_into_itself_nor_swapped_with_what_it_holds_nor_linked(bool flags)
    {
        var disk = new LocalDisk(flags);
        _temp.Write("d/x", "X");
        Refused(ErrorCode.WriteFailed, _temp["d/y"], () => disk.Move(_temp["d"], _temp["d/y"]));
        Assert.False(disk.TryExchange(_temp["d"], _temp["d/x"]));
        Assert.False(disk.TryCreateHardLink(_temp["e"], _temp["d"]));
        Assert.Equal("d/\nd/x=X", _temp.Show());
    }

    [LinuxRootFact]
    public void Who_may_not_give_files_away_gives_them_the_rights_only()
    {
        var model = _temp.Write("model", "");
        Assert.Equal(0, Posix.Run("chmod", "644", model).Code);
        Assert.Equal(0, Posix.Run("chmod", "777", _temp.Path).Code);
        var wasAllowed = true;
        var thrown = Posix.AsNobody(() =>
        {
            _disk.CreateNew(_temp["f"]).Dispose();
            wasAllowed = _disk.AdoptAccess(_temp["f"], model);
        });
        Assert.Null(thrown);
        Assert.False(wasAllowed);
        Assert.Equal("65534 644\n", Posix.Run("stat", "-c", "%u %a", _temp["f"]).Output);
    }

    [LinuxRootFact]
    public void What_a_group_could_read_is_not_another_groups_to_read()
    {
        var model = _temp.Write("model", "");
        Assert.Equal(0, Posix.Run("chown", "4242:4343", model).Code);
        Assert.Equal(0, Posix.Run("chmod", "664", model).Code);
        Assert.Equal(0, Posix.Run("chmod", "777", _temp.Path).Code);
        var thrown = Posix.AsNobody(() =>
        {
            _disk.CreateNew(_temp["f"]).Dispose();
            Assert.False(_disk.AdoptAccess(_temp["f"], model));
        });
        Assert.Null(thrown);
        Assert.Equal("65534 604\n", Posix.Run("stat", "-c", "%u %a", _temp["f"]).Output);
    }

    private static void Refused(ErrorCode code, string path, Action action)
    {
        var e = Assert.Throws<BackupException>(action);
        Assert.Equal((code, path), (e.Code, e.FullName));
    }
}
