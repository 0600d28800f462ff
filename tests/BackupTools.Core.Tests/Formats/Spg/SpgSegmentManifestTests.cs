using System.IO.Hashing;
using BackupTools.Errors;
using BackupTools.Formats.Spg;

namespace BackupTools.Tests.Formats.Spg;

public sealed class SpgSegmentManifestTests
{
    [Fact]
    public void The_empty_manifest_names_the_database_file_it_belongs_to()
    {
        var manifest = SpgSegmentManifest.Parse(SpgFixtures.Bytes("manifest/for-S0.v9.manifest.v10"));
        Assert.Equal(Crc32.HashToUInt32(SpgFixtures.Bytes("states/S0.v9.db")), manifest.CatalogCrc32);
        Assert.Empty(manifest.Segments);
        Assert.Equal(0ul, manifest.WalBaseline);
    }

    [Fact]
    public void The_upstream_sample_gives_its_segments()
    {
        var manifest = SpgSegmentManifest.Parse(SpgFixtures.Bytes("manifest/upstream-unit-test-sample.manifest.v10"));
        Assert.NotEmpty(manifest.Segments);
        Assert.All(manifest.Segments, s => Assert.EndsWith(".spg", s.Path, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("bad-truncated", ErrorCode.Truncated, "manifest: truncated at offset 0, need 29 bytes, got 28")]
    [InlineData(
        "bad-version11",
        ErrorCode.UnsupportedVersion,
        "manifest: unsupported version 11, this binary accepts only 10"
    )]
    [InlineData("bad-bitflip", ErrorCode.ChecksumMismatch, "manifest: CRC32 mismatch (expected=0x")]
    public void A_damaged_manifest_is_told_in_the_references_words(string name, ErrorCode code, string start)
    {
        var error = Assert.Throws<BackupException>(() =>
            SpgSegmentManifest.Parse(SpgFixtures.Bytes($"manifest/{name}.manifest.v10"))
        );
        Assert.Equal(code, error.Code);
        Assert.StartsWith(start, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_count_of_billions_is_refused_by_the_bytes_that_are_there()
    {
        var error = Assert.Throws<BackupException>(() => SpgSegmentManifest.Parse(Manifest(uint.MaxValue, [], 0)));
        // The baseline was taken for id and path length of a first segment; its CRC is then missing.
        Assert.Equal("manifest: truncated at offset 25, need 4 bytes, got 0", error.Message);
    }

    [Theory]
    [InlineData(2, new byte[] { 7, 0, 0, 0, 5, 0, 0, 0, 65 }, "offset 34, need 4 bytes, got 0")] // an id
    [InlineData(2, new byte[] { 7, 0, 0, 0, 1, 0, 0, 0, 65 }, "offset 34, need 4 bytes, got 0")] // a path's length
    [InlineData(1, new byte[] { 7, 0, 0, 0, 9, 1, 0, 0 }, "offset 25, need 265 bytes, got 8")] // a path
    [InlineData(1, new byte[] { 7, 0, 0, 0 }, "offset 29, need 8 bytes, got 0")] // the baseline
    public void A_field_that_is_not_there_is_told_in_the_references_words(uint count, byte[] entries, string text)
    {
        var error = Assert.Throws<BackupException>(() => SpgSegmentManifest.Parse(Manifest(count, entries, 0)));
        Assert.Equal($"manifest: truncated at {text}", error.Message);
        Assert.Equal(ErrorCode.Truncated, error.Code);
        Assert.StartsWith($"offset {error.Offset},", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_wrong_checksum_is_told_by_its_place()
    {
        var bytes = Manifest(0, [], 0);
        bytes[^1] ^= 1;
        Assert.Equal(25, Assert.Throws<BackupException>(() => SpgSegmentManifest.Parse(bytes)).Offset);
    }

    [Fact]
    public void Bytes_behind_the_footer_are_counted()
    {
        var error = Assert.Throws<BackupException>(() => SpgSegmentManifest.Parse(Manifest(0, [], 0, extra: 3)));
        Assert.Equal("manifest: 3 trailing bytes after footer", error.Message);
    }

    [Fact]
    public void A_path_that_is_no_text_is_named_by_its_segment()
    {
        byte[] entry = [7, 0, 0, 0, 1, 0, 0, 0, 0xFF, 0, 0, 0, 0];
        var error = Assert.Throws<BackupException>(() => SpgSegmentManifest.Parse(Manifest(1, entry, 0)));
        Assert.Equal("manifest: cold-segment 7 path is not valid UTF-8", error.Message);
    }

    [Fact]
    public void A_file_of_another_kind_is_no_manifest()
    {
        var error = Assert.Throws<BackupException>(() =>
            SpgSegmentManifest.Parse(SpgFixtures.Bytes("states/S0.v9.db"))
        );
        Assert.StartsWith("manifest: bad magic", error.Message, StringComparison.Ordinal);
    }

    internal static byte[] Manifest(uint count, byte[] entries, ulong baseline, int extra = 0, uint catalogCrc = 0)
    {
        byte[] body =
        [
            .. "SPGMAN01"u8,
            10,
            .. BitConverter.GetBytes(catalogCrc),
            .. BitConverter.GetBytes(count),
            .. entries,
            .. BitConverter.GetBytes(baseline),
            .. new byte[extra],
        ];
        return [.. body, .. BitConverter.GetBytes(Crc32.HashToUInt32(body))];
    }
}
