using System.Runtime.InteropServices;
using BackupTools.Errors;
using BackupTools.Files.Native;

namespace BackupTools.Files;

/// <summary>The one place where what the operating system says becomes a <see cref="BackupException"/>.</summary>
internal static class DiskErrors
{
    private const int Win32Facility = unchecked((int)0x8007_0000);

    /// <summary>True for the exceptions that .NET's file calls throw for the disk's sake, not for a bug of ours.</summary>
    public static bool IsDiskFailure(Exception e) => e is IOException or UnauthorizedAccessException || IsTooLarge(e);

    /// <summary>Translates an exception of .NET's file calls; <paramref name="writing"/> says what was tried.</summary>
    public static BackupException From(Exception e, string path, bool writing)
    {
        var code =
            e is UnauthorizedAccessException ? ErrorCode.AccessDenied
            : e is PathTooLongException ? ErrorCode.NameTooLong
            : e is FileNotFoundException or DirectoryNotFoundException ? ErrorCode.PathNotFound
            // On Unix .NET keeps the plain error number, on Windows the Win32 error with its facility.
            : (e.HResult & unchecked((int)0xFFFF_0000)) == Win32Facility ? OfWin32(e.HResult & 0xFFFF, writing)
            : OfErrno(e.HResult, writing);
        return Make(
            code,
            e.HResult & 0xFFFF,
            IsTooLarge(e) ? "the file is too large for the file system" : e.Message,
            path,
            e
        );
    }

    /// <summary>Makes a call of .NET; what the disk has to say of it is translated.</summary>
    public static T Translated<T>(string path, bool writing, Func<T> call)
    {
        try
        {
            return call();
        }
        catch (Exception e) when (IsDiskFailure(e))
        {
            throw From(e, path, writing);
        }
    }

    /// <summary>The same for a call that gives nothing.</summary>
    public static void Translated(string path, bool writing, Action call) =>
        Translated(
            path,
            writing,
            () =>
            {
                call();
                return true;
            }
        );

    /// <summary>Translates the error of a native call: errno on Unix, the Win32 error on Windows.</summary>
    public static BackupException FromNative(int error, string path, bool writing) =>
        Make(
            CodeOf(error, writing),
            error,
            Marshal.GetPInvokeErrorMessage(error),
            path,
            new IOException(Marshal.GetPInvokeErrorMessage(error), error)
        );

    /// <summary>True for the error of a native call that says that nothing has the name.</summary>
    public static bool IsNothing(int error) => CodeOf(error, writing: false) == ErrorCode.PathNotFound;

    /// <summary>True when an item could not be renamed because of what is mounted there, or between here and there.</summary>
    public static bool IsAcrossMounts(BackupException e) =>
        !OperatingSystem.IsWindows() && e.InnerException is IOException { HResult: Errno.Busy or Errno.CrossDevice };

    private static BackupException Make(ErrorCode code, int error, string systemMessage, string path, Exception? inner)
    {
        if (OperatingSystem.IsWindows() && OpenElsewhere.Explains(error, path))
        {
            code = ErrorCode.SourceInUse;
        }
        var isHandles = code == ErrorCode.ReadFailed && IsTooManyFiles(error);
        return new(
            code,
            code switch
            {
                _ when isHandles => $"too many files are open: {HandleLimit(error)}",
                ErrorCode.NameTooLong => "the name is too long for the file system",
                ErrorCode.InvalidOption => "Windows allows no such name",
                ErrorCode.OutOfMemory => "the operating system has no memory left",
                ErrorCode.PathNotFound => "there is no such file or folder",
                ErrorCode.AccessDenied => "the operating system denied access",
                ErrorCode.DiskFull => "the disk or quota is full",
                ErrorCode.DestinationExists => "something with this name already exists",
                ErrorCode.SourceInUse => FileUsers.Name(
                    Directory.Exists(path)
                        ? "another program has the folder, or a file in it, open"
                        : "another program has the file open and does not share it",
                    path
                ),
                ErrorCode.WriteFailed => "writing failed: " + systemMessage,
                _ => "reading failed: " + systemMessage,
            },
            path,
            recommendation: isHandles
                    ? $"Raise the limit (ulimit -n, LimitNOFILE= of a service), or lower {Spelling.Of("ThrottleLimit")}."
                : code == ErrorCode.InvalidOption ? "Choose another name."
                : null,
            inner: inner
        );
    }

    private static bool IsTooManyFiles(int error) =>
        OperatingSystem.IsWindows()
            ? error == WindowsError.TooManyOpenFiles
            : error is Errno.TooManyFiles or Errno.TooManyFilesOfAll;

    private static string HandleLimit(int error) =>
        OperatingSystem.IsWindows() ? "the process has no handle left"
        : error == Errno.TooManyFilesOfAll ? "the limit of the whole system is reached"
        : Libc.HandleLimit() is { } limit ? $"this process may have {limit} handles"
        : "the limit of this process is reached";

    /// <summary>What .NET makes of EFBIG ("value") and of a length that Windows does not take ("length").</summary>
    private static bool IsTooLarge(Exception e) => e is ArgumentOutOfRangeException { ParamName: "value" or "length" };

    private static ErrorCode CodeOf(int error, bool writing) =>
        OperatingSystem.IsWindows() ? OfWin32(error, writing) : OfErrno(error, writing);

    private static ErrorCode Failed(bool writing) => writing ? ErrorCode.WriteFailed : ErrorCode.ReadFailed;

    private static ErrorCode OfErrno(int errno, bool writing) =>
        errno switch
        {
            Errno.NoEntry or Errno.NotDirectory => ErrorCode.PathNotFound,
            Errno.NotPermitted or Errno.AccessDenied => ErrorCode.AccessDenied,
            Errno.NoSpace => ErrorCode.DiskFull,
            Errno.OutOfMemory => ErrorCode.OutOfMemory,
            Errno.TooManyFiles or Errno.TooManyFilesOfAll => ErrorCode.ReadFailed,
            _ when errno == Errno.NameTooLong => ErrorCode.NameTooLong,
            Errno.Exists => ErrorCode.DestinationExists,
            _ when errno == Errno.QuotaExceeded => ErrorCode.DiskFull,
            _ when errno == Errno.NotEmpty => ErrorCode.DestinationExists,
            _ => Failed(writing),
        };

    private static ErrorCode OfWin32(int error, bool writing) =>
        error switch
        {
            WindowsError.FileNotFound or WindowsError.PathNotFound => ErrorCode.PathNotFound,
            // Nothing has a name that cannot be: "none*". Who wants to write one has mistyped it.
            WindowsError.InvalidName => writing ? ErrorCode.InvalidOption : ErrorCode.PathNotFound,
            WindowsError.AccessDenied => ErrorCode.AccessDenied,
            WindowsError.TooManyOpenFiles => ErrorCode.ReadFailed,
            WindowsError.FileNameTooLong => ErrorCode.NameTooLong,
            WindowsError.NotEnoughMemory or WindowsError.OutOfMemory or WindowsError.CommitmentLimit =>
                ErrorCode.OutOfMemory,
            WindowsError.SharingViolation or WindowsError.LockViolation when !writing => ErrorCode.SourceInUse,
            WindowsError.HandleDiskFull or WindowsError.DiskFull or WindowsError.QuotaExceeded => ErrorCode.DiskFull,
            WindowsError.FileExists or WindowsError.AlreadyExists or WindowsError.DirectoryNotEmpty =>
                ErrorCode.DestinationExists,
            _ => Failed(writing),
        };
}
