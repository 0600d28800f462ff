using System.Text.Json;
using System.Text.Json.Serialization;
using BackupTools.Files;
using BackupTools.Formats.Spg;

namespace BackupTools.Engines.Spg;

/// <summary>
/// What of a bundle tells whether a log continues it (<see cref="SpgEpoch"/>), without the bytes that are compared.
/// </summary>
/// <param name="TailLength">Bytes at the end of the bundle's log of which the digest is.</param>
/// <param name="Tail">BLAKE3, lower-case hex.</param>
/// <param name="Snapshot">BLAKE3 of the snapshot of a full that has no checksum of its own; else null.</param>
/// <param name="IsEmpty">The snapshot is an empty catalogue, as for a database without a file.</param>
internal sealed partial record SpgTraces(int TailLength, string Tail, string? Snapshot, bool IsEmpty)
{
    private const int Beginning = 16;

    /// <summary>The traces of a bundle that can be read.</summary>
    public static BundleTraces Of(string path, SpgBundle bundle, EngineContext context)
    {
        var header = bundle.Header;
        var ranges = new List<FileRange> { new(0, SpgBundleHeader.FixedLength) };
        using var file = context.Disk.OpenRead(path);
        string? snapshot = null;
        var isEmpty = false;
        if (bundle.IsFull)
        {
            var length = (long)header.SnapLen;
            var start = file.Bytes(SpgBundleHeader.FixedLength, Math.Min(Beginning, length));
            ranges.Add(new(SpgBundleHeader.FixedLength, SpgBundleHeader.FixedLength + start.Length));
            if (SpgSnapshotCheck.EndsWithChecksum(start))
            {
                ranges.Add(new(header.WalFieldsOffset - sizeof(uint), header.WalFieldsOffset));
            }
            else
            {
                snapshot = DigestOf(file, SpgBundleHeader.FixedLength, length, context);
            }
            isEmpty = SpgEpoch.IsEmptyCatalog(file, length);
        }
        ranges.Add(new(header.WalFieldsOffset, header.WalFieldsOffset + SpgBundleHeader.WalFieldsLength));
        if (bundle.Baseline is not null)
        {
            ranges.Add(new(header.WalOffset, header.WalOffset + SpgBaselineMark.Length));
        }
        ranges.Add(new(header.BodyLength, header.BodyLength + SpgBundleHeader.TrailerLength));
        var tail = SpgEpoch.TailLengthOf(bundle);
        var facts = new SpgTraces(
            tail,
            DigestOf(file, bundle.SliceOffset + bundle.SliceLength - tail, tail, context),
            snapshot,
            isEmpty
        );
        return new BundleTraces(
            [new KeptFile(path, ranges)],
            JsonSerializer.SerializeToUtf8Bytes(facts, SpgTracesJson.Default.SpgTraces)
        );
    }

    /// <summary>The traces of a bundle that cannot be read; null where it can be.</summary>
    public static SpgTraces? Behind(string path, EngineContext context) =>
        context.FactsOf(path) is { } facts ? JsonSerializer.Deserialize(facts, SpgTracesJson.Default.SpgTraces) : null;

    /// <summary>BLAKE3 of a part of a file, lower-case hex.</summary>
    public static string DigestOf(IDiskFile file, long start, long length, EngineContext context) =>
        context.Uncounted.DigestOf(file, new FileRange(start, start + length)).ToString();

    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
    [JsonSerializable(typeof(SpgTraces))]
    private sealed partial class SpgTracesJson : JsonSerializerContext;
}
