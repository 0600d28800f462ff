using System.Text;
using BackupTools.Errors;
using BackupTools.Formats.PowDb;
using Blake3;
using static BackupTools.Tests.Formats.PowDb.PowDbManifestTests;

namespace BackupTools.Tests.Formats.PowDb;

public sealed class PowDbManifestReaderTests
{
    private static readonly string Digest = new('0', 64);

    [Fact]
    public void Many_page_indices_are_counted_and_digested_in_any_portions()
    {
        var indices = Enumerable.Range(0, 10_000).Select(i => (uint)i * 400_000).ToArray();
        var pages = new PowDbPages(
            "t.heap",
            uint.MaxValue,
            10_000,
            Hasher.Hash(indices.SelectMany(BitConverter.GetBytes).ToArray()),
            "t.heap.delta",
            ulong.MaxValue,
            default
        );
        var json =
            "{\"format_version\":1,\"created_unix_secs\":2,\"base_source_lsn\":3,\"source_lsn\":4,\"changed\":["
            + "{\"Pages\":{\"name\":\"t.heap\",\"total_pages\":4294967295,\"page_indices\":["
            + string.Join(',', indices)
            + "],\"delta_file\":\"t.heap.delta\",\"delta_len\":18446744073709551615,"
            + $"\"delta_blake3_hex\":\"{Digest}\"}}}}]}}";

        foreach (var portion in new[] { 999, 80_000 })
        {
            Assert.Equal([pages], Read(Encoding.UTF8.GetBytes(json), increment: true, portion).Entries);
        }
    }

    [Fact]
    public void The_largest_numbers_and_longest_names_are_read()
    {
        var name = new string('n', 512);
        string Json(string called) =>
            "{\"format_version\":1,\"created_unix_secs\":2,\"source_lsn\":18446744073709551615,\"catalog_version\":65535,"
            + $"\"files\":[{{\"name\":\"{called}\",\"len\":18446744073709551615,\"blake3_hex\":\"{Digest}\"}}]}}";

        var manifest = Read(Encoding.UTF8.GetBytes(Json(name)), increment: false, 300);

        Assert.Equal(
            ((ushort?)65535, ulong.MaxValue, ulong.MaxValue),
            (manifest.CatalogVersion, manifest.SourceLsn, manifest.BaseSourceLsn)
        );
        Assert.Equal([new PowDbWhole(name, ulong.MaxValue, default)], manifest.Entries);
        var error = Assert.Throws<BackupException>(() =>
            Read(Encoding.UTF8.GetBytes(Json(name + "n")), increment: false, 300)
        );
        Assert.Equal((ErrorCode.Malformed, "a name or digest of absurd length"), (error.Code, error.Message));
    }

    [Fact]
    public void A_token_that_does_not_end_is_refused()
    {
        var endless = new byte[PowDbManifestReader.MaxTokenLength];
        Array.Fill(endless, (byte)'n');
        endless[0] = (byte)'"';
        var reader = new PowDbManifestReader(increment: false);
        Assert.Equal(1, reader.Feed("{"u8, last: false));
        Assert.Equal(0, reader.Feed(endless.AsSpan(..^1), last: false));

        var error = Assert.Throws<BackupException>(() => reader.Feed(endless, last: false));

        Assert.Equal((ErrorCode.Malformed, 1), (error.Code, error.Offset));
        Assert.Equal("a name or number of absurd length", error.Message);
    }

    [Fact]
    public void More_files_than_any_database_has_are_refused()
    {
        var file = $"{{\"name\":\"t.heap\",\"len\":0,\"blake3_hex\":\"{Digest}\"}}";
        var block = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("," + file, 512)));
        var reader = new PowDbManifestReader(increment: false);
        reader.Feed(Encoding.UTF8.GetBytes("{\"files\":[" + file), last: false);
        for (var i = 0; i < 511; i++)
        {
            Assert.Equal(block.Length, reader.Feed(block, last: false));
        }

        var error = Assert.Throws<BackupException>(() => reader.Feed(block, last: false));

        Assert.Equal((ErrorCode.Malformed, "more than 262144 files"), (error.Code, error.Message));
    }

    [Theory]
    [InlineData(false, "{\"format_version\":1,\"source_lsn\":2", true)]
    [InlineData(false, "{\"format_version\":2,\"files\":[]", true)]
    [InlineData(false, "{\"files\":[],\"format_version\":1,,,", true)]
    [InlineData(true, "{\"changed\":[],\"format_version\":1,\"x", true)]
    [InlineData(true, "{\"format_version\":1,\"source_lsn\":2", true)]
    [InlineData(false, "{\"format_version\":1,\"catalog_version\":5,\"created_unix_secs\":1", false)]
    [InlineData(false, "{\"source_lsn\":2,\"files\":[]", false)]
    [InlineData(true, "{\"source_lsn\":2,\"changed\":[]", false)]
    [InlineData(false, "{\"source_lsn\":2,\"changed\":[],\"x\":{\"format_version\":1}", false)]
    [InlineData(false, "[]", false)]
    [InlineData(false, "", false)]
    public void A_manifest_is_recognised_however_it_goes_on(bool increment, string json, bool expected)
    {
        var reader = new PowDbManifestReader(increment);
        Assert.Throws<BackupException>(() => reader.Feed(Encoding.UTF8.GetBytes(json), last: true));

        Assert.Equal(expected, reader.IsRecognised);
    }

    [Theory]
    [InlineData("{\"format_version\":1.0}", 18)]
    [InlineData("{ \"files\" : [ 7]}", 14)]
    [InlineData("{\"format_version\":1,\"format_version\":1}", 20)]
    public void Errors_say_where_in_the_file_whatever_the_portions(string json, long offset)
    {
        foreach (var portion in new[] { 1, 4, 100 })
        {
            var error = Assert.Throws<BackupException>(() =>
                Read(Encoding.UTF8.GetBytes(json), increment: false, portion)
            );

            Assert.Equal(offset, error.Offset);
        }
    }

    [Theory]
    [InlineData("{\"format_version\":1,\"created_unix_secs\":2,\"source_lsn\":3,\"files\":[]}")]
    [InlineData(
        " {\"files\":[ ] ,\"x\":[[{}],null,{\"files\":[7]}],\"source_lsn\":3,\r\n\t\"created_unix_secs\":2,\"format_version\":1} "
    )]
    [InlineData(
        "{\"format_version\":1,\"created_unix_secs\":2,\"source_lsn\":3,\"files\":[],\"sync\":null,\"catalog_version\":5}"
    )]
    [InlineData("{\"\\u0066iles\":[],\"format_version\":1,\"created_unix_secs\":2,\"source_lsn\":3}")]
    public void Order_spaces_escapes_and_unknown_fields_do_not_matter(string json)
    {
        var manifest = Read(Encoding.UTF8.GetBytes(json), increment: false, 7);

        Assert.Equal((2ul, 3ul), (manifest.CreatedUnixSecs, manifest.SourceLsn));
        Assert.False(manifest.HasSync);
    }

    [Theory]
    [InlineData(100, true)]
    [InlineData(200, false)]
    public void Unknown_fields_may_be_nested_as_deep_as_the_engine_reads(int depth, bool read)
    {
        var json =
            $"{{\"x\":{new string('[', depth)}{new string(']', depth)},"
            + "\"format_version\":1,\"created_unix_secs\":2,\"source_lsn\":3,\"files\":[]}";
        var bytes = Encoding.UTF8.GetBytes(json);

        if (read)
        {
            Assert.Empty(Read(bytes, increment: false, 50).Entries);
        }
        else
        {
            Assert.Equal(
                "not valid JSON",
                Assert.Throws<BackupException>(() => Read(bytes, increment: false, 50)).Message
            );
        }
    }

    [Fact]
    public void A_replication_identity_is_seen()
    {
        var json =
            "{\"format_version\":1,\"created_unix_secs\":2,\"source_lsn\":3,\"sync\":{\"identity\":{\"a\":1}},\"files\":[]}";

        Assert.True(Read(Encoding.UTF8.GetBytes(json), increment: false, 5).HasSync);
    }

    [Theory]
    [InlineData("", "not valid JSON")]
    [InlineData("[]", "expected an object")]
    [InlineData("{}", "missing field `format_version`")]
    [InlineData("{\"format_version\":1,\"created_unix_secs\":2,\"source_lsn\":3}", "missing field `files`")]
    [InlineData("{\"format_version\":1,\"format_version\":1}", "duplicate field `format_version`")]
    [InlineData("{\"format_version\":1.0}", "whole number")]
    [InlineData("{\"format_version\":1e0}", "whole number")]
    [InlineData("{\"format_version\":\"1\"}", "whole number")]
    [InlineData("{\"format_version\":null}", "whole number")]
    [InlineData("{\"format_version\":-1}", "whole number")]
    [InlineData("{\"created_unix_secs\":18446744073709551616}", "whole number")]
    [InlineData("{\"catalog_version\":65536}", "whole number up to 65535")]
    [InlineData("{\"catalog_version\":null}", "whole number")]
    [InlineData("{\"format_version\":1,\"created_unix_secs\":2,\"source_lsn\":3,\"files\":[]}x", "not valid JSON")]
    [InlineData("{\"format_version\":1,\"created_unix_secs\":2,\"source_lsn\":3,\"files\":[],}", "not valid JSON")]
    [InlineData("{\"format_version\":1,\"created_unix_secs\":2,\"source_lsn\":3,\"files\":[]", "not valid JSON")]
    [InlineData("{\"files\":[{\"name\":\"a\",\"len\":1}]}", "missing field `blake3_hex`")]
    [InlineData("{\"files\":[{\"name\":\"a\",\"name\":\"b\"}]}", "duplicate field `name`")]
    [InlineData("{\"files\":[{\"name\":7}]}", "expected a string")]
    [InlineData("{\"files\":[7]}", "expected an object")]
    [InlineData("{\"files\":{}}", "expected an array")]
    [InlineData("{\"files\":[{\"name\":\"\\ud800\"}]}", "not valid JSON")]
    [InlineData("{\"sync\":7}", "expected an object or null")]
    public void What_serde_refuses_is_refused(string json, string message)
    {
        var error = Assert.Throws<BackupException>(() => Read(Encoding.UTF8.GetBytes(json), increment: false, 9));

        Assert.Equal(ErrorCode.Malformed, error.Code);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{}", "without a variant")]
    [InlineData("{\"Other\":{}}", "unknown variant")]
    [InlineData("{\"Whole\":7}", "expected an object")]
    [InlineData(
        "{\"Whole\":{\"name\":\"a\",\"len\":1,\"blake3_hex\":\"DIGEST\"},\"Whole\":{}}",
        "more than one variant"
    )]
    [InlineData(
        "{\"Pages\":{\"name\":\"a\",\"total_pages\":1,\"page_indices\":[1],\"delta_file\":\"d\",\"delta_len\":1,\"delta_blake3_hex\":\"DIGEST\"}}",
        "outside its 1 pages"
    )]
    [InlineData("{\"Pages\":{\"name\":\"a\",\"total_pages\":9,\"page_indices\":[1,1]}}", "page index 1 follows 1")]
    [InlineData("{\"Pages\":{\"name\":\"a\",\"total_pages\":9,\"page_indices\":[[1]]}}", "whole number")]
    [InlineData("{\"Pages\":{\"name\":\"a\",\"total_pages\":4294967296}}", "whole number up to 4294967295")]
    [InlineData("{\"Pages\":{\"name\":\"a\",\"page_indices\":{}}}", "expected an array")]
    [InlineData("{\"Pages\":{\"name\":\"a\",\"page_indices\":1}}", "expected an array")]
    public void Changes_that_are_none_are_refused(string change, string message)
    {
        var json = $"{{\"changed\":[{change.Replace("DIGEST", Digest, StringComparison.Ordinal)}]}}";

        var error = Assert.Throws<BackupException>(() => Read(Encoding.UTF8.GetBytes(json), increment: true, 9));

        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_changes_are_a_list()
    {
        var error = Assert.Throws<BackupException>(() => Read("{\"changed\":{}}"u8.ToArray(), increment: true, 9));

        Assert.Equal((ErrorCode.Malformed, "expected an array", 11), (error.Code, error.Message, error.Offset));
    }

    [Fact]
    public void Unknown_fields_inside_a_change_are_ignored_wherever_they_stand()
    {
        var json =
            "{\"format_version\":1,\"created_unix_secs\":2,\"base_source_lsn\":3,\"source_lsn\":3,\"changed\":["
            + $"{{\"Whole\":{{\"name\":\"a\",\"len\":1,\"blake3_hex\":\"{Digest}\",\"more\":{{\"Whole\":1}}}}}},"
            + $"{{\"Pages\":{{\"x\":[],\"delta_blake3_hex\":\"{Digest}\",\"delta_len\":1,\"delta_file\":\"d\",\"page_indices\":[],\"total_pages\":0,\"name\":\"b\",\"y\":1}}}}]}}";

        var manifest = Read(Encoding.UTF8.GetBytes(json), increment: true, 3);

        Assert.Equal(["a", "b"], manifest.Entries.Select(e => e.Name));
    }

    [Theory]
    [InlineData(false, "unsupported backup format 2 (this build understands 1)")]
    [InlineData(true, "unsupported increment format 2 (this build understands 1)")]
    public void Another_version_is_refused_in_the_engines_words_even_if_the_rest_is_strange(
        bool increment,
        string message
    )
    {
        var whole = ",\"created_unix_secs\":2,\"base_source_lsn\":3,\"source_lsn\":3,\"files\":[],\"changed\":[]";
        foreach (var rest in new[] { "", whole, ",\"files\":7,\"changed\":7", ",,," })
        {
            var error = Assert.Throws<BackupException>(() =>
                Read(Encoding.UTF8.GetBytes($"{{\"format_version\":2{rest}}}"), increment, 100)
            );

            Assert.Equal(ErrorCode.UnsupportedVersion, error.Code);
            Assert.Equal(message, error.Message);
        }
    }
}
