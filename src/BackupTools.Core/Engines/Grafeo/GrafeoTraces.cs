using System.Text.Json;
using System.Text.Json.Serialization;
using BackupTools.Files;
using BackupTools.Formats.Grafeo;

namespace BackupTools.Engines.Grafeo;

/// <summary>
/// What of an increment tells whether a log continues it, without the bytes that are compared: BLAKE3 digests, lower-case hex.
/// </summary>
/// <param name="Length">0.6.0: bytes at the end of its log; 0.5.x: all bytes in it that change the database.</param>
/// <param name="Digest">Of these.</param>
internal sealed partial record GrafeoTraces(long Length, string Digest)
{
    /// <summary>The traces of a bundle that can be read.</summary>
    public static BundleTraces Of(string path, GrafeoBundle bundle, EngineContext context)
    {
        var manifest = KeptFile.Whole(
            Path.Combine(Path.GetDirectoryName(path)!, GrafeoManifestFile.Name),
            context.Disk
        );
        using var file = context.Disk.OpenRead(path);
        if (bundle.Image is not null)
        {
            var head = Math.Min(file.Length, GrafeoContainerHeader.Size);
            return new BundleTraces([new KeptFile(path, [new FileRange(0, head)]), manifest]);
        }
        var ranges = new List<FileRange> { new(0, GbakHeader.Size) };
        GrafeoTraces facts;
        if (bundle.IsPaged)
        {
            var segments = GrafeoWalSegment.ReadIncrement(file);
            ranges.AddRange(segments.Select(s => new FileRange(s.Offset - sizeof(ulong), s.Frames.Start)));
            var tail = GrafeoHead.Before(file, segments[^1].Frames);
            facts = new GrafeoTraces(tail.Length, Blake3.Hasher.Hash(tail).ToString());
        }
        else
        {
            facts = OfRecords([path], context);
        }
        return new BundleTraces(
            [new KeptFile(path, ranges), manifest],
            JsonSerializer.SerializeToUtf8Bytes(facts, GrafeoTracesJson.Default.GrafeoTraces)
        );
    }

    /// <summary>The traces of an increment that cannot be read; null where it can be.</summary>
    public static GrafeoTraces? Behind(string path, EngineContext context) =>
        context.FactsOf(path) is { } facts
            ? JsonSerializer.Deserialize(facts, GrafeoTracesJson.Default.GrafeoTraces)
            : null;

    /// <summary>The records of increments of 0.5.x that change the database.</summary>
    public static GrafeoTraces OfRecords(IReadOnlyList<string> paths, EngineContext context)
    {
        var inputs = new List<GrafeoRecordInput>();
        foreach (var path in paths)
        {
            using var file = context.Disk.OpenRead(path);
            inputs.Add(new GrafeoRecordInput(path, new FileRange(GbakHeader.Size, file.Length)));
        }
        var filter = new GrafeoEpochFilter();
        GrafeoFrames.Scan(inputs, filter, context, mayBeTorn: false);
        using var hasher = Blake3.Hasher.New();
        long held = 0;
        GrafeoFrames.Read(
            inputs,
            filter.TakeKept(),
            (_, _, bytes) =>
            {
                hasher.Update(bytes);
                held += bytes.Length;
                return true;
            },
            _ => { },
            context
        );
        return new GrafeoTraces(held, hasher.Finalize().ToString());
    }

    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
    [JsonSerializable(typeof(GrafeoTraces))]
    private sealed partial class GrafeoTracesJson : JsonSerializerContext;
}
