using BackupTools.Errors;
using BackupTools.Files;

namespace BackupTools.Tests.Files;

public sealed class LocalDiskTests : IDisposable
{
    private readonly TempFolder _temp = new();
    private readonly IDisk _disk = LocalDisk.Instance;

    public void Dispose() => _temp.Dispose();

    /// <summary>.NET's own flush says nothing of an error.</summary>
    [Fact]
    public void What_cannot_be_flushed_is_an_error()
    {
        using var closed = new Microsoft.Win32.SafeHandles.SafeFileHandle(0x7fff_fff0, ownsHandle: false);
        using var file = new LocalFile(_temp["f"], closed, writable: true);
        Assert.Equal(ErrorCode.WriteFailed, Assert.Throws<BackupException>(file.Flush).Code);
    }

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

    /// <summary>So many that several threads ask about them.</summary>
    [Fact]
    public void A_folder_of_thousands_is_listed_in_order_and_its_names_are_the_same()
    {
        for (var i = 0; i < 2000; i++)
        {
            File.WriteAllBytes(_temp[$"{i * 7919 % 2000}"], new byte[i % 3]);
        }
        _temp.Write("d/x", "X");
        var entries = _disk.List(_temp.Path);
        Assert.Equal(
            Directory.GetFileSystemEntries(_temp.Path).Order(StringComparer.Ordinal),
            entries.Select(e => e.Path)
        );
        Assert.All(entries, e => Assert.Equal(e, _disk.Stat(e.Path)));
        Assert.Equal(entries.Select(e => e.Name), _disk.Names(_temp.Path));
    }

    /// <summary>As it is, and as where the file system has no rename that refuses to replace.</summary>
    public static TheoryData<bool> RenameFlags => [true, false];

    [Theory]
    [MemberData(nameof(RenameFlags))]
    public void Moving_never_replaces(bool flags)
    {
        var disk = new LocalDisk(flags);
        var a = _temp.Write("a", "A");
        var b = _temp.Write("b", "B");
        _temp.Write("d/x", "X");
        _temp.Write("e/x", "E");
        foreach (var (from, to) in new[] { ("a", "b"), ("a", "d"), ("d", "a"), ("d", "e") })
        {
            var e = Assert.Throws<BackupException>(() => disk.Move(_temp[from], _temp[to]));
            Assert.Equal(ErrorCode.DestinationExists, e.Code);
            Assert.Equal(_temp[to], e.FullName);
        }
        Assert.Equal("a=A\nb=B\nd/\nd/x=X\ne/\ne/x=E", _temp.Show());
        disk.Replace(a, b);
        disk.Move(_temp["d"], _temp["f"]);
        Assert.Equal("b=A\ne/\ne/x=E\nf/\nf/x=X", _temp.Show());
    }

    [Theory]
    [MemberData(nameof(RenameFlags))]
    public void Moving_what_is_not_there_or_to_where_nothing_is_says_which(bool flags)
    {
        var disk = new LocalDisk(flags);
        var a = _temp.Write("a", "A");
        Assert.Equal(_temp["no"], Assert.Throws<BackupException>(() => disk.Move(_temp["no"], _temp["b"])).FullName);
        var e = Assert.Throws<BackupException>(() => disk.Move(a, _temp["no/b"]));
        Assert.Equal((ErrorCode.PathNotFound, _temp["no/b"]), (e.Code, e.FullName));
        Assert.Equal(ErrorCode.PathNotFound, Assert.Throws<BackupException>(() => disk.Replace(_temp["no"], a)).Code);
    }

    [Fact]
    public void Swapping_gives_each_the_name_of_the_other()
    {
        _temp.Write("f", "F");
        _temp.Write("d/x", "X");
        var swapped = _disk.TryExchange(_temp["f"], _temp["d"]);
        Assert.Equal(OperatingSystem.IsLinux() || swapped, swapped);
        Assert.Equal(swapped ? "d=F\nf/\nf/x=X" : "d/\nd/x=X\nf=F", _temp.Show());
        Assert.False(new LocalDisk(useRenameFlags: false).TryExchange(_temp["f"], _temp["d"]));
        if (swapped)
        {
            Assert.Equal(
                ErrorCode.PathNotFound,
                Assert.Throws<BackupException>(() => _disk.TryExchange(_temp["f"], _temp["no"])).Code
            );
        }
    }

    /// <summary>Windows refuses all of this while the file is open, as a scanner of viruses has it for a moment.</summary>
    [Fact]
    public async Task What_is_open_for_a_moment_is_replaced_moved_and_removed_all_the_same()
    {
        foreach (
            var (name, change) in new (string, Action)[]
            {
                ("replaced", () => _disk.Replace(_temp["new"], _temp["f/replaced"])),
                ("removed", () => _disk.DeleteFile(_temp["f/removed"])),
                ("moved", () => _disk.Move(_temp["f"], _temp["g"])),
                ("with its folder", () => _disk.DeleteDirectory(_temp["g"])),
            }
        )
        {
            var folder = Directory.CreateDirectory(_temp[name == "with its folder" ? "g" : "f"]).FullName;
            await File.WriteAllTextAsync(_temp["new"], "new");
            await File.WriteAllTextAsync(Path.Combine(folder, name), "old");
            var scanner = new FileStream(Path.Combine(folder, name), FileMode.Open, FileAccess.Read, FileShare.Read);
            var scanning = Task.Delay(100).ContinueWith(_ => scanner.Dispose(), TaskScheduler.Default);
            change();
            await scanning;
        }
        Assert.Equal(["new"], Directory.GetFileSystemEntries(_temp.Path).Select(Path.GetFileName));
    }

    [Fact]
    public void Creating_never_replaces()
    {
        var path = _temp.Write("f", "old");
        var e = Assert.Throws<BackupException>(() => _disk.CreateNew(path));
        Assert.Equal((ErrorCode.DestinationExists, path), (e.Code, e.FullName));
        Assert.Equal(
            ErrorCode.DestinationExists,
            Assert.Throws<BackupException>(() => _disk.CreateDirectory(path)).Code
        );
        Assert.Equal(ErrorCode.PathNotFound, Assert.Throws<BackupException>(() => _disk.CreateNew(_temp["no/f"])).Code);
        Assert.Equal("f=old", _temp.Show());
    }

    [Fact]
    public void A_handle_sees_its_file_grow()
    {
        var path = _temp.Write("f", "old");
        using var read = _disk.OpenRead(path);
        File.AppendAllText(path, " and more");
        Assert.Equal(12, read.Length);
    }

    [Fact(
        Skip = "Wine replaces no file that is open",
        SkipType = typeof(WindowsHost),
        SkipWhen = nameof(WindowsHost.IsWine)
    )]
    public void A_handle_keeps_to_its_file_when_that_is_replaced()
    {
        var path = _temp.Write("f", "old and more");
        using var read = _disk.OpenRead(path);
        _disk.Replace(_temp.Write("g", "new"), path);
        Assert.Equal(12, read.Length);
        Assert.False(read.Stat().IsSameFileAs(_disk.Stat(path)!));
        var buffer = new byte[3];
        Assert.Equal(3, read.Read(buffer, 0));
        Assert.Equal("old"u8, buffer);
    }

    [Fact]
    public void Threads_write_their_own_ranges_at_once()
    {
        using var file = _disk.CreateNew(_temp["f"]);
        Parallel.For(0, 64, i => file.Write(Enumerable.Repeat((byte)i, 1000).ToArray(), i * 1000L));
        var all = TempFolder.ReadShared(_temp["f"]);
        Assert.Equal(64_000, all.Length);
        Assert.All(Enumerable.Range(0, 64_000), i => Assert.Equal(i / 1000, all[i]));
    }

    [Fact]
    public void A_path_with_a_NUL_or_without_a_root_reaches_no_file()
    {
        var path = _temp.Write("f", "data");
        Action<string>[] calls =
        [
            p => _disk.OpenRead(p),
            p => _disk.OpenWrite(p),
            p => _disk.CreateNew(p),
            p => _disk.CreateDirectory(p),
            p => _disk.Move(p, _temp["x"]),
            p => _disk.Move(path, p),
            p => _disk.Replace(p, path),
            p => _disk.Replace(path, p),
            p => _disk.TryExchange(p, path),
            p => _disk.TryExchange(path, p),
            p => _disk.TryLock(p),
            p => _disk.DeleteFile(p),
            p => _disk.DeleteDirectory(p),
            p => _disk.TryDeleteEmptyDirectory(p),
            p => _disk.TryCreateHardLink(p, path),
            p => _disk.TryCreateHardLink(_temp["x"], p),
            p => _disk.AdoptAccess(p, path),
            p => _disk.AdoptAccess(path, p),
            p => _disk.FlushDirectory(p),
            p => _disk.Stat(p),
            p => _disk.List(p),
            p => _disk.Names(p),
        ];
        foreach (var call in calls)
        {
            Assert.Equal(ErrorCode.UnsafeName, Assert.Throws<BackupException>(() => call(path + "\0.txt")).Code);
            Assert.Throws<ArgumentException>(() => call("f"));
            Assert.Throws<ArgumentException>(() => call(""));
        }
        if (OperatingSystem.IsLinux())
            Assert.Equal(0, Posix.OpenHandles(path));
        Assert.Equal("f=data", _temp.Show());
    }

    [Fact]
    public void A_name_too_long_for_the_system_is_an_error_with_the_path()
    {
        var path = _temp[new string('n', 300)];
        Assert.Equal(ErrorCode.NameTooLong, Assert.Throws<BackupException>(() => _disk.OpenRead(path)).Code);
        Assert.Equal(ErrorCode.NameTooLong, Assert.Throws<BackupException>(() => _disk.CreateNew(path)).Code);
        var e = Assert.Throws<BackupException>(() => _disk.CreateDirectory(path));
        Assert.Equal((ErrorCode.NameTooLong, path), (e.Code, e.FullName));
    }

    [Fact]
    public void Listing_what_is_no_folder_is_an_error()
    {
        Assert.Equal(ErrorCode.PathNotFound, Assert.Throws<BackupException>(() => _disk.List(_temp["no"])).Code);
        var file = _temp.Write("f", "");
        Assert.Equal(file, Assert.Throws<BackupException>(() => _disk.List(file)).FullName);
        Assert.Null(_disk.Stat(_temp["f/x"]));
        Assert.Null(_disk.Stat(_temp["no/x"]));
    }

    [Fact]
    public void Hard_links_are_one_file()
    {
        var a = _temp.Write("a", "A");
        Assert.True(_disk.TryCreateHardLink(_temp["b"], a));
        var entry = _disk.Stat(a)!;
        Assert.Equal(2, entry.LinkCount);
        Assert.True(entry.IsSameFileAs(_disk.Stat(_temp["b"])!));
        Assert.Equal(
            ErrorCode.DestinationExists,
            Assert.Throws<BackupException>(() => _disk.TryCreateHardLink(_temp["b"], a)).Code
        );
        foreach (var (path, existing) in new[] { ("c", "no"), ("no/c", "a") })
        {
            var e = Assert.Throws<BackupException>(() => _disk.TryCreateHardLink(_temp[path], _temp[existing]));
            Assert.Equal((ErrorCode.PathNotFound, _temp[path == "c" ? existing : path]), (e.Code, e.FullName));
        }
    }

    [Fact]
    public void Deleting_what_is_not_there_is_no_error()
    {
        _disk.DeleteFile(_temp["no"]);
        _disk.DeleteFile(_temp["no/no"]);
        _disk.DeleteDirectory(_temp["no"]);
        Assert.True(_disk.TryDeleteEmptyDirectory(_temp["no"]));
        _disk.CreateDirectory(_temp["x/y/z"]);
        _disk.CreateDirectory(_temp["x/y/z"]);
        _disk.FlushDirectory(_temp["x/y"]);
        Assert.False(_disk.TryDeleteEmptyDirectory(_temp["x"]));
        _disk.DeleteDirectory(_temp["x"]);
        Assert.Equal("", _temp.Show());
    }

    [Fact]
    public void Nothing_has_a_name_that_the_system_does_not_allow()
    {
        Assert.Null(_disk.Stat(_temp["none*"]));
        var error = Assert.Throws<BackupException>(() => _disk.OpenRead(_temp["none*"]));
        Assert.Equal(ErrorCode.PathNotFound, error.Code);
    }

    [Fact]
    public void A_list_is_sorted_ordinally()
    {
        _temp.Write("b", "");
        _temp.Write("B2", "");
        _temp.Write(".a", "");
        _disk.CreateDirectory(_temp["c"]);
        Assert.Equal([".a", "B2", "b", "c"], _disk.List(_temp.Path).Select(e => e.Name), StringComparer.Ordinal);
        Assert.Equal(DiskEntryKind.Directory, _disk.List(_temp.Path)[3].Kind);
    }
}
