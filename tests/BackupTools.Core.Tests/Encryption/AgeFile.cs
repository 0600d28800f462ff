using BackupTools.Encryption;
using BackupTools.Files;
using BackupTools.Formats.Age;
using BackupTools.Tests.Files;

namespace BackupTools.Tests.Encryption;

/// <summary>One file on a disk in memory, encrypted and read.</summary>
internal static class AgeFile
{
    public const string Name = "/f/a";

    /// <summary>Sizes around every boundary of a chunk, and none at all.</summary>
    public static IEnumerable<int> Sizes =>
        new[] { 0, 1, 2, 3, 16 }
            .SelectMany(chunks => new[] { -1, 0, 1 }.Select(by => (chunks * AgePayload.ChunkLength) + by))
            .Where(size => size >= 0)
            .Append(100);

    public static byte[] Bytes(int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return bytes;
    }

    /// <summary>The encrypted bytes.</summary>
    public static byte[] Encrypt(byte[] plain, params IAgeRecipient[] recipients) =>
        Encrypt(
            file =>
            {
                if (plain.Length > 0)
                {
                    file.Write(plain, 0);
                }
            },
            recipients
        );

    public static byte[] Encrypt(Action<IDiskFile> write, params IAgeRecipient[] recipients)
    {
        var memory = new MemoryDisk();
        memory.CreateDirectory("/f");
        var disk = new AgeDisk(memory, () => new KeyRing([]));
        disk.Encrypt(["/f"], recipients);
        using (var file = disk.CreateNew(Name))
        {
            write(file);
        }
        return memory.Content("/f")[Path.GetFileName(Name) + ".age"];
    }

    public static byte[] Decrypt(byte[] file, params IAgeIdentity[] identities)
    {
        using var reader = Open(file, identities);
        var plain = new byte[reader.Length];
        HashingCopy.ReadExactly(reader, plain, 0);
        return plain;
    }

    public static AgeReader Open(byte[] file, params IAgeIdentity[] identities) =>
        new(Name, new MemoryFile(Name + ".age", file), new KeyRing(identities));
}
