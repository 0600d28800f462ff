using BackupTools.Errors;

namespace BackupTools.Files;

/// <summary>Small parts of a file as arrays.</summary>
internal static class FileBytes
{
    /// <summary>So many bytes.</summary>
    /// <exception cref="BackupException">Truncated, when the file ends before.</exception>
    public static byte[] Bytes(this IDiskFile file, long offset, long count)
    {
        var bytes = new byte[count];
        HashingCopy.ReadExactly(file, bytes, offset);
        return bytes;
    }

    /// <summary>Up to so many bytes: fewer where the file ends.</summary>
    public static byte[] UpTo(this IDiskFile file, long offset, int count)
    {
        var bytes = new byte[count];
        var read = file.ReadUpTo(bytes, offset);
        return read == count ? bytes : bytes[..read];
    }

    /// <summary>Fills a buffer as far as the file goes; returns how far that is.</summary>
    public static int ReadUpTo(this IDiskFile file, Span<byte> buffer, long offset)
    {
        var done = 0;
        while (done < buffer.Length && file.Read(buffer[done..], offset + done) is > 0 and var read)
            done += read;
        return done;
    }

    /// <summary>What a file begins with, up to so many bytes; null for what is no file, or cannot be read.</summary>
    public static byte[]? Beginning(this IReadingDisk disk, string path, int count)
    {
        try
        {
            if (disk.Stat(path) is not { Kind: DiskEntryKind.File or DiskEntryKind.Link })
                return null;
            using var file = disk.OpenRead(path);
            return file.UpTo(0, (int)Math.Min(count, file.Length));
        }
        catch (BackupException)
        {
            return null;
        }
    }

    /// <summary>Makes of what was opened what owns it from then on; where that fails, it is closed.</summary>
    public static T Into<TOpened, T>(this TOpened opened, Func<TOpened, T> make)
        where TOpened : IDisposable
    {
        try
        {
            return make(opened);
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }
}
