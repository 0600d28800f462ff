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
}
