using BackupTools.Errors;
using BackupTools.Formats.Primitives;

namespace BackupTools.Formats.Grafeo;

/// <summary>How a manifest or a cursor is written.</summary>
internal enum GrafeoEncoding
{
    /// <summary>bincode, by engines up to 0.5.x; manifest version 1.</summary>
    Bincode,

    /// <summary>Pretty JSON, since 0.6.0; manifest version 2.</summary>
    Json,
}

/// <summary>
/// The list of segments of a backup folder (Grafeo format, §3.1 and §7.3). The file is called
/// <c>backup_manifest.json</c> in both encodings. Reading and writing again gives the bytes the engine writes.
/// </summary>
internal sealed record GrafeoManifest(GrafeoEncoding Encoding, IReadOnlyList<GrafeoSegment> Segments)
{
    /// <summary>The highest JSON manifest version that this reads.</summary>
    public const uint JsonVersion = 2;

    /// <summary>The only bincode manifest version there is.</summary>
    public const uint BincodeVersion = 1;

    // kind, empty name, and five integers of one byte
    private const int SmallestSegment = 7;

    /// <summary>Reads a manifest of either encoding.</summary>
    /// <exception cref="BackupException">Truncated, Malformed or UnsupportedVersion, with the offset.</exception>
    public static GrafeoManifest Read(ReadOnlySpan<byte> bytes) =>
        GrafeoJson.IsJson(bytes)
            ? new GrafeoManifest(GrafeoEncoding.Json, GrafeoManifestJson.Read(bytes))
            : new GrafeoManifest(GrafeoEncoding.Bincode, ReadBincode(bytes));

    /// <summary>
    /// The name of the next segment: as the engine counts, but never one that is taken, which the engine would
    /// overwrite in a folder that lost entries.
    /// </summary>
    public string NextName(GrafeoSegmentKind kind)
    {
        var taken = Segments.Select(s => s.FileName).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var index = Segments.Count;
        while (
            taken.Contains(GrafeoSegment.NameOf(GrafeoSegmentKind.Full, index))
            || taken.Contains(GrafeoSegment.NameOf(GrafeoSegmentKind.Incremental, index))
        )
        {
            index++;
        }
        return GrafeoSegment.NameOf(kind, index);
    }

    /// <summary>The same with another entry at a place; by default after the last.</summary>
    public GrafeoManifest With(GrafeoSegment segment, int? at = null)
    {
        var segments = Segments.ToList();
        segments.Insert(at ?? segments.Count, segment);
        return this with { Segments = segments };
    }

    /// <summary>The file's bytes, as the engine of that generation writes them.</summary>
    public byte[] Write() => Encoding == GrafeoEncoding.Json ? GrafeoManifestJson.Write(Segments) : WriteBincode();

    private static GrafeoSegment[] ReadBincode(ReadOnlySpan<byte> bytes)
    {
        var reader = new BincodeReader(bytes);
        var version = reader.U32();
        if (version != BincodeVersion)
        {
            throw new BackupException(
                ErrorCode.UnsupportedVersion,
                $"not a backup manifest that this version reads: neither JSON, nor bincode of version {BincodeVersion}",
                offset: 0,
                expected: $"{BincodeVersion}",
                actual: $"{version}"
            );
        }
        var segments = new GrafeoSegment[reader.Count(SmallestSegment)];
        for (var i = 0; i < segments.Length; i++)
        {
            segments[i] = new GrafeoSegment(
                Kind(ref reader),
                reader.Text(),
                reader.U64(),
                reader.U64(),
                reader.U32(),
                reader.U64(),
                reader.U64()
            );
        }
        reader.End("last segment of the manifest");
        return segments;
    }

    private static GrafeoSegmentKind Kind(ref BincodeReader reader)
    {
        var at = reader.Offset;
        var variant = reader.U32();
        return variant <= (uint)GrafeoSegmentKind.Incremental
            ? (GrafeoSegmentKind)variant
            : throw Fault.Malformed($"invalid value: integer `{variant}`, expected variant index 0 <= i < 2", at);
    }

    private byte[] WriteBincode()
    {
        var writer = new BincodeWriter().U64(BincodeVersion).U64((ulong)Segments.Count);
        foreach (var segment in Segments)
        {
            writer
                .U64((ulong)segment.Kind)
                .Text(segment.FileName)
                .U64(segment.StartEpoch)
                .U64(segment.EndEpoch)
                .U64(segment.Checksum)
                .U64(segment.SizeBytes)
                .U64(segment.CreatedAtMs);
        }
        return writer.ToArray();
    }
}
