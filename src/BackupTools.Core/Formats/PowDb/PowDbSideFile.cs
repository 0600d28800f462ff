using System.Buffers;
using System.Globalization;
using System.Text.Json;
using BackupTools.Errors;
using BackupTools.Formats.Primitives;
using Blake3;

namespace BackupTools.Formats.PowDb;

/// <summary>A file of the state that a bundle leads to.</summary>
internal sealed record PowDbStateFile(string Name, long Length, Hash Blake3);

/// <summary>A write-ahead log that a bundle of a newer engine carries beside its manifest.</summary>
internal sealed record PowDbSideWal(long Length, Hash Blake3);

/// <summary>The table of page fingerprints beside the bundle.</summary>
/// <param name="Length">Bytes of the table file.</param>
/// <param name="Blake3">Digest of the table file.</param>
/// <param name="On">Id of the bundle whose table holds what this one does not repeat; null when it is complete.</param>
/// <param name="Depth">0 for a complete table; else one more than that of the parent's.</param>
/// <param name="Key">The secret of the fingerprints; null for a table of version 1, whose fingerprints nobody makes now.</param>
internal sealed record PowDbPageTable(long Length, Hash Blake3, string? On, int Depth, UInt128? Key);

/// <summary>
/// What we know about a bundle beyond its manifest. The engine ignores the file, and so may we: everything in it can be
/// had from the manifests and pages of the chain, only slower. It verifies itself: its last member is the BLAKE3 of all
/// bytes before that member's line.
/// </summary>
internal sealed record PowDbSideFile
{
    public const string FileName = ".backuptools.json";
    public const string TableFileName = ".backuptools.pages";
    public const int MaxLength = 64 * 1024 * 1024;

    private const int FormatVersion = 1;
    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";
    private const int DigestLength = 2 * Hash.Size;

    private static ReadOnlySpan<byte> DigestMember => ",\n  \"blake3\": \""u8;

    private static ReadOnlySpan<byte> DigestEnd => "\"\n}"u8;

    /// <summary>Version of the tool that wrote it.</summary>
    public required string Tool { get; init; }

    /// <summary>Id of the bundle it belongs to: BLAKE3 of its manifest.</summary>
    public required string BundleId { get; init; }

    /// <summary>Id of the bundle the increment was made on; null for a full.</summary>
    public required string? ParentId { get; init; }

    public required string Series { get; init; }

    /// <summary>To the millisecond; the manifest knows seconds only.</summary>
    public required DateTimeOffset CreatedUtc { get; init; }

    /// <summary>
    /// What was there before it is dated up to this time, later than the bundle itself; null when its own date says as
    /// much. To the millisecond; side files without it are of before it was written.
    /// </summary>
    public DateTimeOffset? TakenAfterUtc { get; init; }

    /// <summary>The highest LSN really found; manifests of older versions of ours have the highest of the chain.</summary>
    public required ulong MaxLsn { get; init; }

    /// <summary>Every file of the state after this bundle.</summary>
    public required IReadOnlyList<PowDbStateFile> Files { get; init; }

    /// <summary>Files of the parent's state that are gone.</summary>
    public required IReadOnlyList<string> Dropped { get; init; }

    /// <summary>Set only where the manifest's format has no place for the log.</summary>
    public required PowDbSideWal? Wal { get; init; }

    public required PowDbPageTable Pages { get; init; }

    /// <summary>The file's bytes.</summary>
    public byte[] Write()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, PowDbManifestWriter.Options))
        {
            json.WriteStartObject();
            json.WriteNumber("backuptools", FormatVersion);
            json.WriteString("tool", Tool);
            json.WriteString("engine", "PowDB");
            json.WriteString("bundle", BundleId);
            json.WriteString("parent", ParentId);
            json.WriteString("series", Series);
            json.WriteString("created_utc", Text(CreatedUtc));
            if (TakenAfterUtc is { } after)
            {
                json.WriteString("taken_after_utc", Text(after));
            }
            json.WriteNumber("max_lsn", MaxLsn);
            json.WriteStartArray("files");
            foreach (var file in Files)
            {
                json.WriteStartObject();
                json.WriteString("name", file.Name);
                WriteDigest(json, file.Length, file.Blake3);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteStartArray("dropped");
            foreach (var name in Dropped)
            {
                json.WriteStringValue(name);
            }
            json.WriteEndArray();
            if (Wal is not null)
            {
                json.WriteStartObject("wal");
                WriteDigest(json, Wal.Length, Wal.Blake3);
                json.WriteEndObject();
            }
            json.WriteStartObject("pages");
            WriteDigest(json, Pages.Length, Pages.Blake3);
            json.WriteString("on", Pages.On);
            json.WriteNumber("depth", Pages.Depth);
            if (Pages.Key is { } key)
            {
                json.WriteString("key", key.ToString("x32", CultureInfo.InvariantCulture));
            }
            json.WriteEndObject();
        }
        // The object is still open: what follows is the digest of what was written so far, then its end.
        var digest = Hasher.Hash(buffer.WrittenSpan);
        buffer.Write(DigestMember);
        buffer.Write(System.Text.Encoding.ASCII.GetBytes(digest.ToString()));
        buffer.Write(DigestEnd);
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Reads the file's bytes.</summary>
    /// <exception cref="BackupException">ChecksumMismatch, Malformed or UnsupportedVersion.</exception>
    public static PowDbSideFile Read(ReadOnlyMemory<byte> bytes)
    {
        RequireOwnDigest(bytes.Span);
        try
        {
            using var document = JsonDocument.Parse(bytes);
            var root = document.RootElement;
            var version = root.GetProperty("backuptools").GetInt32();
            if (version != FormatVersion)
            {
                throw Fault.UnsupportedVersion($"unsupported side file version {version}");
            }
            return new PowDbSideFile
            {
                Tool = root.GetProperty("tool").GetString()!,
                BundleId = Digest(Required(root, "bundle")).ToString(),
                ParentId = Id(root.GetProperty("parent")),
                Series = Required(root, "series"),
                CreatedUtc = Time(Required(root, "created_utc")),
                TakenAfterUtc = root.TryGetProperty("taken_after_utc", out _)
                    ? Time(Required(root, "taken_after_utc"))
                    : null,
                MaxLsn = root.GetProperty("max_lsn").GetUInt64(),
                Files = root.GetProperty("files")
                    .EnumerateArray()
                    .Select(f =>
                    {
                        var (length, digest) = ReadDigest(f);
                        return new PowDbStateFile(Required(f, "name"), length, digest);
                    })
                    .ToArray(),
                Dropped = root.GetProperty("dropped").EnumerateArray().Select(d => d.GetString() ?? "").ToArray(),
                Wal = root.TryGetProperty("wal", out var wal)
                    ? new PowDbSideWal(ReadDigest(wal).Length, ReadDigest(wal).Digest)
                    : null,
                Pages = ReadTable(root.GetProperty("pages")),
            };
        }
        catch (Exception e)
            when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new BackupException(ErrorCode.Malformed, "the side file is not of its format", inner: e);
        }
    }

    private static string Text(DateTimeOffset time) =>
        time.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture);

    private static DateTimeOffset Time(string text) =>
        DateTimeOffset.ParseExact(text, TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);

    private static void RequireOwnDigest(ReadOnlySpan<byte> bytes)
    {
        var tail = DigestMember.Length + DigestLength + DigestEnd.Length;
        if (bytes.Length <= tail)
        {
            throw Fault.Truncated("the side file is truncated", bytes.Length);
        }
        var body = bytes[..^tail];
        var member = bytes.Slice(body.Length, tail);
        var digest = member.Slice(DigestMember.Length, DigestLength);
        var actual = Hasher.Hash(body).ToString();
        if (
            !member.StartsWith(DigestMember)
            || !member.EndsWith(DigestEnd)
            || !string.Equals(System.Text.Encoding.ASCII.GetString(digest), actual, StringComparison.Ordinal)
        )
        {
            throw new BackupException(ErrorCode.ChecksumMismatch, "the side file does not match its own digest");
        }
    }

    private static void WriteDigest(Utf8JsonWriter json, long length, Hash blake3)
    {
        json.WriteNumber("len", length);
        json.WriteString("blake3", blake3.ToString());
    }

    private static (long Length, Hash Digest) ReadDigest(JsonElement element) =>
        (
            element.GetProperty("len").GetInt64() is >= 0 and var length
                ? length
                : throw new FormatException("a negative length"),
            Digest(Required(element, "blake3"))
        );

    private static Hash Digest(string text) =>
        text.Length == DigestLength
            ? Hash.FromBytes(Convert.FromHexString(text))
            : throw new FormatException("a digest of another length");

    private static string? Id(JsonElement element) => element.GetString() is { } text ? Digest(text).ToString() : null;

    private static PowDbPageTable ReadTable(JsonElement element)
    {
        var (length, digest) = ReadDigest(element);
        return new PowDbPageTable(
            length,
            digest,
            Id(element.GetProperty("on")),
            element.GetProperty("depth").GetInt32() is >= 0 and var depth
                ? depth
                : throw new FormatException("a negative depth"),
            element.TryGetProperty("key", out var key) ? Key(key.GetString()) : null
        );
    }

    private static UInt128 Key(string? text) =>
        text is { Length: 2 * PowDbFingerprints.Size }
            ? UInt128.Parse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture)
            : throw new FormatException("a key of another length");

    private static string Required(JsonElement element, string name) =>
        element.GetProperty(name).GetString() ?? throw new FormatException($"{name} is null");
}
