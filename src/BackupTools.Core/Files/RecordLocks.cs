using BackupTools.Files.Native;

namespace BackupTools.Files;

/// <summary>Locks on ranges of bytes, with which other programs tell each other that they use a file.</summary>
internal static class RecordLocks
{
    /// <summary>
    /// True when another process has an exclusive lock on a part of a range. False where nobody can tell: on macOS, and on a
    /// file system without such locks. This process must not have the file open (<see cref="OpenHere"/>).
    /// </summary>
    /// <exception cref="Errors.BackupException">The file cannot be read.</exception>
    public static bool AreHeld(string path, FileRange range)
    {
        if (OperatingSystem.IsMacOS())
        {
            return false;
        }
        try
        {
            using var file = Open(path);
            // A shared lock (on Windows an exclusive one), for a moment: there is no call that only asks.
            file.Lock(range.Start, range.Length);
            file.Unlock(range.Start, range.Length);
            return false;
        }
        catch (IOException e) when (OperatingSystem.IsWindows())
        {
            return (e.HResult & 0xFFFF) == WindowsError.LockViolation
                ? true
                : throw DiskErrors.From(e, path, writing: false);
        }
        catch (IOException e) when (e.HResult == Errno.WouldBlock)
        {
            return true;
        }
        catch (IOException e) when (e.HResult == Errno.NoLocks || e.HResult == Errno.NotSupported)
        {
            return false;
        }
        catch (Exception e) when (DiskErrors.IsDiskFailure(e))
        {
            throw DiskErrors.From(e, path, writing: false);
        }
    }

    private static FileStream Open(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        }
        var handle =
            Libc.TryOpen(path, Libc.ReadOnly, out var errno)
            ?? throw DiskErrors.FromNative(errno, path, writing: false);
        return new FileStream(handle, FileAccess.Read, bufferSize: 0);
    }
}
