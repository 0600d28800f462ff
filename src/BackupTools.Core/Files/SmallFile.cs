using BackupTools.Errors;

namespace BackupTools.Files;

/// <summary>Files that are small enough to be held: catalogues and side files.</summary>
internal static class SmallFile
{
    /// <summary>All bytes of a file.</summary>
    /// <exception cref="BackupException">InvalidOption: a secret key is no path; Malformed: it is longer than it may be; or the disk's own failure.</exception>
    public static byte[] Read(IReadingDisk disk, string path, int maxLength)
    {
        SecretPath.RefuseAsPath(path);
        using var file = disk.OpenRead(path);
        var length = file.Length;
        if (length > maxLength)
        {
            throw new BackupException(ErrorCode.Malformed, $"{length} bytes is more than such a file can have", path);
        }
        var bytes = new byte[length];
        HashingCopy.ReadExactly(file, bytes, 0);
        return bytes;
    }

    /// <summary>What a file holds; an error in that names the file.</summary>
    /// <exception cref="BackupException">As of <see cref="Read"/>; and what <paramref name="parse"/> throws.</exception>
    public static T Parse<T>(IReadingDisk disk, string path, int maxLength, Func<byte[], T> parse)
    {
        try
        {
            return parse(Read(disk, path, maxLength));
        }
        catch (BackupException e)
        {
            throw e.At(path);
        }
    }

    /// <summary>Writes a new file; staging flushes it.</summary>
    public static void Write(IDisk disk, string path, ReadOnlySpan<byte> bytes)
    {
        using var file = disk.CreateNew(path);
        file.Write(bytes, 0);
    }
}
