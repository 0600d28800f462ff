using BackupTools.Errors;
using BackupTools.Files;

namespace BackupTools.Tests.Files;

public class DiskErrorsTests
{
    [Theory]
    [InlineData(1, ErrorCode.AccessDenied, ErrorCode.AccessDenied)] // EPERM
    [InlineData(2, ErrorCode.PathNotFound, ErrorCode.PathNotFound)] // ENOENT
    [InlineData(5, ErrorCode.ReadFailed, ErrorCode.WriteFailed)] // EIO
    [InlineData(13, ErrorCode.AccessDenied, ErrorCode.AccessDenied)] // EACCES
    [InlineData(17, ErrorCode.DestinationExists, ErrorCode.DestinationExists)] // EEXIST
    [InlineData(18, ErrorCode.ReadFailed, ErrorCode.WriteFailed)] // EXDEV
    [InlineData(20, ErrorCode.PathNotFound, ErrorCode.PathNotFound)] // ENOTDIR
    [InlineData(12, ErrorCode.OutOfMemory, ErrorCode.OutOfMemory)] // ENOMEM
    [InlineData(23, ErrorCode.ReadFailed, ErrorCode.ReadFailed)] // ENFILE
    [InlineData(24, ErrorCode.ReadFailed, ErrorCode.ReadFailed)] // EMFILE
    [InlineData(36, ErrorCode.NameTooLong, ErrorCode.NameTooLong)] // ENAMETOOLONG
    [InlineData(28, ErrorCode.DiskFull, ErrorCode.DiskFull)] // ENOSPC
    [InlineData(30, ErrorCode.ReadFailed, ErrorCode.WriteFailed)] // EROFS
    [InlineData(39, ErrorCode.DestinationExists, ErrorCode.DestinationExists)] // ENOTEMPTY
    [InlineData(122, ErrorCode.DiskFull, ErrorCode.DiskFull)] // EDQUOT
    public void Each_error_number_of_Linux_has_its_code(int errno, ErrorCode reading, ErrorCode writing)
    {
        if (!OperatingSystem.IsLinux())
            return;
        Assert.Equal(reading, DiskErrors.FromNative(errno, "/p", writing: false).Code);
        Assert.Equal(writing, DiskErrors.FromNative(errno, "/p", writing: true).Code);
        // .NET hands the same numbers on in its IOException.
        Assert.Equal(reading, DiskErrors.From(new IOException("m", errno), "/p", writing: false).Code);
    }

    [Theory]
    [InlineData(2, ErrorCode.PathNotFound, ErrorCode.PathNotFound)]
    [InlineData(3, ErrorCode.PathNotFound, ErrorCode.PathNotFound)]
    [InlineData(5, ErrorCode.AccessDenied, ErrorCode.AccessDenied)]
    [InlineData(32, ErrorCode.SourceInUse, ErrorCode.WriteFailed)] // sharing violation
    [InlineData(33, ErrorCode.SourceInUse, ErrorCode.WriteFailed)] // lock violation
    [InlineData(39, ErrorCode.DiskFull, ErrorCode.DiskFull)]
    [InlineData(80, ErrorCode.DestinationExists, ErrorCode.DestinationExists)]
    [InlineData(112, ErrorCode.DiskFull, ErrorCode.DiskFull)]
    [InlineData(145, ErrorCode.DestinationExists, ErrorCode.DestinationExists)]
    [InlineData(183, ErrorCode.DestinationExists, ErrorCode.DestinationExists)]
    [InlineData(1117, ErrorCode.ReadFailed, ErrorCode.WriteFailed)] // I/O device error
    [InlineData(4, ErrorCode.ReadFailed, ErrorCode.ReadFailed)] // too many open files
    [InlineData(8, ErrorCode.OutOfMemory, ErrorCode.OutOfMemory)]
    [InlineData(14, ErrorCode.OutOfMemory, ErrorCode.OutOfMemory)]
    [InlineData(206, ErrorCode.NameTooLong, ErrorCode.NameTooLong)]
    [InlineData(1455, ErrorCode.OutOfMemory, ErrorCode.OutOfMemory)]
    [InlineData(1295, ErrorCode.DiskFull, ErrorCode.DiskFull)]
    public void Each_error_number_of_Windows_has_its_code(int error, ErrorCode reading, ErrorCode writing)
    {
        var e = new IOException("m", unchecked((int)0x8007_0000) | error);
        Assert.Equal(reading, DiskErrors.From(e, "/p", writing: false).Code);
        Assert.Equal(writing, DiskErrors.From(e, "/p", writing: true).Code);
    }

    [Fact]
    public void The_path_and_the_cause_are_kept_and_the_text_is_the_systems_where_it_says_more()
    {
        var cause = new IOException("something odd");
        var e = DiskErrors.From(cause, "/p", writing: true);
        Assert.Equal((ErrorCode.WriteFailed, "/p", "writing failed: something odd"), (e.Code, e.FullName, e.Message));
        Assert.Same(cause, e.InnerException);
        Assert.Equal(ErrorCode.AccessDenied, DiskErrors.From(new UnauthorizedAccessException(), "/p", false).Code);
        Assert.Equal(ErrorCode.PathNotFound, DiskErrors.From(new FileNotFoundException(), "/p", false).Code);
        Assert.Equal(ErrorCode.PathNotFound, DiskErrors.From(new DirectoryNotFoundException(), "/p", true).Code);
        Assert.False(DiskErrors.IsDiskFailure(new OperationCanceledException()));
        Assert.False(DiskErrors.IsDiskFailure(new ArgumentException("a bug")));
        Assert.False(DiskErrors.IsDiskFailure(new ArgumentOutOfRangeException("offset")));
        var tooLarge = new ArgumentOutOfRangeException("value"); // so .NET calls it, whatever the argument's name
        Assert.True(DiskErrors.IsDiskFailure(tooLarge));
        e = DiskErrors.From(tooLarge, "/p", writing: true);
        Assert.Equal(ErrorCode.WriteFailed, e.Code);
        Assert.Equal("writing failed: the file is too large for the file system", e.Message);
    }
}
