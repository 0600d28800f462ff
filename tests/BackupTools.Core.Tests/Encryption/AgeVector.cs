using System.IO.Compression;
using System.Text;
using BackupTools.Encryption;
using BackupTools.Formats.Age;

namespace BackupTools.Tests.Encryption;

/// <summary>A file of the format's own test vectors (tests/fixtures/age).</summary>
internal sealed class AgeVector
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "fixtures", "age", "vectors");

    private readonly ILookup<string, string> _says;
    private readonly byte[] _file;

    private AgeVector(string path)
    {
        var bytes = File.ReadAllBytes(path);
        var end = bytes.AsSpan().IndexOf("\n\n"u8);
        _says = Encoding
            .UTF8.GetString(bytes, 0, end)
            .Split('\n')
            .ToLookup(
                l => l[..l.IndexOf(':', StringComparison.Ordinal)],
                l => l[(l.IndexOf(':', StringComparison.Ordinal) + 2)..]
            );
        _file = _says["compressed"].Any() ? Inflate(bytes[(end + 2)..]) : bytes[(end + 2)..];
    }

    public static IEnumerable<string> Names =>
        Directory.EnumerateFiles(Folder).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal);

    public static AgeVector Of(string name) => new(Path.Combine(Folder, name));

    public string Expected => _says["expect"].Single();

    public bool IsArmored => _says["armored"].Any();

    public string? PlainSha256 => _says["payload"].SingleOrDefault();

    /// <summary>Reads all of it.</summary>
    public byte[] Read()
    {
        var file = IsArmored ? AgeArmor.Decode(_file) : _file;
        IAgeIdentity[] identities =
        [
            .. _says["identity"].Select(i => X25519Identity.TryParse(i)!),
            .. _says["passphrase"].Select(p => new PassphraseKey(Encoding.UTF8.GetBytes(p))),
        ];
        using var reader = new AgeReader("v", new MemoryFile("v.age", file), new KeyRing(identities));
        var plain = new byte[reader.Length];
        BackupTools.Files.HashingCopy.ReadExactly(reader, plain, 0);
        return plain;
    }

    private static byte[] Inflate(byte[] bytes)
    {
        using var stream = new ZLibStream(new MemoryStream(bytes), CompressionMode.Decompress);
        using var plain = new MemoryStream();
        stream.CopyTo(plain);
        return plain.ToArray();
    }
}
