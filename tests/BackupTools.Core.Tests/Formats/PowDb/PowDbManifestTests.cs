using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using BackupTools.Errors;
using BackupTools.Formats.PowDb;
using BackupTools.Tests.Engines.PowDb;
using Blake3;

namespace BackupTools.Tests.Formats.PowDb;

public sealed class PowDbManifestTests
{
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

    [Fact]
    public void Every_call_leaves_all_it_wrote_in_the_buffer()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var writer = new PowDbManifestWriter(buffer);
        void Ends(string end) =>
            Assert.EndsWith(end, Encoding.UTF8.GetString(buffer.WrittenSpan), StringComparison.Ordinal);

        writer.BeginIncrement(1, 2, 3, null);
        Ends("\"changed\": [");
        writer.Whole("catalog.bin", 4, default);
        Ends("\n      }\n    }");
        writer.BeginPages("t.heap", 5);
        Ends("\"page_indices\": [");
        writer.PageIndex(0);
        Ends("\n          0");
        writer.EndPages("t.heap.delta", 4100, default);
        Ends("\n      }\n    }");
        writer.End();
        Ends("\n  ]\n}");
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

    internal static PowDbManifest Read(byte[] bytes, bool increment, int portion)
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
        var written = new MemoryStream();
        using var writer = new PowDbManifestWriter(buffer);
        void Drain()
        {
            written.Write(buffer.WrittenSpan);
            buffer.ResetWrittenCount();
        }
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
        Drain();
        foreach (var entry in manifest.Entries)
        {
            if (entry is PowDbWhole whole)
            {
                writer.Whole(whole.Name, (long)whole.Length, whole.Blake3);
                Drain();
                continue;
            }
            var pages = (PowDbPages)entry;
            var delta = file(pages.DeltaFile);
            var check = new PowDbDeltaCheck(pages);
            writer.BeginPages(pages.Name, pages.TotalPages);
            Drain();
            for (var at = 0; at < delta.Length; at += PowDbDelta.RecordSize)
            {
                writer.PageIndex(check.Take(delta.AsSpan(at, PowDbDelta.RecordSize)));
                Drain();
                Assert.Equal(
                    BinaryPrimitives.ReadUInt32LittleEndian(delta.AsSpan(at)),
                    BinaryPrimitives.ReadUInt32LittleEndian(delta.AsSpan(at + 4))
                );
            }
            check.Finish();
            Assert.Equal(pages.DeltaBlake3, Hasher.Hash(delta));
            writer.EndPages(pages.DeltaFile, (long)pages.DeltaLength, pages.DeltaBlake3);
            Drain();
        }
        writer.End();
        Drain();
        return Encoding.UTF8.GetString(written.ToArray());
    }
}
