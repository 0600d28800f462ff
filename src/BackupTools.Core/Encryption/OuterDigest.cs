using BackupTools.Files;

namespace BackupTools.Encryption;

/// <summary>The BLAKE3 digest by which the bytes of an encrypted file are known again without a key.</summary>
internal static class OuterDigest
{
    /// <summary>Of a file as it lies there, in lower-case hex.</summary>
    public static string Of(
        IReadingDisk disk,
        string path,
        TransferProgress progress,
        CancellationToken cancellation,
        IDiskFile? copy = null
    )
    {
        using var file = disk.OpenRead(path);
        using var digest = Blake3.Hasher.New();
        var all = new FileRange(0, file.Length);
        void Tap(ReadOnlySpan<byte> block) => digest.Update(block);
        if (copy is null)
        {
            HashingCopy.Read(file, all, Tap, progress, cancellation);
        }
        else
        {
            HashingCopy.Copy(file, all, copy, 0, Tap, progress, cancellation);
        }
        return digest.Finalize().ToString();
    }
}
