using System.Text;
using BackupTools.Errors;
using BackupTools.Formats.Grafeo;

namespace BackupTools.Tests.Formats.Grafeo;

public class GrafeoManifestTests
{
    private const string Segment =
        """{"kind":"Full","filename":"a.grafeo","start_epoch":0,"end_epoch":3,"checksum":1,"size_bytes":2,"created_at_ms":4}""";

    public static TheoryData<string, string> Manifests =>
        new()
        {
            { "v05-reference", "backups" },
            { "v05-lost", "backups-as-reference" },
            { "v05-lost", "backups-correct" },
            { "v06-native", "backups" },
        };

    [Theory]
    [MemberData(nameof(Manifests))]
    public void An_engine_made_manifest_is_written_back_byte_for_byte(string set, string folder)
    {
        var bytes = GrafeoBytes.FixtureBytes(set, folder, "backup_manifest.json");
        Assert.Equal(bytes, GrafeoManifest.Read(bytes).Write());
    }

    [Fact]
    public void The_worked_example_of_the_format_document_is_written_and_read()
    {
        var bytes = GrafeoBytes.Hex(
            "01 02 00 17 62 61 63 6B 75 70 5F 66 75 6C 6C 5F 30 30 30 30 2E 67 72 61 66 65 6F"
                + "00 64 FB 39 30 FB 00 04 FB E8 03"
                + "01 14 62 61 63 6B 75 70 5F 69 6E 63 72 5F 30 30 30 31 2E 77 61 6C"
                + "65 C8 FC 32 09 01 00 FB 00 01 FB D0 07"
        );
        GrafeoSegment[] segments =
        [
            new(GrafeoSegmentKind.Full, "backup_full_0000.grafeo", 0, 100, 12345, 1024, 1000),
            new(GrafeoSegmentKind.Incremental, "backup_incr_0001.wal", 101, 200, 67890, 256, 2000),
        ];
        Assert.Equal(bytes, new GrafeoManifest(GrafeoEncoding.Bincode, segments).Write());
        var read = GrafeoManifest.Read(bytes);
        Assert.Equal(GrafeoEncoding.Bincode, read.Encoding);
        Assert.Equal(segments, read.Segments);
        Assert.Equal(segments.Select(s => s.FileName), segments.Select((s, i) => GrafeoSegment.NameOf(s.Kind, i)));
    }

    [Fact]
    public void An_empty_manifest_has_the_engines_bytes_in_both_encodings()
    {
        Assert.Equal([1, 0], new GrafeoManifest(GrafeoEncoding.Bincode, []).Write());
        Assert.Empty(GrafeoManifest.Read([1, 0]).Segments);
        var json = new GrafeoManifest(GrafeoEncoding.Json, []).Write();
        Assert.Equal("{\n  \"version\": 2,\n  \"segments\": []\n}", Encoding.UTF8.GetString(json));
        Assert.Empty(GrafeoManifest.Read(json).Segments);
    }

    [Fact]
    public void Names_are_escaped_as_the_engine_escapes_them()
    {
        var segment = new GrafeoSegment(GrafeoSegmentKind.Full, "a\"b\\c \b\t\n\f\r\u001fé<&😀", 0, 1, 2, 3, 4);
        var bytes = new GrafeoManifest(GrafeoEncoding.Json, [segment]).Write();
        var quoted = """
            "a\"b\\c \b\t\n\f\r\u001fé<&😀"
            """;
        Assert.Contains(quoted, Encoding.UTF8.GetString(bytes), StringComparison.Ordinal);
        Assert.Equal([segment], GrafeoManifest.Read(bytes).Segments);
    }

    [Theory]
    [InlineData("", 0)]
    [InlineData("backup_full_0000.grafeo backup_incr_0001.wal", 2)]
    [InlineData("any.grafeo", 1)]
    [InlineData("backup_full_0001.grafeo", 2)]
    [InlineData("BACKUP_INCR_0001.WAL", 2)]
    [InlineData("backup_full_0002.grafeo backup_incr_0003.wal", 4)]
    public void The_next_name_counts_the_segments_and_passes_over_what_is_taken(string names, int index)
    {
        GrafeoSegment[] segments = [.. names.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Named)];
        var manifest = new GrafeoManifest(GrafeoEncoding.Json, segments);
        Assert.Equal($"backup_full_{index:D4}.grafeo", manifest.NextName(GrafeoSegmentKind.Full));
        Assert.Equal($"backup_incr_{index:D4}.wal", manifest.NextName(GrafeoSegmentKind.Incremental));
    }

    [Theory]
    [InlineData("backup_full_0000.grafeo", 0)]
    [InlineData("backup_incr_0012.wal", 12)]
    [InlineData("BACKUP_Full_0003.GRAFEO", 3)]
    [InlineData("backup_full_12345.grafeo", 12345)]
    [InlineData("backup_full_3.grafeo", null)]
    [InlineData("backup_full_00003.grafeo", null)]
    [InlineData("backup_full_-003.grafeo", null)]
    [InlineData("backup_full_99999999999.grafeo", null)]
    [InlineData("backup_full_0003.wal", null)]
    [InlineData("backup_copy_0003.wal", null)]
    [InlineData("backup_incr_0003.wal.tmp", null)]
    [InlineData("backup_incr_", null)]
    [InlineData("a.grafeo", null)]
    public void Only_a_name_that_the_engine_gives_has_an_index(string name, int? index) =>
        Assert.Equal(index, Named(name).NamedIndex());

    // What the engine (0.6.0) accepts, tried with it.
    [Theory]
    [InlineData("""{"version":0,"segments":[S]}""")]
    [InlineData("""{"version":1,"segments":[S]}""")]
    [InlineData("""  {"segments":[S],"x":{"y":[1]},"version":2} """)]
    public void Any_layout_any_older_version_and_unknown_members_are_read(string json) =>
        Assert.Equal(
            new GrafeoSegment(GrafeoSegmentKind.Full, "a.grafeo", 0, 3, 1, 2, 4),
            Assert.Single(Read(json).Segments)
        );

    // What the engine refuses, tried with it; the byte is ours.
    [Theory]
    [InlineData("""{"version":3,"segments":[S]}""", ErrorCode.UnsupportedVersion, 11)]
    [InlineData("""{"version":"2","segments":[S]}""", ErrorCode.Malformed, 11)]
    [InlineData("""{"version":2.0,"segments":[S]}""", ErrorCode.Malformed, 11)]
    [InlineData("""{"version":-2,"segments":[S]}""", ErrorCode.Malformed, 11)]
    [InlineData("""{"segments":[S]}""", ErrorCode.Malformed, 0)]
    [InlineData("""{"version":2}""", ErrorCode.Malformed, 0)]
    [InlineData("""{"version":2,"version":2,"segments":[S]}""", ErrorCode.Malformed, 13)]
    [InlineData("""{"version":2,"segments":{}}""", ErrorCode.Malformed, 24)]
    [InlineData("""{"version":2,"segments":[1]}""", ErrorCode.Malformed, 25)]
    [InlineData("""{"version":2,"segments":[{"kind":"full"}]}""", ErrorCode.Malformed, 33)]
    [InlineData("""{"version":2,"segments":[{"kind":"Full"}]}""", ErrorCode.Malformed, 25)]
    [InlineData("""{"version":2,"segments":[{"checksum":4294967296}]}""", ErrorCode.Malformed, 37)]
    [InlineData("""{"version":2,"segments":[{"end_epoch":18446744073709551616}]}""", ErrorCode.Malformed, 38)]
    [InlineData("""{"version":2,"segments":[{"filename":"\ud800"}]}""", ErrorCode.Malformed, 37)]
    [InlineData("""{"version":2,"segments":[S]} x""", ErrorCode.Malformed, null)]
    [InlineData("""{"version":2,"segments":[S""", ErrorCode.Malformed, null)]
    [InlineData("\ufeff{\"version\":2,\"segments\":[]}", ErrorCode.UnsupportedVersion, 0)]
    [InlineData("", ErrorCode.Truncated, 0)]
    public void What_the_engine_refuses_is_refused_with_the_byte(string json, ErrorCode code, int? offset)
    {
        var error = GrafeoBytes.Refused(() => Read(json));
        Assert.Equal(code, error.Code);
        Assert.True(offset is null ? error.Offset > 0 : error.Offset == offset, $"offset {error.Offset}");
    }

    [Theory]
    [InlineData("""{"version":"2","segments":[S]}""", "the JSON has String where a number should be")]
    [InlineData("""{"version":2,"segments":{}}""", "the JSON has StartObject where a list should be")]
    [InlineData("""{"version":2,"segments":[1]}""", "the JSON has Number where an object should be")]
    [InlineData("""{"version":2,"segments":[{"filename":null}]}""", "the JSON has Null where a text should be")]
    public void What_stands_in_the_place_of_something_else_is_named(string json, string message) =>
        Assert.Equal(message, GrafeoBytes.Refused(() => Read(json)).Message);

    [Fact]
    public void A_newer_version_is_refused_in_the_engines_words() =>
        Assert.Equal(
            "format version 3 was written by a newer release; this one reads up to version 2",
            GrafeoBytes.Refused(() => Read("""{"version":3,"segments":[]}""")).Message
        );

    [Theory]
    [MemberData(nameof(Manifests))]
    public void A_manifest_cut_anywhere_is_refused(string set, string folder)
    {
        var bytes = GrafeoBytes.FixtureBytes(set, folder, "backup_manifest.json");
        for (var length = 0; length < bytes.Length; length++)
        {
            var cut = bytes[..length];
            var error = GrafeoBytes.Refused(() => GrafeoManifest.Read(cut));
            Assert.True(error.Offset <= length, $"cut at {length}: offset {error.Offset}");
        }
    }

    [Theory]
    [InlineData("01 00 00", ErrorCode.Malformed, 2)] // trailing byte
    [InlineData("02 00", ErrorCode.UnsupportedVersion, 0)]
    [InlineData("01 FD FF FF FF FF FF FF FF FF", ErrorCode.Truncated, 1)] // count
    [InlineData("01 01 02 01 41 00 00 00 00 00", ErrorCode.Malformed, 2)] // kind
    [InlineData("01 01 00 FD FF FF FF FF FF FF FF FF 00 00 00 00 00 00", ErrorCode.Truncated, 12)] // name length
    [InlineData("01 01 00 01 41 00 00 FD 01 00 00 00 00 00 00 00 00 00", ErrorCode.Malformed, 7)] // wide checksum
    public void Damaged_bincode_is_refused_with_the_byte(string hex, ErrorCode code, long offset)
    {
        var error = GrafeoBytes.Refused(() => GrafeoManifest.Read(GrafeoBytes.Hex(hex)));
        Assert.Equal((code, offset), (error.Code, error.Offset));
    }

    private static GrafeoSegment Named(string name) => new(GrafeoSegmentKind.Full, name, 0, 0, 0, 0, 0);

    private static GrafeoManifest Read(string json) =>
        GrafeoManifest.Read(
            Encoding.UTF8.GetBytes(
                json.Replace("S]", Segment + "]", StringComparison.Ordinal)
                    .Replace("[S", "[" + Segment, StringComparison.Ordinal)
            )
        );
}
