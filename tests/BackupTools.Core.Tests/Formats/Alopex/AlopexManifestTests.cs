using System.Text;
using BackupTools.Errors;
using BackupTools.Formats.Alopex;
using BackupTools.Tests.Files;
using FsCheck;
using FsCheck.Fluent;

namespace BackupTools.Tests.Formats.Alopex;

public sealed class AlopexManifestTests
{
    public static TheoryData<string> Manifests =>
        new(
            Directory
                .GetFiles(AlopexFixtures.At(), "snapshot.manifest", SearchOption.AllDirectories)
                .Select(f => TempFolder.Relative(AlopexFixtures.At(), f))
        );

    [Theory]
    [MemberData(nameof(Manifests))]
    public void Manifests_of_the_engine_are_written_back_byte_for_byte_but_for_their_order(string name)
    {
        var bytes = File.ReadAllBytes(AlopexFixtures.At(name));

        var manifest = AlopexManifest.Read(bytes);
        var written = manifest.ToBytes();

        Assert.Equal(Blocks(bytes), Blocks(written));
        Assert.Equal(
            manifest.Entries.Select(e => e.Name).Order(StringComparer.Ordinal),
            AlopexManifest.Read(written).Entries.Select(e => e.Name)
        );
    }

    [Fact]
    public void The_layout_is_the_engines_own()
    {
        var manifest = new AlopexManifest([new("sst/1.sst", 2844, 996278497), new("checkpoint.meta", 24, 558161692)]);

        Assert.Equal(
            """
            {
              "version": 1,
              "entries": [
                {
                  "path": "checkpoint.meta",
                  "size": 24,
                  "crc32": 558161692
                },
                {
                  "path": "sst/1.sst",
                  "size": 2844,
                  "crc32": 996278497
                }
              ]
            }
            """.ReplaceLineEndings("\n"),
            Encoding.UTF8.GetString(manifest.ToBytes())
        );
        Assert.Equal(
            "{\n  \"version\": 1,\n  \"entries\": []\n}",
            Encoding.UTF8.GetString(new AlopexManifest([]).ToBytes())
        );
    }

    [Fact]
    public void Only_quotes_backslashes_and_control_characters_are_escaped()
    {
        var text = Encoding.UTF8.GetString(
            new AlopexManifest([new("a\u0001\t\"\\\u001f é→😀/\u007f", 0, 0)]).ToBytes()
        );

        Assert.Contains("\"a\\u0001\\t\\\"\\\\\\u001f é→😀/\u007f\"", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Order_is_by_the_bytes_of_the_path()
    {
        var names = new[] { "a", "a/b", "a-b", "z", "é", "\uffee", "😀" };

        var written = AlopexManifest.Read(
            new AlopexManifest([.. names.Reverse().Select(n => new AlopexManifestEntry(n, 0, 0))]).ToBytes()
        );

        Assert.Equal(["a", "a-b", "a/b", "z", "é", "\uffee", "😀"], written.Entries.Select(e => e.Name));
    }

    [Theory]
    [InlineData("""[1,[["checkpoint.meta",24,5]]]""")]
    [InlineData(
        """{"entries":[{"crc32":5,"size":24,"path":"checkpoint.meta","more":[{"x":null}]}],"version":1,"who":{}}"""
    )]
    [InlineData("\n\t {\"version\":1, \"entries\":[[\"checkpoint.meta\",24,5]]} \r\n")]
    [InlineData("""{"version":1,"entries":[{"path":"checkpoint\u002emeta","size":24,"crc32":5}]}""")]
    public void What_the_engine_reads_is_read(string json) =>
        Assert.Equal(
            [new AlopexManifestEntry("checkpoint.meta", 24, 5)],
            AlopexManifest.Read(Encoding.UTF8.GetBytes(json)).Entries
        );

    [Theory]
    [InlineData("", "EOF while parsing a value at line 1 column 0")]
    [InlineData("\uFEFF{\"version\":1,\"entries\":[]}", "expected value at line 1 column 1")]
    [InlineData("hello", "expected value at line 1 column 1")]
    [InlineData(
        "{\n  \"version\": 1,\n  \"version\": 1,\n  \"entries\": []\n}",
        "duplicate field `version` at line 3 column 11"
    )]
    [InlineData("{\"version\":1}", "missing field `entries` at line 1 column 13")]
    [InlineData("{\"entries\":[]}", "missing field `version` at line 1 column 14")]
    [InlineData(
        "{\"version\":1,\"entries\":[{\"path\":\"a\",\"size\":1}]}",
        "missing field `crc32` at line 1 column 45"
    )]
    [InlineData(
        "{\"version\":1,\"entries\":[{\"path\":\"a\",\"path\":\"a\"}]}",
        "duplicate field `path` at line 1 column 42"
    )]
    [InlineData(
        "{\"version\":1.0,\"entries\":[]}",
        "invalid type: floating point `1.0`, expected u32 at line 1 column 14"
    )]
    [InlineData("{\"version\":-1,\"entries\":[]}", "invalid value: integer `-1`, expected u32 at line 1 column 13")]
    [InlineData(
        "{\"version\":1,\"entries\":[[\"a\",1,4294967296]]}",
        "invalid value: integer `4294967296`, expected u32 at line 1 column 41"
    )]
    [InlineData("{\"version\":\"1\",\"entries\":[]}", "invalid type: string \"1\", expected u32 at line 1 column 14")]
    [InlineData("{\"version\":1,\"entries\":null}", "invalid type: null, expected a sequence at line 1 column 27")]
    [InlineData("{\"version\":1,\"entries\":[]} x", "trailing characters at line 1 column 28")]
    [InlineData("[1]", "invalid length 1, expected struct SnapshotManifest with 2 elements at line 1 column 3")]
    [InlineData("[1,[],2]", "trailing characters at line 1 column 7")]
    [InlineData(
        "{\"version\":1,\"entries\":[{\"path\":\"\\ud800\",\"size\":1,\"crc32\":1}]}",
        "invalid unicode code point at line 1 column 40"
    )]
    [InlineData("{\"version\":", "EOF while parsing a value at line 1 column 11")]
    [InlineData("{\n  \"version\":", "EOF while parsing a value at line 2 column 12")]
    [InlineData("{\n  \"version\": x}", "expected value at line 2 column 14")]
    [InlineData("{\"x\":h}", "expected value at line 1 column 6")]
    [InlineData("5", "invalid type: integer `5`, expected struct SnapshotManifest at line 1 column 1")]
    [InlineData(
        "{\"version\":1,\"entries\":[5]}",
        "invalid type: integer `5`, expected struct SnapshotEntry at line 1 column 25"
    )]
    [InlineData("{\"version\":1,\"entries\":{}}", "invalid type: map, expected a sequence at line 1 column 23")]
    [InlineData("{\"version\":[],\"entries\":[]}", "invalid type: sequence, expected u32 at line 1 column 11")]
    [InlineData(
        "{\"version\":1,\"entries\":[{\"path\":5}]}",
        "invalid type: integer `5`, expected a string at line 1 column 33"
    )]
    [InlineData(
        "{\"version\":1,\"entries\":[{\"path\":1.5}]}",
        "invalid type: floating point `1.5`, expected a string at line 1 column 35"
    )]
    [InlineData("{\"entries\":[],\"entries\":[]}", "duplicate field `entries` at line 1 column 23")]
    [InlineData("{\"version\":1,\"entries\":[{\"size\":1,\"size\":1}]}", "duplicate field `size` at line 1 column 40")]
    [InlineData(
        "{\"version\":1,\"entries\":[{\"crc32\":1,\"crc32\":1}]}",
        "duplicate field `crc32` at line 1 column 42"
    )]
    public void What_the_engine_refuses_is_refused_in_its_words(string json, string said)
    {
        var error = Assert.Throws<BackupException>(() => AlopexManifest.Read(Encoding.UTF8.GetBytes(json)));

        Assert.Equal((ErrorCode.Malformed, $"manifest decode failed: {said}"), (error.Code, error.Message));
    }

    [Fact]
    public void The_largest_numbers_are_read() =>
        Assert.Equal(
            [new AlopexManifestEntry("a", ulong.MaxValue, uint.MaxValue)],
            AlopexManifest.Read("[1,[{\"path\":\"a\",\"size\":18446744073709551615,\"crc32\":4294967295}]]"u8).Entries
        );

    [Theory]
    [InlineData(500, true)]
    [InlineData(600, false)]
    public void What_is_ignored_may_be_nested_deeply_and_not_without_end(int depth, bool read)
    {
        var json = $"{{\"x\":{new string('[', depth)}{new string(']', depth)},\"version\":1,\"entries\":[]}}";

        var error = Record.Exception(() => AlopexManifest.Read(Encoding.UTF8.GetBytes(json)));

        Assert.Equal(read ? null : ErrorCode.Malformed, (error as BackupException)?.Code);
    }

    [Fact]
    public void Another_version_is_named()
    {
        var error = Assert.Throws<BackupException>(() => AlopexManifest.Read("{\"version\":2,\"entries\":[]}"u8));

        Assert.Equal((ErrorCode.UnsupportedVersion, "unsupported manifest version: 2"), (error.Code, error.Message));
    }

    [Theory]
    [InlineData("sst/1.sst", true)]
    [InlineData("a b/ü/..c", true)]
    [InlineData("", false)]
    [InlineData("/etc/passwd", false)]
    [InlineData("../x", false)]
    [InlineData("sst/../../x", false)]
    [InlineData("sst/./1.sst", false)]
    [InlineData("sst//1.sst", false)]
    [InlineData("sst/", false)]
    [InlineData("a\\b", false)]
    [InlineData("a\0b", false)]
    [InlineData("\\a", false)]
    [InlineData("\0", false)]
    public void A_path_that_leaves_the_folder_is_not_safe(string path, bool safe) =>
        Assert.Equal(safe, new AlopexManifestEntry(path, 0, 0).IsSafe);

    [Theory]
    [InlineData("1.sst", true)]
    [InlineData("console", true)]
    [InlineData("con-1", true)]
    [InlineData(".lifecycle", true)]
    [InlineData("C:", false)]
    [InlineData("1.sst:stream", false)]
    [InlineData("1.sst.", false)]
    [InlineData("1.sst ", false)]
    [InlineData("CON", false)]
    [InlineData("nul.sst", false)]
    [InlineData("Aux .sst", false)]
    [InlineData("com1", false)]
    [InlineData("com", true)]
    [InlineData("com10", true)]
    [InlineData("coma", true)]
    [InlineData("LPT9.tar.gz", false)]
    [InlineData("COM¹", false)]
    [InlineData("lpt³.sst", false)]
    [InlineData("conin$", false)]
    [InlineData("CONOUT$.sst", false)]
    public void A_name_that_means_something_else_on_Windows_is_not_safe_there(string name, bool safe)
    {
        Assert.Equal(safe, AlopexManifestEntry.IsSafeOnWindows(name));
        Assert.Equal(safe || !OperatingSystem.IsWindows(), new AlopexManifestEntry($"sst/{name}", 0, 0).IsSafe);
    }

    [Fact]
    public void Any_bytes_are_a_manifest_or_a_backup_error()
    {
        var sound = new AlopexManifest([new("sst/1.sst", 1, 2), new("lsm.wal", 3, 4)]).ToBytes();
        Prop.ForAll(
                ArbMap.Default.ArbFor<(ushort At, byte Value, byte Cut)>(),
                change =>
                {
                    var bytes = sound.AsSpan(0, sound.Length - (change.Cut % 20)).ToArray();
                    bytes[change.At % bytes.Length] = change.Value;
                    var error = Record.Exception(() => AlopexManifest.Read(bytes));
                    return error is null or BackupException;
                }
            )
            .QuickCheckThrowOnFailure();
    }

    private static IEnumerable<string> Blocks(byte[] manifest) =>
        Encoding
            .UTF8.GetString(manifest)
            .Split("    {")
            .Select(b => b.TrimEnd(' ', '\n', ',', ']', '}'))
            .Order(StringComparer.Ordinal);
}
