using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace BackupTools.Files.Native;

/// <summary>
/// The calls to the C library that Linux and macOS share and .NET does not offer. No flag whose value differs between
/// processors is used, and no variadic argument is passed (Apple silicon passes those differently).
/// </summary>
[UnsupportedOSPlatform("windows")]
internal static partial class Libc
{
    private const int LockExclusive = 2;
    private const int LockNonBlocking = 4;
    private const int LockNone = 8;

    private static readonly int SeekData = OperatingSystem.IsMacOS() ? 4 : 3;
    private static readonly int SeekHole = OperatingSystem.IsMacOS() ? 3 : 4;

    public static readonly int CloseOnExec = OperatingSystem.IsMacOS() ? 0x0100_0000 : 0x8_0000;
    public static readonly int NonBlocking = OperatingSystem.IsMacOS() ? 0x4 : 0x800;
    public const int ReadOnly = 0;
    public const int ReadWrite = 2;

    /// <summary>
    /// Opens what is there, without any lock (.NET's own open takes one) and without waiting for the other end of a
    /// pipe. Null with <paramref name="errno"/> set when that fails.
    /// </summary>
    public static SafeFileHandle? TryOpen(string path, int access, out int errno)
    {
        while (true)
        {
            var fd = Open(path, access | CloseOnExec | NonBlocking);
            errno = fd < 0 ? Marshal.GetLastPInvokeError() : 0;
            if (fd >= 0)
                return new SafeFileHandle(fd, ownsHandle: true);
            if (errno != Errno.Interrupted)
                return null;
        }
    }

    /// <summary>Takes the exclusive lock; 0, or the error (<see cref="Errno.WouldBlock"/> when another has it).</summary>
    public static int TryLock(SafeFileHandle file) => Check(() => Lock(file, LockExclusive | LockNonBlocking));

    /// <summary>Gives up the lock, whoever else has the same open file.</summary>
    public static void Unlock(SafeFileHandle file) => _ = Check(() => Lock(file, LockNone));

    /// <summary>rename(2), which replaces a file that is there; 0 or the error.</summary>
    public static int Rename(string from, string to) => Check(() => RenameCall(from, to));

    /// <summary>
    /// fsync(2); 0 or the error. The call of .NET 10 takes an error for success: it returns what fsync answered as a truth value.
    /// </summary>
    public static int Flush(SafeFileHandle file) => Check(() => FlushCall(file));

    /// <summary>link(2); 0 or the error.</summary>
    public static int Link(string existing, string path) => Check(() => LinkCall(existing, path));

    /// <summary>lchown(2); 0 or the error.</summary>
    public static int ChangeOwner(string path, uint owner, uint group) =>
        Check(() => ChangeOwnerCall(path, owner, group));

    /// <summary>The start of the next data at or after an offset; negative on error (NoSuchDeviceOrAddress: none).</summary>
    public static long NextData(SafeFileHandle file, long offset, out int errno) =>
        Seek(file, offset, SeekData, out errno);

    /// <summary>The start of the next hole at or after an offset (the end counts as one); negative on error.</summary>
    public static long NextHole(SafeFileHandle file, long offset, out int errno) =>
        Seek(file, offset, SeekHole, out errno);

    /// <summary>How many handles this process may have at once (RLIMIT_NOFILE); null when that is not known.</summary>
    public static unsafe ulong? HandleLimit()
    {
        var limits = stackalloc ulong[2]; // soft, hard
        return GetLimit(OperatingSystem.IsMacOS() ? 8 : 7, limits) == 0 ? limits[0] : null;
    }

    /// <summary>Writes all of a block at an offset; false when that fails, perhaps after a part of it.</summary>
    public static unsafe bool TryWrite(SafeFileHandle file, byte* block, int length, long offset)
    {
        while (length > 0)
        {
            var written = WriteAt(file, block, length, offset);
            if (written <= 0)
            {
                if (written < 0 && Marshal.GetLastPInvokeError() == Errno.Interrupted)
                    continue;
                return false;
            }
            block += written;
            length -= (int)written;
            offset += written;
        }
        return true;
    }

    private static long Seek(SafeFileHandle file, long offset, int whence, out int errno)
    {
        var at = SeekCall(file, offset, whence);
        errno = at < 0 ? Marshal.GetLastPInvokeError() : 0;
        return at;
    }

    /// <summary>Runs a call that answers 0 or -1, again while a signal interrupts it; 0 or the error.</summary>
    internal static int Check(Func<int> call)
    {
        while (call() != 0)
        {
            var errno = Marshal.GetLastPInvokeError();
            if (errno != Errno.Interrupted)
                return errno;
        }
        return 0;
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int Lock(SafeFileHandle file, int operation);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FlushCall(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "rename", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RenameCall(string from, string to);

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int LinkCall(string existing, string path);

    [LibraryImport("libc", EntryPoint = "pwrite", SetLastError = true)]
    private static unsafe partial nint WriteAt(SafeFileHandle file, byte* block, nint length, long offset);

    [LibraryImport("libc", EntryPoint = "lchown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ChangeOwnerCall(string path, uint owner, uint group);

    [LibraryImport("libc", EntryPoint = "getrlimit")]
    private static unsafe partial int GetLimit(int resource, ulong* limits);

    [LibraryImport("libc", EntryPoint = "lseek", SetLastError = true)]
    private static partial long SeekCall(SafeFileHandle file, long offset, int whence);
}
