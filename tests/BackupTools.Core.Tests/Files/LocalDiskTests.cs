using BackupTools.Errors;
using BackupTools.Files;

namespace BackupTools.Tests.Files;

public sealed class LocalDiskTests : IDisposable
{
    private readonly TempFolder _temp = new();
    private readonly IDisk _disk = LocalDisk.Instance;

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void A_created_file_is_read_back_and_knows_itself()
    {
        var path = _temp["a"];
        using (var file = _disk.CreateNew(path))
        {
            file.Write("hello world"u8, 0);
            file.Write("W"u8, 6);
            file.Flush();
            Assert.Equal(11, file.Length);
        }
        using var read = _disk.OpenRead(path);
        var buffer = new byte[20];
        Assert.Equal(11, read.Read(buffer, 0));
        Assert.Equal("hello World"u8, buffer.AsSpan(0, 11));
        Assert.Equal(0, read.Read(buffer, 11));
        Assert.Equal([new FileRange(0, 11)], read.DataRanges());
        var named = _disk.Stat(path)!;
        Assert.Equal(DiskEntryKind.File, named.Kind);
        Assert.True(named.IsUnchangedSince(read.Stat()));
    }

    [Fact]
    public void Reading_a_locked_file_and_locking_a_file_being_read_both_work()
    {
        var path = _temp.Write("db", "data");
        using (new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None))
        {
            if (OperatingSystem.IsWindows())
                return; // there an exclusive open is mandatory
            using var read = _disk.OpenRead(path);
            Assert.Equal(4, read.Read(new byte[10], 0));
        }
        using (_disk.OpenRead(path))
        using (new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None)) { }
    }

    [Fact]
    public void A_missing_file_says_PathNotFound_with_its_path()
    {
        var e = Assert.Throws<BackupException>(() => _disk.OpenRead(_temp["no"]));
        Assert.Equal(ErrorCode.PathNotFound, e.Code);
        Assert.Equal(_temp["no"], e.FullName);
    }

    [Fact]
    public void A_folder_is_no_file()
    {
        var e = Assert.Throws<BackupException>(() => _disk.OpenRead(_temp.Path));
        Assert.True(e.Code is ErrorCode.ReadFailed or ErrorCode.AccessDenied, e.Describe());
    }

    [Fact]
    public void Moving_never_replaces()
    {
        var a = _temp.Write("a", "A");
        var b = _temp.Write("b", "B");
        Assert.Equal(ErrorCode.DestinationExists, Assert.Throws<BackupException>(() => _disk.Move(a, b)).Code);
        Assert.Equal("a=A\nb=B", _temp.Show());
        _disk.Replace(a, b);
        Assert.Equal("b=A", _temp.Show());
        _disk.Move(b, a);
        Assert.Equal("a=A", _temp.Show());
    }

    [Fact]
    public void Hard_links_are_one_file()
    {
        var a = _temp.Write("a", "A");
        Assert.True(_disk.TryCreateHardLink(_temp["b"], a));
        var entry = _disk.Stat(a)!;
        Assert.Equal(2, entry.LinkCount);
        Assert.True(entry.IsSameFileAs(_disk.Stat(_temp["b"])!));
    }

    [Fact]
    public void Deleting_what_is_not_there_is_no_error()
    {
        _disk.DeleteFile(_temp["no"]);
        _disk.DeleteFile(_temp["no/no"]);
        _disk.DeleteDirectory(_temp["no"]);
        _disk.CreateDirectory(_temp["x/y/z"]);
        _disk.CreateDirectory(_temp["x/y/z"]);
        _disk.FlushDirectory(_temp["x/y"]);
        Assert.False(_disk.TryDeleteEmptyDirectory(_temp["x"]));
        _disk.DeleteDirectory(_temp["x"]);
        Assert.Equal("", _temp.Show());
    }

    [Fact]
    public void A_list_is_sorted_ordinally()
    {
        _temp.Write("b", "");
        _temp.Write("B", "");
        _temp.Write(".a", "");
        _disk.CreateDirectory(_temp["c"]);
        Assert.Equal([".a", "B", "b", "c"], _disk.List(_temp.Path).Select(e => e.Name), StringComparer.Ordinal);
        Assert.Equal(DiskEntryKind.Directory, _disk.List(_temp.Path)[3].Kind);
    }
}
