using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Text.Json;
using BackupTools.Errors;
using BackupTools.Formats.Primitives;

namespace BackupTools.Formats.Sqlite;

/// <summary>
/// What we know about a bundle of an SQLite database beyond its LTX file. Litestream passes the file over, and restores
/// work without it; with it, a page that is missing in an increment and a state that never was are found. It verifies
/// itself: magic, length and text of the description, their BLAKE3, then the fingerprints of the pages (8 bytes each),
/// whose BLAKE3 the description holds.
/// </summary>
internal sealed record SqliteSideFile
{
    /// <summary>Enough for every description that is accepted.</summary>
    public const int LargestDescription = 64 << 10;

    /// <summary>Bytes before the description.</summary>
    public const int HeadLength = 12;

    /// <summary>Bytes of a digest.</summary>
    public const int DigestLength = 32;

    private const int FormatVersion = 1;

    private static ReadOnlySpan<byte> Magic => "BTSQLITE"u8;

    /// <summary>Version of the tool that wrote it.</summary>
    public required string Tool { get; init; }

    /// <summary>Id of the bundle it belongs to.</summary>
    public required string BundleId { get; init; }

    /// <summary>Id of the bundle that the increment was made on; null for a full.</summary>
    public required string? ParentId { get; init; }

    /// <summary>Absolute path of the database when it was backed up.</summary>
    public required string SourcePath { get; init; }

    /// <summary>Pages of the state, the lock page included.</summary>
    public required uint Pages { get; init; }

    /// <summary>Checksum of the state before; 0 for a full.</summary>
    public required ulong PreApply { get; init; }

    /// <summary>Checksum of the state after.</summary>
    public required ulong PostApply { get; init; }

    /// <summary>Secret of the fingerprints, 32 digits of lower-case hex. Whoever writes rows must not know it.</summary>
    public required string PageKey { get; init; }

    /// <summary>BLAKE3 of the fingerprints as in the file, lower-case hex: the digest of the whole state.</summary>
    public required string PageMacsDigest { get; init; }

    /// <summary>Bytes of the fingerprints.</summary>
    public long PageMacsLength => 8L * Pages;

    /// <summary>What the file begins with, up to the fingerprints.</summary>
    public byte[] WriteDescription()
    {
        var text = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(text))
        {
            json.WriteStartObject();
            json.WriteNumber("backuptools", FormatVersion);
            json.WriteString("tool", Tool);
            json.WriteString("engine", "SQLite");
            json.WriteString("bundle", BundleId);
            json.WriteString("parent", ParentId);
            json.WriteString("source", SourcePath);
            json.WriteNumber("pages", Pages);
            json.WriteString("pre_apply", Hex(PreApply));
            json.WriteString("post_apply", Hex(PostApply));
            json.WriteString("page_key", PageKey);
            json.WriteString("page_macs_blake3", PageMacsDigest);
            json.WriteEndObject();
        }
        var bytes = new byte[HeadLength + text.WrittenCount + DigestLength];
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(Magic.Length), text.WrittenCount);
        text.WrittenSpan.CopyTo(bytes.AsSpan(HeadLength));
        Blake3.Hasher.Hash(bytes.AsSpan(0, bytes.Length - DigestLength)).AsSpan().CopyTo(bytes.AsSpan(^DigestLength..));
        return bytes;
    }

    /// <summary>Bytes of the description and its digest after <see cref="HeadLength"/> bytes of the file.</summary>
    /// <exception cref="BackupException">Truncated, BadMagic, Malformed.</exception>
    public static int DescriptionLength(ReadOnlySpan<byte> head)
    {
        if (head.Length < HeadLength)
        {
            throw Fault.Truncated("the side file is truncated", head.Length);
        }
        if (!head.StartsWith(Magic))
        {
            throw Fault.BadMagic("this is not the side file of an SQLite bundle");
        }
        var length = BinaryPrimitives.ReadInt32BigEndian(head[Magic.Length..]);
        return length is > 0 and <= LargestDescription
            ? length + DigestLength
            : throw Malformed($"a description of {length} bytes", Magic.Length);
    }

    /// <summary>Reads what is before the fingerprints: head, description and digest.</summary>
    /// <exception cref="BackupException">Truncated, BadMagic, Malformed, ChecksumMismatch, UnsupportedVersion.</exception>
    public static SqliteSideFile Parse(ReadOnlyMemory<byte> bytes)
    {
        var length = HeadLength + DescriptionLength(bytes.Span[..Math.Min(HeadLength, bytes.Length)]);
        if (bytes.Length < length)
        {
            throw Fault.Truncated("the side file is truncated", bytes.Length);
        }
        var body = bytes[..(length - DigestLength)];
        if (!Blake3.Hasher.Hash(body.Span).AsSpan().SequenceEqual(bytes.Span[body.Length..length]))
        {
            throw new BackupException(
                ErrorCode.ChecksumMismatch,
                "the side file does not match its own digest",
                offset: body.Length
            );
        }
        try
        {
            using var document = JsonDocument.Parse(body[HeadLength..]);
            return Read(document.RootElement);
        }
        catch (Exception e)
            when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw Malformed("the side file is not of its format", HeadLength, e);
        }
    }

    private static SqliteSideFile Read(JsonElement root)
    {
        var version = root.GetProperty("backuptools").GetInt32();
        if (version != FormatVersion)
        {
            throw Fault.UnsupportedVersion($"unsupported side file version {version}");
        }
        return new SqliteSideFile
        {
            Tool = Text(root, "tool"),
            BundleId = Digest(Text(root, "bundle")),
            ParentId = root.GetProperty("parent").GetString() is { } parent ? Digest(parent) : null,
            SourcePath = Text(root, "source"),
            Pages = root.GetProperty("pages").GetUInt32(),
            PreApply = Sum(Text(root, "pre_apply")),
            PostApply = Sum(Text(root, "post_apply")),
            PageKey = Hex(Text(root, "page_key"), PageMac.Length),
            PageMacsDigest = Digest(Text(root, "page_macs_blake3")),
        };
    }

    private static string Text(JsonElement element, string name) =>
        element.GetProperty(name).GetString() ?? throw new FormatException($"{name} is null");

    private static string Digest(string text) => Hex(text, DigestLength);

    private static string Hex(string text, int bytes) =>
        text.Length == 2 * bytes && text.All(char.IsAsciiHexDigitLower)
            ? text
            : throw new FormatException("no digest or key");

    private static ulong Sum(string text) =>
        text.Length == 16
            ? ulong.Parse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture)
            : throw new FormatException("no checksum");

    private static string Hex(ulong value) => value.ToString("x16", CultureInfo.InvariantCulture);

    private static BackupException Malformed(string message, long offset, Exception? inner = null) =>
        new(ErrorCode.Malformed, message, offset: offset, inner: inner);
}
