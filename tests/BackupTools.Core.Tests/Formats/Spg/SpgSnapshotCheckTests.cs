using System.Text;
using BackupTools.Errors;
using BackupTools.Formats.Spg;

namespace BackupTools.Tests.Formats.Spg;

public sealed class SpgSnapshotCheckTests
{
    private const string NotACatalog = "bad magic: expected SPGDB001, got [83, 80, 71, 69, 78, 86, 48, 49]";

    [Theory]
    [InlineData("snap/S0.env1.db", 1, 8, 1u, nameof(SpgSnapshotChecksums.None), true)]
    [InlineData("snap/S0.env2.db", 2, 8, 1u, nameof(SpgSnapshotChecksums.Crc32), true)]
    [InlineData("snap/S0.env3.db", 3, 8, 1u, nameof(SpgSnapshotChecksums.Crc32), true)]
    [InlineData("snap/S0.env4.db", 4, 8, 1u, nameof(SpgSnapshotChecksums.Crc32), true)]
    [InlineData("snap/S0.env5.db", 5, 59, 1u, "Crc32, Crc32C", false)]
    [InlineData("snap/empty-catalog.v8.db", 0, 8, 0u, nameof(SpgSnapshotChecksums.None), true)]
    [InlineData("snap/empty-catalog.v59.db", 0, 59, 0u, nameof(SpgSnapshotChecksums.Crc32C), false)]
    [InlineData("states/S0.v8.db", 0, 8, 1u, nameof(SpgSnapshotChecksums.None), true)]
    [InlineData("states/S0.v9.db", 0, 9, 1u, nameof(SpgSnapshotChecksums.None), true)]
    [InlineData("states/S0.v59.db", 0, 59, 1u, nameof(SpgSnapshotChecksums.Crc32C), false)]
    [InlineData("states/S1.v8.db", 0, 8, 1u, nameof(SpgSnapshotChecksums.None), true)]
    [InlineData("states/S1.v9.db", 0, 9, 1u, nameof(SpgSnapshotChecksums.None), true)]
    [InlineData("states/S1.v59.db", 0, 59, 1u, nameof(SpgSnapshotChecksums.Crc32C), false)]
    [InlineData("states/S2.v8.db", 0, 8, 1u, nameof(SpgSnapshotChecksums.None), true)]
    [InlineData("states/S2.v9.db", 0, 9, 1u, nameof(SpgSnapshotChecksums.None), true)]
    [InlineData("states/S2.v59.db", 0, 59, 1u, nameof(SpgSnapshotChecksums.Crc32C), false)]
    public void A_sound_snapshot_says_what_it_is(
        string name,
        byte envelope,
        byte version,
        uint tables,
        string checksums,
        bool walked
    )
    {
        foreach (var piece in new[] { 1, 5, 64, 1 << 20 })
        {
            var info = Check(SpgFixtures.Bytes(name), piece);
            Assert.Equal(envelope, info.EnvelopeVersion);
            Assert.Equal(version, info.FileVersion);
            Assert.Equal(tables, info.TableCount);
            Assert.Equal(checksums, info.Checksums.ToString());
            Assert.Equal(walked, info.IsWalked);
            Assert.Empty(info.ColdSegments);
        }
    }

    [Theory]
    [InlineData("bad-env-version9", ErrorCode.BadMagic, NotACatalog)]
    [InlineData("bad-env2-extra-byte", ErrorCode.BadMagic, NotACatalog)]
    [InlineData("bad-cat8-trailing", ErrorCode.Malformed, "trailing bytes: 2 unread")]
    public void A_damaged_snapshot_is_told_in_the_references_words(string name, ErrorCode code, string text)
    {
        foreach (var piece in new[] { 1, 5, 1 << 20 })
        {
            var error = Assert.Throws<BackupException>(() => Check(SpgFixtures.Bytes($"snap/{name}.db"), piece));
            Assert.Equal(code, error.Code);
            Assert.Equal(text, error.Message);
        }
    }

    [Theory]
    [InlineData("bad-cat-magic", ErrorCode.BadMagic, "bad magic: expected SPGDB001, got [")]
    [InlineData("bad-cat-version7", ErrorCode.UnsupportedVersion, "unsupported file version: 7 (supported: 8..=68)")]
    [InlineData("bad-cat59-bitflip", ErrorCode.ChecksumMismatch, "base snapshot CRC mismatch: computed 0x")]
    [InlineData("bad-env2-bitflip", ErrorCode.ChecksumMismatch, "snapshot envelope CRC32 mismatch (expected=0x")]
    [InlineData("bad-cat8-truncated", ErrorCode.Truncated, "unexpected EOF at offset ")]
    public void A_damaged_snapshot_is_named_for_what_it_is(string name, ErrorCode code, string start)
    {
        foreach (var piece in new[] { 1, 5, 1 << 20 })
        {
            var error = Assert.Throws<BackupException>(() => Check(SpgFixtures.Bytes($"snap/{name}.db"), piece));
            Assert.Equal(code, error.Code);
            Assert.StartsWith(start, error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_flipped_bit_in_a_catalogue_without_checksum_cannot_be_seen() =>
        Assert.Equal(
            SpgSnapshotChecksums.None,
            Check(SpgFixtures.Bytes("snap/cat8-bitflip-undetected.db"), 9).Checksums
        );

    [Fact]
    public void The_empty_catalogue_is_the_one_that_the_server_writes() =>
        Assert.Equal(SpgFixtures.Bytes("snap/empty-catalog.v8.db"), SpgSnapshotCheck.EmptyCatalog.ToArray());

    [Theory]
    [InlineData("states/S0.v8.db")]
    [InlineData("states/S0.v9.db")]
    [InlineData("states/S0.v59.db")]
    [InlineData("snap/S0.env1.db")]
    [InlineData("snap/S0.env5.db")]
    public void A_snapshot_cut_anywhere_is_refused(string name)
    {
        var whole = SpgFixtures.Bytes(name);
        for (var length = 0; length < whole.Length; length++)
        {
            var error = Assert.Throws<BackupException>(() => Check(whole[..length], 7));
            Assert.Equal(ErrorKind.Damaged, error.Kind);
        }
    }

    [Theory]
    [InlineData("", "unexpected EOF at offset 0 (wanted 8 more bytes)")]
    [InlineData("SPGDB00", "unexpected EOF at offset 0 (wanted 8 more bytes)")]
    [InlineData("SPGDB001", "unexpected EOF at offset 8 (wanted 1 more bytes)")]
    [InlineData("SPGDB001\b", "unexpected EOF at offset 9 (wanted 4 more bytes)")]
    [InlineData("SPGENV01", NotACatalog)]
    [InlineData("SPGENV01\u0002", NotACatalog)]
    public void The_shortest_snapshots_say_where_they_end(string content, string text) =>
        Assert.Equal(text, Assert.Throws<BackupException>(() => Check(Encoding.Latin1.GetBytes(content), 3)).Message);

    [Theory]
    [InlineData("states/S0.v59.db")]
    [InlineData("snap/S0.env2.db")]
    [InlineData("snap/S0.env5.db")]
    public void Every_flipped_bit_under_a_checksum_is_caught(string name)
    {
        var sound = SpgFixtures.Bytes(name);
        for (var i = 0; i < sound.Length; i++)
        {
            var damaged = (byte[])sound.Clone();
            damaged[i] ^= (byte)(1 << (i % 8));
            Assert.Throws<BackupException>(() => Check(damaged, 33));
        }
    }

    [Fact]
    public void Rows_in_cold_segments_are_found()
    {
        var catalog = SpgFixtures.Bytes("states/S0.v9.db");
        // The last locator: 00 u64 row becomes 01 u32 segment u32 offset.
        var at = catalog.Length - 9;
        catalog[at] = 1;
        BitConverter.TryWriteBytes(catalog.AsSpan(at + 1), 77u);
        Assert.Equal([77u], Check(catalog, 10).ColdSegments);
    }

    [Fact]
    public void Every_type_default_and_index_is_walked_to_the_exact_end()
    {
        var catalog = SpgCatalogs.Everything();
        foreach (var piece in new[] { 1, 17, 1 << 20 })
        {
            Assert.True(Check(catalog, piece).IsWalked);
        }
        Assert.Equal(
            "trailing bytes: 1 unread",
            Assert.Throws<BackupException>(() => Check([.. catalog, 0], 17)).Message
        );
        // Every cut, but inside the long text near the end only a few.
        var interesting = Enumerable.Range(13, 1500).Concat(Enumerable.Range(catalog.Length - 20, 20));
        foreach (var length in interesting.Append(20_000))
        {
            Assert.Equal(ErrorCode.Truncated, Assert.Throws<BackupException>(() => Check(catalog[..length], 64)).Code);
        }
    }

    [Theory]
    [InlineData(SpgCatalogs.Damage.Type, "unknown data type tag: 99")]
    [InlineData(SpgCatalogs.Damage.Default, "unknown default tag: 2")]
    [InlineData(SpgCatalogs.Damage.Value, "unknown value tag: 11")]
    [InlineData(SpgCatalogs.Damage.IndexKind, "unknown index kind tag: 2")]
    [InlineData(SpgCatalogs.Damage.IndexColumn, "index \"i\" points at non-existent column position 5")]
    [InlineData(SpgCatalogs.Damage.Utf8, "invalid UTF-8 in identifier or text")]
    [InlineData(SpgCatalogs.Damage.Bitmap, "row NULL bitmap 33 B exceeds 32 B cap")]
    [InlineData(SpgCatalogs.Damage.Key, "unknown index key tag: 3")]
    [InlineData(SpgCatalogs.Damage.Locator, "unknown row locator tag: 2")]
    public void A_damaged_table_is_told_in_the_references_words(SpgCatalogs.Damage damage, string text)
    {
        var error = Assert.Throws<BackupException>(() => Check(SpgCatalogs.Damaged(damage), 3));
        Assert.Equal(text, error.Message);
        Assert.Equal(ErrorCode.Malformed, error.Code);
    }

    [Fact]
    public void Counts_of_billions_in_a_small_catalogue_cost_nothing()
    {
        // One table without columns and 2^32-1 rows, then the end.
        byte[] catalog = [.. "SPGDB001"u8, 8, 1, 0, 0, 0, 1, 0, (byte)'t', 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0];
        Assert.True(Check(catalog, 100).IsWalked);
        byte[] tables = [.. "SPGDB001"u8, 8, 0xFF, 0xFF, 0xFF, 0xFF];
        Assert.Equal(ErrorCode.Truncated, Assert.Throws<BackupException>(() => Check(tables, 100)).Code);
    }

    [Fact]
    public void A_catalogue_larger_than_the_walkers_buffer_is_walked_in_pieces_of_any_size()
    {
        var catalog = SpgCatalogs.Rows(30_000);
        Assert.True(catalog.Length > 1 << 20);
        foreach (var piece in new[] { 997, 1 << 16, 1 << 20, 1 << 24 })
        {
            Assert.True(Check(catalog, piece).IsWalked);
        }
        catalog[^40] = 0xFF; // inside the last text
        Assert.Equal(
            "invalid UTF-8 in identifier or text",
            Assert.Throws<BackupException>(() => Check(catalog, 1 << 16)).Message
        );
    }

    [Theory]
    [InlineData(14)]
    [InlineData(15)]
    public void Cells_of_an_unknown_layout_end_the_walk_without_a_verdict(byte type)
    {
        // One column of the type, one row whose cell is anything.
        byte[] catalog =
        [
            .. "SPGDB001"u8,
            9,
            .. new byte[] { 1, 0, 0, 0, 1, 0, (byte)'t', 1, 0, 1, 0, (byte)'c', type, 8, 0, 0, 0, 1, 0, 0 },
            .. new byte[] { 1, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7 },
        ];
        Assert.False(Check(catalog, 5).IsWalked);
    }

    private static SpgSnapshotInfo Check(byte[] snapshot, int piece)
    {
        var check = new SpgSnapshotCheck(snapshot.Length, walk: true);
        foreach (var part in snapshot.Chunk(piece))
        {
            check.Append(part);
        }
        return check.Finish();
    }
}
