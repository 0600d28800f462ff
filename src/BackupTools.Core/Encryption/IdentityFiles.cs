using System.Security.Cryptography;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Age;

namespace BackupTools.Encryption;

/// <summary>Reads files of keys. What they hold stands in no message.</summary>
internal static class IdentityFiles
{
    /// <summary>A passphrase of more letters is a wrong file.</summary>
    private const int LongestPassphrase = 4096;

    /// <summary>What can be read with files of keys and a passphrase.</summary>
    /// <exception cref="BackupException">PathNotFound, AccessDenied, Malformed, IdentityRequired, IdentityMismatch.</exception>
    public static KeyRing Open(IReadOnlyList<string> paths, byte[]? passphrase, IReadingDisk disk)
    {
        var phrase = passphrase is null ? null : new PassphraseKey(passphrase);
        var keys = paths.SelectMany(p => Read(p, phrase, disk)).ToList();
        return new KeyRing(phrase is null ? keys : [.. keys, phrase]);
    }

    /// <summary>The public keys that were given by themselves and in files; each once.</summary>
    /// <exception cref="BackupException">InvalidOption, PathNotFound, AccessDenied.</exception>
    public static Recipients Recipients(IEnumerable<string> keys, IEnumerable<string> files, IReadingDisk disk) =>
        new([
            .. keys.Select(X25519Recipient.Parse)
                .Concat(files.SelectMany(f => ReadRecipients(f, disk)))
                .DistinctBy(r => r.ToString()),
        ]);

    /// <summary>A new key: what its file holds, encrypted with a passphrase if there is one, and its public key.</summary>
    public static (byte[] File, string Recipient) Make(DateTimeOffset created, byte[]? passphrase)
    {
        var identity = X25519Identity.New();
        var plain = AgeIdentityFile.Write(identity, created);
        return (passphrase is null ? plain : Encrypt(plain, new PassphraseKey(passphrase)), $"{identity.Recipient}");
    }

    /// <summary>The secret keys of a file, which itself may be encrypted with a passphrase.</summary>
    /// <exception cref="BackupException">PathNotFound, AccessDenied, Malformed, IdentityRequired, IdentityMismatch.</exception>
    public static IReadOnlyList<IAgeIdentity> Read(string path, PassphraseKey? passphrase, IReadingDisk disk) =>
        SmallFile.Parse(
            disk,
            path,
            AgeIdentityFile.Longest,
            b => AgeIdentityFile.Parse(AgeIdentityFile.IsEncrypted(b) ? Decrypt(path, b, passphrase) : b)
        );

    private static IReadOnlyList<X25519Recipient> ReadRecipients(string path, IReadingDisk disk) =>
        SmallFile.Parse(disk, path, AgeIdentityFile.Longest, b => AgeIdentityFile.ParseRecipients(b));

    /// <summary>The first line of a file.</summary>
    /// <exception cref="BackupException">PathNotFound, AccessDenied, Malformed.</exception>
    public static byte[] ReadPassphrase(string path, IReadingDisk disk)
    {
        var bytes = SmallFile.Read(disk, path, LongestPassphrase);
        var end = bytes.AsSpan().IndexOfAny((byte)'\r', (byte)'\n');
        var line = end < 0 ? bytes : bytes[..end];
        CryptographicOperations.ZeroMemory(end < 0 ? [] : bytes);
        return line.Length > 0
            ? line
            : throw new BackupException(ErrorCode.Malformed, "the file holds no passphrase", path);
    }

    private static byte[] Encrypt(byte[] plain, PassphraseKey passphrase)
    {
        var key = AgeFileKey.New();
        var nonce = RandomNumberGenerator.GetBytes(AgeFileKey.NonceLength);
        var file = new MemoryFile("", []);
        using (var writer = new AgeWriter("", file, key, AgeHeader.Write(key, [passphrase]), nonce, static _ => { }))
        {
            writer.Write(plain, 0);
        }
        return file.Bytes;
    }

    private static byte[] Decrypt(string path, byte[] bytes, PassphraseKey? passphrase)
    {
        if (passphrase is null)
        {
            throw new BackupException(
                ErrorCode.IdentityRequired,
                "the identity file is encrypted with a passphrase, and none was given",
                recommendation: $"Give the passphrase, in a file with {Spelling.Of("PassphraseFile")}."
            );
        }
        var binary = AgeArmor.Begins(bytes) ? AgeArmor.Decode(bytes) : bytes;
        try
        {
            using var reader = new AgeReader(path, new MemoryFile(path, binary), new KeyRing([passphrase]));
            var plain = new byte[reader.Length];
            HashingCopy.ReadExactly(reader, plain, 0);
            return plain;
        }
        catch (BackupException e) when (e.Code == ErrorCode.IdentityMismatch)
        {
            throw new BackupException(
                ErrorCode.IdentityMismatch,
                "this is not the passphrase of the identity file",
                path,
                recommendation: "Give the passphrase that the identity file was encrypted with."
            );
        }
    }
}
