using System.IO.MemoryMappedFiles;
using BackupTools.Errors;
using BackupTools.Files;
using Microsoft.Win32.SafeHandles;

namespace BackupTools.Tests.Files;

public sealed class LocalFileTests : IDisposable
{
    private readonly TempFolder _temp = new();
    private readonly IDisk _disk = LocalDisk.Instance;

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void Nothing_is_read_behind_the_end_and_what_was_never_written_reads_as_zeros()
    {
        using var file = _disk.CreateNew(_temp["f"]);
        file.Write("abc"u8, 0);
        var buffer = new byte[8];
        Assert.Equal(0, file.Read(buffer, 3));
        Assert.Equal(0, file.Read(buffer, 1L << 40));
        file.Write("z"u8, 6);
        Assert.Equal(7, file.Read(buffer, 0));
        Assert.Equal("abc\0\0\0z\0"u8, buffer);
        file.SetLength(2);
        file.SetLength(4);
        Assert.Equal((4, 4), (file.Length, file.Read(buffer, 0)));
        Assert.Equal("ab\0\0\0\0z\0"u8, buffer);
    }

    [UnixFact]
    public void What_is_open_for_reading_is_not_written()
    {
        var path = _temp.Write("f", "data");
        var block = BlockPool.Rent();
        using (var file = _disk.OpenRead(path))
        {
            var write = Assert.Throws<BackupException>(() => file.Write(block.Span, 0));
            Assert.Equal((ErrorCode.AccessDenied, path), (write.Code, write.FullName));
            var cut = Assert.Throws<BackupException>(() => file.SetLength(1));
            Assert.Equal((ErrorCode.WriteFailed, path), (cut.Code, cut.FullName));
        }
        BlockPool.Return(block);
        Assert.Equal("f=data", _temp.Show());
    }

    /// <summary>FAT ends at 4 GiB, ext4 at 16 TiB. Only a disk that has no such end may do it.</summary>
    [Fact]
    public void A_file_too_large_for_the_file_system_is_an_error_of_the_disk_and_none_is_made()
    {
        if (!OperatingSystem.IsLinux())
            return;
        var path = _temp["f"];
        var hasAnEnd = false;
        using (var file = _disk.CreateNew(path))
        {
            Action[] calls = [() => file.SetLength(long.MaxValue), () => file.Write("x"u8, long.MaxValue - 1)];
            foreach (var e in calls.Select(Record.Exception).OfType<Exception>())
            {
                hasAnEnd = true;
                var refused = Assert.IsType<BackupException>(e);
                Assert.Equal((ErrorCode.WriteFailed, path), (refused.Code, refused.FullName));
                Assert.Contains("too large", refused.Message, StringComparison.Ordinal);
            }
            var read = Assert.Throws<BackupException>(() => file.Read(new byte[2], long.MaxValue));
            Assert.Equal((ErrorCode.ReadFailed, path), (read.Code, read.FullName));
        }
        var reserve = Record.Exception(() => _disk.CreateNew(_temp["g"], long.MaxValue).Dispose());
        Assert.False(hasAnEnd && reserve is null, "reserved beyond the end");
        if (reserve is not null)
        {
            var code = Assert.IsType<BackupException>(reserve).Code;
            Assert.True(code is ErrorCode.WriteFailed or ErrorCode.DiskFull, $"{code}");
            Assert.False(File.Exists(_temp["g"]));
        }
    }

    [Fact]
    public void Nothing_stays_open_that_was_closed_or_refused()
    {
        if (!OperatingSystem.IsLinux())
            return;
        var path = _temp["f"];
        var block = BlockPool.Rent();
        using (var file = _disk.CreateNew(path, block.Length))
        {
            file.Write(block.Span, 0);
            Assert.InRange(Posix.OpenHandles(path), 1, 2);
        }
        BlockPool.Return(block);
        Assert.Equal(0, Posix.OpenHandles(path));
        using (_disk.TryLock(path))
        {
            Assert.Null(_disk.TryLock(path));
            Assert.Equal(1, Posix.OpenHandles(path));
        }
        Assert.Equal(0, Posix.OpenHandles(path));
        var e = Assert.Throws<BackupException>(() => _disk.OpenRead(_temp.Path));
        Assert.Contains("this is a folder, not a regular file", e.Message);
        _disk.FlushDirectory(_temp.Path);
        Assert.Equal(0, Posix.OpenHandles(_temp.Path));
    }

    [UnixFact]
    public void A_handle_that_the_system_does_not_know_is_an_error_with_the_path()
    {
        using var file = new LocalFile("/p", new SafeFileHandle(-1, ownsHandle: false), writable: false);
        var e = Assert.Throws<BackupException>(() => file.Stat());
        Assert.Equal((ErrorCode.ReadFailed, "/p"), (e.Code, e.FullName));
    }

    /// <summary>What the kernel says of the pages; only where it keeps them for a disk.</summary>
    [Fact]
    public void Nothing_of_a_flushed_file_waits_in_memory()
    {
        if (!OperatingSystem.IsLinux() || new DriveInfo(_temp.Path).DriveFormat is not ("ext4" or "ext3" or "xfs"))
            return;
        var path = _temp["f"];
        using (var file = _disk.CreateNew(path))
        {
            file.Write(new byte[100_000], 0);
            file.Flush();
            Assert.Equal(0, DirtyKilobytes(path));
        }
    }

    private static int DirtyKilobytes(string path)
    {
        using var handle = File.OpenHandle(path, share: FileShare.ReadWrite);
        using var map = MemoryMappedFile.CreateFromFile(handle, null, 0, MemoryMappedFileAccess.Read, default, true);
        using var view = map.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        for (var at = 0L; at < 100_000L; at += 4096)
            Assert.Equal(0, view.ReadByte(at));
        return File.ReadLines("/proc/self/smaps")
            .SkipWhile(line => !line.EndsWith(path, StringComparison.Ordinal))
            .Take(20)
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(words => words[0] is "Shared_Dirty:" or "Private_Dirty:")
            .Take(2)
            .Sum(words => int.Parse(words[1]));
    }
}
