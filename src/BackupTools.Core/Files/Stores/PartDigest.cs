using System.Security.Cryptography;

namespace BackupTools.Files.Stores;

/// <summary>What is known of a part of an object: the digest that stores compare, and ours.</summary>
/// <param name="Md5">16 bytes.</param>
/// <param name="Sha256">In hex.</param>
internal sealed record PartDigest(byte[] Md5, string Sha256)
{
    private const int BlockSize = 1 << 20;

    /// <summary>Reads a range of a file once.</summary>
    /// <exception cref="Errors.BackupException">What reading throws; Truncated.</exception>
    public static PartDigest Of(IDiskFile file, FileRange range, CancellationToken stop)
    {
        using var md5 = StoreDigest.Md5();
        using var sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var block = new byte[Math.Min(BlockSize, range.Length)];
        for (var at = range.Start; at < range.End; at += block.Length)
        {
            stop.ThrowIfCancellationRequested();
            var part = block.AsSpan(0, (int)Math.Min(block.Length, range.End - at));
            HashingCopy.ReadExactly(file, part, at);
            md5.AppendData(part);
            sha256.AppendData(part);
        }
        return new PartDigest(md5.GetHashAndReset(), Convert.ToHexStringLower(sha256.GetHashAndReset()));
    }
}
