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
        Assert.Equal([77u], Check(catalog, catalog.Length).ColdSegments);
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
            var error = Assert.Throws<BackupException>(() => Check(catalog[..length], 64));
            Assert.Equal(ErrorCode.Truncated, error.Code);
            var (offset, wanted) = SpgCatalogWalkTests.EndOf(error);
            Assert.InRange(length, offset, offset + wanted - 1);
            Assert.Equal(offset, error.Offset);
        }
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

    [Theory]
    [InlineData(53, nameof(SpgSnapshotChecksums.None), false)]
    [InlineData(54, nameof(SpgSnapshotChecksums.Crc32C), false)]
    [InlineData(68, nameof(SpgSnapshotChecksums.Crc32C), false)]
    [InlineData(69, nameof(SpgSnapshotChecksums.Crc32C), true)]
    public void The_version_says_whether_there_is_a_checksum_and_whether_it_is_known(
        byte version,
        string checksums,
        bool isNewer
    )
    {
        var info = Check(SpgCatalogs.Empty(version), 5);
        Assert.Equal(checksums, info.Checksums.ToString());
        Assert.Equal(isNewer, info.IsNewerThanKnown);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(13)]
    public void A_fault_in_a_catalogue_says_where_in_the_file(int start)
    {
        var newest = SpgCatalogs.Empty(68);
        var damaged = SpgCatalogs.Empty(68);
        damaged[^1] ^= 1;
        AssertFault("unexpected EOF at offset 0 (wanted 8", ErrorCode.Truncated, 0, []);
        AssertFault("unexpected EOF at offset 8 (wanted 1", ErrorCode.Truncated, 8, newest[..8]);
        AssertFault("unexpected EOF at offset 9 (wanted 4", ErrorCode.Truncated, 9, newest[..12]);
        AssertFault("unexpected EOF at offset 13 (wanted 4", ErrorCode.Truncated, 13, newest[..13]);
        AssertFault("unexpected EOF at offset 13 (wanted 4", ErrorCode.Truncated, 13, newest[..16]);
        AssertFault("bad magic: expected SPGDB001, got [0, 1", ErrorCode.BadMagic, 0, [0, 1, .. newest[2..]]);
        AssertFault("unsupported file version: 7 ", ErrorCode.UnsupportedVersion, 8, SpgCatalogs.Empty(7));
        AssertFault("base snapshot CRC mismatch", ErrorCode.ChecksumMismatch, 13, damaged);

        void AssertFault(string text, ErrorCode code, int offset, byte[] catalog)
        {
            var snapshot = start == 0 ? catalog : SpgCatalogs.Envelope(2, catalog, "users"u8.ToArray());
            var error = Assert.Throws<BackupException>(() => Check(snapshot, 6));
            Assert.StartsWith(text, error.Message, StringComparison.Ordinal);
            Assert.Equal(code, error.Code);
            Assert.Equal(start + offset, error.Offset);
        }
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 1)]
    [InlineData(5, 4)]
    public void The_sections_behind_the_catalogue_may_be_empty(byte version, int sections)
    {
        byte[][] all = [SpgSnapshotCheck.EmptyCatalog.ToArray(), .. Enumerable.Repeat(Array.Empty<byte>(), sections)];
        foreach (var piece in new[] { 1, 1000 })
        {
            Assert.Equal(version, Check(SpgCatalogs.Envelope(version, all), piece).EnvelopeVersion);
            // One section too few, one too many, one that is longer than the rest.
            AssertNoEnvelope(SpgCatalogs.Envelope(version, all[..^1]), piece);
            AssertNoEnvelope(SpgCatalogs.Envelope(version, [.. all, []]), piece);
            byte[] cut = [.. "SPGENV01"u8, version, 14, 0, 0, 0, .. all[0], 0, 0, 0, 0];
            AssertNoEnvelope(cut, piece);
        }

        static void AssertNoEnvelope(byte[] snapshot, int piece) =>
            Assert.Equal(NotACatalog, Assert.Throws<BackupException>(() => Check(snapshot, piece)).Message);
    }

    [Theory]
    [InlineData("SPGENV01", 1, true, false)]
    [InlineData("SPGENV01", 2, true, true)]
    [InlineData("SPGENV01", 5, true, true)]
    [InlineData("SPGENV01", 6, true, false)]
    [InlineData("SPGENV01", 60, true, false)]
    [InlineData("SPGDB001", 4, true, false)]
    [InlineData("SPGDB001", 53, true, false)]
    [InlineData("SPGDB001", 54, true, true)]
    [InlineData("SPGDB001", 255, true, true)]
    [InlineData("SPGMAN01", 4, false, false)]
    [InlineData("SPGMAN01", 60, false, false)]
    public void The_first_bytes_say_what_a_file_claims_and_whether_it_ends_with_a_checksum(
        string magic,
        byte version,
        bool claims,
        bool ends
    )
    {
        byte[] start = [.. Encoding.ASCII.GetBytes(magic), version];
        Assert.Equal(claims, SpgSnapshotCheck.ClaimsToBeSnapshot(start));
        Assert.Equal(ends, SpgSnapshotCheck.EndsWithChecksum(start));
        Assert.Equal(ends, SpgSnapshotCheck.EndsWithChecksum([.. start, 0]));
        Assert.False(SpgSnapshotCheck.EndsWithChecksum(start.AsSpan(0, 8)));
    }

    private static SpgSnapshotInfo Check(byte[] snapshot, int piece) => SpgCatalogWalkTests.Check(snapshot, piece);
}
