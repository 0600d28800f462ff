using BackupTools.Errors;
using BackupTools.Files;

namespace BackupTools.Tests.Files;

/// <summary>Locks, rights, special files and holes, as Unix has them.</summary>
public sealed class LocalDiskUnixTests : IDisposable
{
    private const UnixFileMode OwnerFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly TempFolder _temp = new();
    private readonly IDisk _disk = LocalDisk.Instance;

    public void Dispose() => _temp.Dispose();

    [UnixFact]
    public void A_file_that_an_engine_has_locked_can_be_read()
    {
        var path = _temp.Write("db", "data");
        using (new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None))
        using (var read = _disk.OpenRead(path))
            Assert.Equal(4, read.Read(new byte[10], 0));
    }

    [UnixFact]
    public void An_engine_can_lock_a_file_that_is_being_read()
    {
        var path = _temp.Write("db", "data");
        using var read = _disk.OpenRead(path);
        using (new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None))
            Assert.Equal(4, read.Read(new byte[10], 0));
        using var locked = _disk.TryLock(path);
        Assert.NotNull(locked);
    }

    [ProgramFact("flock")]
    public void Another_process_can_lock_a_file_that_is_being_read_and_be_read_meanwhile()
    {
        var path = _temp.Write("db", "data");
        using (_disk.OpenRead(path))
            Assert.Equal(0, Posix.Run("flock", "--exclusive", "--nonblock", path, "true").Code);
        using var holder = Posix.Start("flock", "--exclusive", path, "sh", "-c", "echo held; read _");
        Assert.Equal("held", holder.StandardOutput.ReadLine());
        using (var read = _disk.OpenRead(path))
            Assert.Equal(4, read.Read(new byte[10], 0));
        Assert.Null(_disk.TryLock(path));
        holder.StandardInput.WriteLine();
        holder.WaitForExit();
    }

    [LinuxRootFact]
    public void What_is_made_beside_a_file_can_be_given_its_owner_and_rights()
    {
        var model = _temp.Write("db", "data");
        Assert.Equal(0, Posix.Run("chown", "12345:23456", model).Code);
        var file = _temp.Write("file", "");
        var folder = _temp["folder"];
        _disk.CreateDirectory(folder);
        foreach (var (mode, folderMode) in new[] { ("640", "750"), ("604", "705"), ("755", "755") })
        {
            Assert.Equal(0, Posix.Run("chmod", mode, model).Code);
            _disk.AdoptAccess(file, model);
            _disk.AdoptAccess(folder, model);
            Assert.Equal(
                $"12345:23456 {mode}\n12345:23456 {folderMode}\n",
                Posix.Run("stat", "-c", "%u:%g %a", file, folder).Output
            );
        }
    }

    [UnixFact]
    public void What_is_created_is_for_the_owner_only_whatever_the_umask()
    {
        if (OperatingSystem.IsWindows())
            return;
        Posix.WithUmask(
            0,
            () =>
            {
                _disk.CreateNew(_temp["f"]).Dispose();
                _disk.CreateDirectory(_temp["a/b"]);
                _disk.TryLock(_temp["l"])!.Dispose();
            }
        );
        Assert.Equal(OwnerFile, File.GetUnixFileMode(_temp["f"]));
        Assert.Equal(OwnerFile, File.GetUnixFileMode(_temp["l"]));
        Assert.Equal(OwnerFile | UnixFileMode.UserExecute, File.GetUnixFileMode(_temp["a"]));
        Assert.Equal(OwnerFile | UnixFileMode.UserExecute, File.GetUnixFileMode(_temp["a/b"]));
    }

    [UnixFact]
    public void A_pipe_is_refused_and_does_not_hang()
    {
        Posix.MakePipe(_temp["p"]);
        Assert.Equal(DiskEntryKind.Special, _disk.Stat(_temp["p"])!.Kind);
        var e = Assert.Throws<BackupException>(() => _disk.OpenRead(_temp["p"]));
        Assert.Equal(ErrorCode.ReadFailed, e.Code);
        Assert.Contains("a device, pipe or socket, not a regular file", e.Message);
        Assert.Equal(ErrorCode.WriteFailed, Assert.Throws<BackupException>(() => _disk.OpenWrite(_temp["p"])).Code);
        Assert.Equal(ErrorCode.WriteFailed, Assert.Throws<BackupException>(() => _disk.TryLock(_temp["p"])).Code);
    }

    [UnixFact]
    public void A_device_is_refused()
    {
        var e = Assert.Throws<BackupException>(() => _disk.OpenRead("/dev/zero"));
        Assert.Equal(ErrorCode.ReadFailed, e.Code);
        Assert.Equal("/dev/zero", e.FullName);
    }

    [UnixFact]
    public void A_link_is_named_as_one_and_read_through()
    {
        _temp.Write("real", "data");
        File.CreateSymbolicLink(_temp["link"], "real");
        File.CreateSymbolicLink(_temp["broken"], "nowhere");
        Assert.Equal(DiskEntryKind.Link, _disk.Stat(_temp["link"])!.Kind);
        using var file = _disk.OpenRead(_temp["link"]);
        Assert.True(file.Stat().IsSameFileAs(_disk.Stat(_temp["real"])!));
        Assert.Equal(
            ErrorCode.PathNotFound,
            Assert.Throws<BackupException>(() => _disk.OpenRead(_temp["broken"])).Code
        );
        Assert.Equal(
            [("broken", DiskEntryKind.Link), ("link", DiskEntryKind.Link), ("real", DiskEntryKind.File)],
            _disk.List(_temp.Path).Select(e => (e.Name, e.Kind))
        );
    }

    [UnixFact]
    public void Deleting_a_folder_spares_what_its_links_lead_to()
    {
        _temp.Write("kept/x", "data");
        _temp.Write("gone/y", "data");
        File.CreateSymbolicLink(_temp["gone/link"], _temp["kept"]);
        File.CreateSymbolicLink(_temp["outer"], _temp["kept"]);
        _disk.DeleteDirectory(_temp["gone"]);
        _disk.DeleteDirectory(_temp["outer"]);
        Assert.Equal("kept/\nkept/x=data", _temp.Show());
    }

    [UnixFact]
    public void What_may_not_be_read_or_written_says_AccessDenied_with_its_path()
    {
        var secret = _temp.Write("secret", "data");
        if (OperatingSystem.IsWindows())
            return;
        File.SetUnixFileMode(secret, UnixFileMode.None);
        File.SetUnixFileMode(
            _temp.Path,
            UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute
        );
        Action[] denied =
        [
            () => _disk.OpenRead(secret),
            () => _disk.OpenWrite(secret),
            () => _disk.CreateNew(_temp["new"]),
            () => _disk.CreateDirectory(_temp["new/deep"]),
            () => _disk.TryLock(_temp["lock"]),
            () => _disk.Move(secret, _temp["moved"]),
            () => _disk.Replace(secret, _temp["moved"]),
            () => _disk.DeleteFile(secret),
            () => FolderLock.Acquire(_disk, _temp.Path),
            () => StagingArea.Create(_disk, _temp.Path, TimeProvider.System),
        ];
        foreach (var action in denied)
        {
            var e = Assert.IsType<BackupException>(Posix.AsNobody(action));
            Assert.Equal(ErrorCode.AccessDenied, e.Code);
            Assert.StartsWith(_temp.Path, e.FullName!);
        }
        File.SetUnixFileMode(_temp.Path, OwnerFile | UnixFileMode.UserExecute);
        File.SetUnixFileMode(secret, OwnerFile);
        Assert.Equal("secret=data", _temp.Show());
    }

    [LinuxRootFact]
    public void A_full_disk_says_DiskFull_and_leaves_nothing()
    {
        var small = Directory.CreateDirectory(_temp["small"]).FullName;
        Assert.True(Posix.TryMountMemory(small, 256 << 10));
        try
        {
            var path = Path.Combine(small, "f");
            var reserve = Assert.Throws<BackupException>(() => _disk.CreateNew(path, 1 << 20));
            Assert.Equal(ErrorCode.DiskFull, reserve.Code);
            Assert.False(File.Exists(path));
            Assert.Equal(0, Posix.OpenHandles(path));
            using (var file = _disk.CreateNew(path))
            {
                foreach (var block in (Memory<byte>[])[new byte[1 << 20], BlockPool.Rent()])
                {
                    var write = Assert.Throws<BackupException>(() => file.Write(block.Span, 0));
                    Assert.Equal(ErrorCode.DiskFull, write.Code);
                    Assert.Equal(path, write.FullName);
                }
            }
            // The lock can be had nevertheless, to make room.
            using (FolderLock.Acquire(_disk, small)) { }
            var stage = Assert.Throws<BackupException>(() =>
            {
                using var staging = StagingArea.Create(_disk, small, TimeProvider.System);
                using var file = staging.CreateFile("x");
                file.Write(new byte[1 << 20], 0);
            });
            Assert.Equal(ErrorCode.DiskFull, stage.Code);
            Assert.Equal(["f"], Directory.GetFileSystemEntries(small).Select(Path.GetFileName));
        }
        finally
        {
            Posix.Unmount(small);
        }
    }

    [LinuxRootFact]
    public void Nothing_is_moved_or_linked_across_file_systems()
    {
        var other = Directory.CreateDirectory(_temp["other"]).FullName;
        Assert.True(Posix.TryMountMemory(other, 1 << 20));
        try
        {
            var file = _temp.Write("f", "data");
            Assert.Equal(
                ErrorCode.WriteFailed,
                Assert.Throws<BackupException>(() => _disk.Move(file, other + "/f")).Code
            );
            Assert.Equal(
                ErrorCode.WriteFailed,
                Assert.Throws<BackupException>(() => _disk.Replace(file, other + "/f")).Code
            );
            Assert.False(_disk.TryCreateHardLink(other + "/f", file));
            Assert.NotEqual(_disk.Stat(other)!.Device, _disk.Stat(file)!.Device);
            Assert.Empty(Directory.GetFileSystemEntries(other));
        }
        finally
        {
            Posix.Unmount(other);
        }
    }

    [ProgramFact("stat")]
    public void Inode_links_blocks_and_times_are_those_of_the_system()
    {
        var path = _temp.Write("f", new byte[10_000]);
        _disk.TryCreateHardLink(_temp["g"], path);
        var (_, output) = Posix.Run("stat", "-c", "%s %i %h %b %B %.9Y %.9Z %d", path);
        var f = output.Split(' ');
        var entry = _disk.Stat(path)!;
        Assert.Equal(long.Parse(f[0]), entry.Length);
        Assert.Equal(ulong.Parse(f[1]), entry.Inode);
        Assert.Equal(long.Parse(f[2]), entry.LinkCount);
        Assert.Equal(long.Parse(f[3]) * long.Parse(f[4]), entry.AllocatedBytes);
        Assert.Equal(Time(f[5]), entry.ModifiedUtc);
        Assert.Equal(Time(f[6]), entry.ChangedUtc);
        var device = ulong.Parse(f[7]); // as the C library packs it: 12 bits of major within 20 of minor
        Assert.Equal(((device >> 8) & 0xFFF, (device & 0xFF) | ((device >> 12) & 0xF_FF00)), Split(entry.Device));

        static (ulong Major, ulong Minor) Split(ulong device) => (device >> 32, (uint)device);

        static DateTimeOffset Time(string seconds) =>
            DateTimeOffset.UnixEpoch.AddTicks((long)(decimal.Parse(seconds) * TimeSpan.TicksPerSecond));
    }

    [Fact]
    public void Holes_are_told_from_data()
    {
        if (!OperatingSystem.IsLinux())
            return;
        using var file = _disk.CreateNew(_temp["sparse"]);
        Assert.Empty(file.DataRanges());
        file.SetLength(10 << 20);
        Assert.Empty(file.DataRanges());
        file.Write(new byte[] { 1 }, 1 << 20);
        file.Write(new byte[] { 1 }, (4 << 20) + 100);
        file.Write(new byte[] { 1 }, (10 << 20) - 1);
        file.Flush();
        var ranges = file.DataRanges();
        Assert.Equal(3, ranges.Count);
        Assert.All(
            ranges.Zip([1 << 20, (4 << 20) + 100, (10 << 20) - 1]),
            r => Assert.True(r.First.Start <= r.Second && r.First.End > r.Second && r.First.Length <= 64 << 10, $"{r}")
        );
        Assert.Equal(10 << 20, ranges[2].End);
        Assert.True(file.Stat().AllocatedBytes < 1 << 20);
    }

    [Fact]
    public void Reserved_space_changes_no_length_and_is_given_back()
    {
        using (var file = _disk.CreateNew(_temp["f"], 8 << 20))
        {
            Assert.Equal(0, file.Length);
            if (OperatingSystem.IsLinux())
                Assert.True(file.Stat().AllocatedBytes >= 8 << 20);
            file.Write(new byte[100], 0);
        }
        var entry = _disk.Stat(_temp["f"])!;
        Assert.Equal(100, entry.Length);
        Assert.True(entry.AllocatedBytes < 1 << 20, $"{entry.AllocatedBytes}");
    }

    [UnixFact]
    public void A_name_that_is_not_text_does_not_stop_a_list()
    {
        _temp.Write("a", "");
        Posix.Run("sh", "-c", $"touch '{_temp.Path}/'$(printf '\\377')");
        Assert.Equal(["a"], _disk.List(_temp.Path).Select(e => e.Name));
        Posix.Run("sh", "-c", $"rm -r '{_temp.Path}'"); // .NET cannot
    }
}
