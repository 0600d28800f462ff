using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using BackupTools.Errors;
using BackupTools.Formats.PowDb;
using BackupTools.Formats.Primitives;
using BackupTools.Tests.Engines.PowDb;

namespace BackupTools.Tests.Formats.PowDb;

public sealed class PowDbManifestTests
{
    private static readonly string Digest = new('0', 64);

    [Theory]
    [InlineData("full_S0")]
    [InlineData("U/full_U0")]
    [InlineData("E/full_E0")]
    [InlineData("inc_S0_S1")]
    [InlineData("inc_S1_S2")]
    [InlineData("inc_S0_S2")]
    [InlineData("U/inc_U0_U1")]
    [InlineData("E/inc_E0_E1")]
    [InlineData("L/inc_S0_L1")]
    public void What_the_engine_wrote_is_read_and_written_again_byte_for_byte(string bundle)
    {
        var increment = File.Exists(PowDbFixtures.At(bundle, "increment.json"));
        var bytes = File.ReadAllBytes(PowDbFixtures.At(bundle, increment ? "increment.json" : "manifest.json"));
        foreach (var portion in new[] { 1, 100, 1 << 20 })
        {
            var manifest = Read(bytes, increment, portion);

            Assert.Equal(
                Encoding.UTF8.GetString(bytes),
                Write(manifest, name => File.ReadAllBytes(PowDbFixtures.At(bundle, name)))
            );
        }
    }

    [Fact]
    public void Empty_lists_and_a_catalog_version_are_written_as_serde_does()
    {
        var full = new PowDbManifest
        {
            IsIncrement = false,
            CreatedUnixSecs = 1,
            BaseSourceLsn = ulong.MaxValue,
            SourceLsn = ulong.MaxValue,
            CatalogVersion = 6,
            HasSync = false,
            Entries = [],
        };

        Assert.Equal(
            "{\n  \"format_version\": 1,\n  \"created_unix_secs\": 1,\n  \"source_lsn\": 18446744073709551615,\n"
                + "  \"catalog_version\": 6,\n  \"files\": []\n}",
            Write(full, _ => [])
        );
        Assert.Equal(
            "{\n  \"format_version\": 1,\n  \"created_unix_secs\": 1,\n  \"base_source_lsn\": 3,\n  \"source_lsn\": 4,\n"
                + "  \"changed\": []\n}",
            Write(full with { IsIncrement = true, CatalogVersion = null, BaseSourceLsn = 3, SourceLsn = 4 }, _ => [])
        );
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
    public void Changes_that_are_none_are_refused(string change, string message)
    {
        var json = $"{{\"changed\":[{change.Replace("DIGEST", Digest, StringComparison.Ordinal)}]}}";

        var error = Assert.Throws<BackupException>(() => Read(Encoding.UTF8.GetBytes(json), increment: true, 9));

        Assert.Contains(message, error.Message, StringComparison.Ordinal);
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
        foreach (var rest in new[] { "", ",\"files\":7,\"changed\":7", ",,," })
        {
            var error = Assert.Throws<BackupException>(() =>
                Read(Encoding.UTF8.GetBytes($"{{\"format_version\":2{rest}}}"), increment, 100)
            );

            Assert.Equal(ErrorCode.UnsupportedVersion, error.Code);
            Assert.Equal(message, error.Message);
        }
    }

    [Fact]
    public void Mutated_manifests_end_in_a_value_or_an_error_of_ours()
    {
        var random = new Random(5);
        var samples = new[]
        {
            (false, PowDbFixtures.At("full_S0", "manifest.json")),
            (true, PowDbFixtures.At("inc_S0_S2", "increment.json")),
        };
        for (var i = 0; i < 20_000; i++)
        {
            var (increment, path) = samples[i % 2];
            var bytes = File.ReadAllBytes(path);
            for (var flips = random.Next(1, 4); flips > 0; flips--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }
            try
            {
                Assert.NotNull(Read(bytes, increment, random.Next(1, 3000)));
            }
            catch (BackupException e)
            {
                Assert.Contains(e.Code, new[] { ErrorCode.Malformed, ErrorCode.UnsupportedVersion });
            }
        }
    }

    private static PowDbManifest Read(byte[] bytes, bool increment, int portion)
    {
        var reader = new PowDbManifestReader(increment);
        for (var (from, to) = (0, 0); ; )
        {
            var last = to == bytes.Length;
            from += reader.Feed(bytes.AsSpan(from, to - from), last);
            if (last)
            {
                return reader.Result();
            }
            to = Math.Min(bytes.Length, to + portion);
        }
    }

    private static string Write(PowDbManifest manifest, Func<string, byte[]> file)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var writer = new PowDbManifestWriter(buffer);
        if (manifest.IsIncrement)
        {
            writer.BeginIncrement(
                manifest.CreatedUnixSecs,
                manifest.BaseSourceLsn,
                manifest.SourceLsn,
                manifest.CatalogVersion
            );
        }
        else
        {
            writer.BeginFull(manifest.CreatedUnixSecs, manifest.SourceLsn, manifest.CatalogVersion);
        }
        foreach (var entry in manifest.Entries)
        {
            if (entry is PowDbWhole whole)
            {
                writer.Whole(whole.Name, (long)whole.Length, whole.Blake3);
                continue;
            }
            var pages = (PowDbPages)entry;
            var delta = file(pages.DeltaFile);
            var check = new PowDbDeltaCheck(pages);
            writer.BeginPages(pages.Name, pages.TotalPages);
            for (var at = 0; at < delta.Length; at += PowDbDelta.RecordSize)
            {
                writer.PageIndex(check.Take(delta.AsSpan(at, PowDbDelta.RecordSize)));
                Assert.Equal(
                    BinaryPrimitives.ReadUInt32LittleEndian(delta.AsSpan(at)),
                    BinaryPrimitives.ReadUInt32LittleEndian(delta.AsSpan(at + 4))
                );
            }
            check.Finish();
            Assert.Equal(pages.DeltaBlake3, Hasher.Hash(delta));
            writer.EndPages(pages.DeltaFile, (long)pages.DeltaLength, pages.DeltaBlake3);
        }
        writer.End();
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
