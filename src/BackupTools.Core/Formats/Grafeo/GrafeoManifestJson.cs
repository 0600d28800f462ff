using System.Text;
using System.Text.Json;
using BackupTools.Formats.Primitives;

namespace BackupTools.Formats.Grafeo;

/// <summary>The manifest as JSON (Grafeo format, §7.3).</summary>
internal static class GrafeoManifestJson
{
    /// <summary>The segments of a JSON manifest of any version up to <see cref="GrafeoManifest.JsonVersion"/>.</summary>
    public static List<GrafeoSegment> Read(ReadOnlySpan<byte> bytes)
    {
        var segments = new List<GrafeoSegment>();
        GrafeoJson.ReadDocument(
            bytes,
            new Dictionary<string, GrafeoJson.MemberReader>(StringComparer.Ordinal)
            {
                ["version"] = static (ref Utf8JsonReader reader) => ReadVersion(ref reader),
                ["segments"] = (ref Utf8JsonReader reader) => ReadSegments(ref reader, segments),
            }
        );
        return segments;
    }

    /// <summary>Two spaces of indent, line feeds, none at the end.</summary>
    public static byte[] Write(IReadOnlyList<GrafeoSegment> segments)
    {
        var text = new StringBuilder();
        text.Append($"{{\n  \"version\": {GrafeoManifest.JsonVersion},\n  \"segments\": [");
        for (var i = 0; i < segments.Count; i++)
        {
            var segment = segments[i];
            text.Append(i == 0 ? "\n    {\n" : ",\n    {\n")
                .Append($"      \"kind\": \"{segment.Kind}\",\n")
                .Append($"      \"filename\": {JsonText.Quote(segment.FileName)},\n")
                .Append($"      \"start_epoch\": {segment.StartEpoch},\n")
                .Append($"      \"end_epoch\": {segment.EndEpoch},\n")
                .Append($"      \"checksum\": {segment.Checksum},\n")
                .Append($"      \"size_bytes\": {segment.SizeBytes},\n")
                .Append($"      \"created_at_ms\": {segment.CreatedAtMs}\n    }}");
        }
        return Encoding.UTF8.GetBytes(text.Append(segments.Count == 0 ? "]\n}" : "\n  ]\n}").ToString());
    }

    private static void ReadVersion(ref Utf8JsonReader reader)
    {
        var version = GrafeoJson.U32(ref reader);
        if (version > GrafeoManifest.JsonVersion)
        {
            throw Fault.UnsupportedVersion(
                $"format version {version} was written by a newer release; "
                    + $"this one reads up to version {GrafeoManifest.JsonVersion}",
                reader.TokenStartIndex
            );
        }
    }

    private static void ReadSegments(ref Utf8JsonReader reader, List<GrafeoSegment> segments)
    {
        GrafeoJson.Expect(ref reader, JsonTokenType.StartArray, "a list");
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            segments.Add(ReadSegment(ref reader));
        }
    }

    private static GrafeoSegment ReadSegment(ref Utf8JsonReader reader)
    {
        var kind = GrafeoSegmentKind.Full;
        var name = "";
        ulong start = 0;
        ulong end = 0;
        ulong size = 0;
        ulong created = 0;
        uint checksum = 0;
        GrafeoJson.ReadObject(
            ref reader,
            new Dictionary<string, GrafeoJson.MemberReader>(StringComparer.Ordinal)
            {
                ["kind"] = (ref Utf8JsonReader r) => kind = ReadKind(ref r),
                ["filename"] = (ref Utf8JsonReader r) => name = GrafeoJson.Text(ref r),
                ["start_epoch"] = (ref Utf8JsonReader r) => start = GrafeoJson.U64(ref r),
                ["end_epoch"] = (ref Utf8JsonReader r) => end = GrafeoJson.U64(ref r),
                ["checksum"] = (ref Utf8JsonReader r) => checksum = GrafeoJson.U32(ref r),
                ["size_bytes"] = (ref Utf8JsonReader r) => size = GrafeoJson.U64(ref r),
                ["created_at_ms"] = (ref Utf8JsonReader r) => created = GrafeoJson.U64(ref r),
            }
        );
        return new GrafeoSegment(kind, name, start, end, checksum, size, created);
    }

    private static GrafeoSegmentKind ReadKind(ref Utf8JsonReader reader) =>
        GrafeoJson.Text(ref reader) switch
        {
            nameof(GrafeoSegmentKind.Full) => GrafeoSegmentKind.Full,
            nameof(GrafeoSegmentKind.Incremental) => GrafeoSegmentKind.Incremental,
            var other => throw Fault.Malformed(
                $"unknown variant `{other}`, expected `Full` or `Incremental`",
                reader.TokenStartIndex
            ),
        };
}
