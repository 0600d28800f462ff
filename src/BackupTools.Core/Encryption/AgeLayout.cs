using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Age;

namespace BackupTools.Encryption;

/// <summary>Where in an encrypted file its parts lie.</summary>
/// <param name="Header">What it begins with.</param>
/// <param name="Length">Plain bytes, as the length of the file tells.</param>
internal sealed record AgeLayout(AgeHeader Header, long Length)
{
    /// <summary>Headers are seldom longer.</summary>
    private const int FirstRead = 4096;

    /// <summary>Where the nonce lies.</summary>
    public long NonceOffset => Header.Length;

    /// <summary>Where a chunk lies.</summary>
    public long OffsetOf(long chunk) => Header.Length + AgeFileKey.NonceLength + (chunk * AgePayload.SealedLength);

    /// <summary>Reads the header, for which no key is needed.</summary>
    /// <exception cref="BackupException">The file is damaged, or none of this kind.</exception>
    public static AgeLayout Read(IDiskFile file)
    {
        var whole = file.Length;
        var start = Start(file, Math.Min(FirstRead, whole));
        AgeHeader header;
        try
        {
            header = AgeHeader.Parse(start);
        }
        catch (BackupException e) when (e.Code == ErrorCode.Truncated && whole > FirstRead)
        {
            header = AgeHeader.Parse(Start(file, Math.Min(AgeHeader.Longest, whole)));
        }
        return new AgeLayout(header, AgePayload.PlainLengthOf(whole - header.Length - AgeFileKey.NonceLength));
    }

    private static byte[] Start(IDiskFile file, long length)
    {
        var bytes = new byte[length];
        HashingCopy.ReadExactly(file, bytes, 0);
        return bytes;
    }
}
