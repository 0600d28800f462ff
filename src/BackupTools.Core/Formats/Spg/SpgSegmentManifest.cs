using System.Globalization;
using System.IO.Hashing;
using BackupTools.Errors;
using BackupTools.Formats.Primitives;

namespace BackupTools.Formats.Spg;

/// <summary>A cold segment that a manifest names.</summary>
internal readonly record struct SpgSegmentEntry(uint Id, string Path, uint Crc32);

/// <summary>
/// SPGMAN01 v10, the file <c>&lt;stem&gt;.spg/manifest.v10</c> (SPG format, §6): which cold segments belong to a
/// database file, and from which offset its WAL counts.
/// </summary>
internal sealed record SpgSegmentManifest(uint CatalogCrc32, IReadOnlyList<SpgSegmentEntry> Segments, ulong WalBaseline)
{
    /// <summary>Length of a manifest without segments.</summary>
    public const int SmallestLength = 29;

    private const int SmallestEntry = 12;
    private const byte Version = 10;

    private static ReadOnlySpan<byte> Magic => "SPGMAN01"u8;

    /// <summary>True when a file that begins with these bytes claims to be a manifest.</summary>
    public static bool ClaimsToBeManifest(ReadOnlySpan<byte> start) => start.StartsWith(Magic);

    /// <summary>Parses a whole manifest with the reference's checks, order and texts.</summary>
    public static SpgSegmentManifest Parse(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < SmallestLength)
        {
            throw Truncated(0, SmallestLength, bytes.Length);
        }
        if (!ClaimsToBeManifest(bytes))
        {
            var got = string.Join(", ", bytes[..8].ToArray());
            throw Fault.BadMagic($"manifest: bad magic: expected SPGMAN01, got [{got}]");
        }
        if (bytes[8] != Version)
        {
            throw Fault.UnsupportedVersion(
                $"manifest: unsupported version {bytes[8]}, this binary accepts only {Version}",
                8
            );
        }
        var body = bytes[..^4];
        var stored = new SpanReader(bytes[^4..]).U32();
        var computed = Crc32.HashToUInt32(body);
        if (stored != computed)
        {
            throw Fault.Mismatch(
                $"manifest: CRC32 mismatch (expected=0x{stored:x8}, computed=0x{computed:x8})",
                stored,
                computed,
                bytes.Length - 4,
                prefix: "0x"
            );
        }
        return ParseFields(body);
    }

    private static SpgSegmentManifest ParseFields(ReadOnlySpan<byte> body)
    {
        var reader = new SpanReader(body);
        reader.Skip(9);
        var catalogCrc = reader.U32();
        var count = reader.U32();
        // The count is not trusted: an entry takes 12 bytes at least, so the bytes bound the list.
        var segments = new List<SpgSegmentEntry>((int)Math.Min(count, (uint)(reader.Remaining / SmallestEntry)));
        for (var i = 0u; i < count; i++)
        {
            Need(reader, 4);
            var id = reader.U32();
            Need(reader, 4);
            var pathLength = reader.U32();
            Need(reader, pathLength);
            string path;
            try
            {
                path = reader.Utf8(pathLength);
            }
            catch (BackupException e)
            {
                throw new BackupException(
                    ErrorCode.Malformed,
                    $"manifest: cold-segment {id} path is not valid UTF-8",
                    offset: e.Offset,
                    inner: e
                );
            }
            Need(reader, 4);
            segments.Add(new SpgSegmentEntry(id, path, reader.U32()));
        }
        Need(reader, 8);
        var baseline = reader.U64();
        return reader.Remaining == 0
            ? new SpgSegmentManifest(catalogCrc, segments, baseline)
            : throw Fault.Malformed(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"manifest: {reader.Remaining} trailing bytes after footer"
                ),
                reader.Offset
            );
    }

    private static void Need(SpanReader reader, ulong count)
    {
        if (count > (ulong)reader.Remaining)
        {
            throw Truncated(reader.Offset, count, reader.Remaining);
        }
    }

    private static BackupException Truncated(long offset, ulong need, int got) =>
        Fault.Truncated($"manifest: truncated at offset {offset}, need {need} bytes, got {got}", offset);
}
