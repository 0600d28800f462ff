using BackupTools.Errors;
using BackupTools.Formats.Spg;

namespace BackupTools.Tests.Formats.Spg;

/// <summary>The walk through tables, rows and indexes of FILE_VERSION 8 and 9 (tier T2 of SPG format, §3.3).</summary>
public sealed class SpgCatalogWalkTests
{
    private const byte Int = 1;
    private const byte BigInt = 2;
    private const byte Text = 4;
    private const byte Bool = 5;
    private const byte Vector = 6;

    [Theory]
    [InlineData(new[] { BigInt, Vector }, 0)]
    [InlineData(new[] { BigInt, Vector, Text }, 0b100)]
    [InlineData(new[] { BigInt, Text, Vector }, 0b010)]
    [InlineData(new[] { Text, BigInt, Vector }, 0b001)]
    public void A_row_may_end_with_a_vector_whatever_its_numbers(byte[] types, byte nulls)
    {
        // Bytes of 0xFF would themselves pass for rows of nothing but NULL.
        byte[] row = [nulls, .. new byte[8], 2, 0, 0, 0, .. Enumerable.Repeat((byte)0xFF, 8)];
        AssertWalked(SpgCatalogs.Table(types, 3, [.. row, .. row, .. row, 0, 0]));
    }

    [Fact]
    public void A_row_may_be_a_vector_and_nothing_else() =>
        AssertWalked(SpgCatalogs.Table([Vector], 2, [0, 1, 0, 0, 0, 1, 2, 3, 4, 0, 1, 0, 0, 0, 1, 2, 3, 4, 0, 0]));

    [Fact]
    public void What_follows_the_rows_is_not_taken_for_one_more() =>
        // No index: two bytes that could be a row as well.
        AssertWalked(SpgCatalogs.Table([Bool], 1, [0, 1, 0, 0]));

    [Fact]
    public void What_follows_the_entries_of_an_index_is_not_taken_for_one_more() =>
        // Two indexes without a name or an entry: 18 bytes that could be an entry as well.
        AssertWalked(SpgCatalogs.Table([Int], 0, [3, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 1, 0, 0, 0, 0, .. new byte[18]]));

    [Fact]
    public void A_catalogue_may_end_with_the_neighbours_of_a_node()
    {
        byte[] catalog = SpgCatalogs.Table(
            [Vector],
            0,
            [1, 0, 0, 0, 0, 0, 1, .. new byte[9], 1, 0, 0, 0, 0, 1, 1, 0, 0, 0, 2, 0, .. new byte[8]]
        );
        AssertWalked(catalog);
        AssertRefused(catalog[..^1], ErrorCode.Truncated, "unexpected EOF at offset ");
    }

    [Fact]
    public void Texts_and_vectors_larger_than_the_walkers_buffer_are_walked()
    {
        using var rows = new MemoryStream();
        for (var i = 0; i < 4; i++)
        {
            // One text after the other, of characters of three bytes, so that a byte out of place is seen.
            foreach (var _ in Enumerable.Range(0, 3))
            {
                var text = string.Concat(Enumerable.Repeat("€", 20_000 - i));
                rows.Write([0, .. BitConverter.GetBytes((ushort)(3 * text.Length))]);
                rows.Write(System.Text.Encoding.UTF8.GetBytes(text));
                rows.Write([0, 0, 0, 0]);
            }
            rows.Write([0, 0, 0, .. BitConverter.GetBytes(100_000)]);
            rows.Write(new byte[400_000]);
        }
        var catalog = SpgCatalogs.Table([Text, Vector], 16, [.. rows.ToArray(), 0, 0]);
        foreach (var piece in new[] { 1 << 10, 1 << 16, catalog.Length })
        {
            Assert.True(Check(catalog, piece).IsWalked);
        }
    }

    [Theory]
    [InlineData(256, 1)]
    [InlineData(257, 0)]
    public void The_cap_of_32_bytes_of_nulls_holds_for_rows_not_for_columns(int columns, uint rows)
    {
        byte[] nulls = [.. Enumerable.Repeat((byte)0xFF, rows == 0 ? 0 : 32)];
        AssertWalked(SpgCatalogs.Table([.. Enumerable.Repeat(Bool, columns)], rows, [.. nulls, 0, 0]));
    }

    [Theory]
    [InlineData(SpgColumnType.VectorSq8)]
    [InlineData(SpgColumnType.VectorHalf)]
    public void A_column_of_an_unknown_layout_does_no_harm_without_rows(byte type) =>
        AssertWalked(SpgCatalogs.Table([type], 0, [0, 0]));

    [Fact]
    public void A_number_that_is_a_key_need_not_be_text() =>
        AssertWalked(Index([0, .. Enumerable.Repeat((byte)0xFF, 8)]));

    [Fact]
    public void A_text_that_is_a_key_must_be_text() =>
        AssertRefused(Index([1, 1, 0, 0xC3]), ErrorCode.Malformed, "invalid UTF-8 in identifier or text");

    [Fact]
    public void A_text_that_is_a_key_must_lie_within_the_catalogue() =>
        AssertRefused(Index([1, 0xFF, 0xFF]), ErrorCode.Truncated, "unexpected EOF at offset 44 (wanted 65535 more");

    [Fact]
    public void Of_many_cold_segments_the_first_few_are_named()
    {
        byte[] locators = [20, 0, 0, 0];
        for (byte segment = 0; segment < 20; segment++)
        {
            locators = [.. locators, 1, segment, 0, 0, 0, 0, 0, 0, 0];
        }
        foreach (var piece in new[] { 1, 1 << 20 })
        {
            var info = Check(SpgCatalogs.Table([Int], 0, [1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 1, .. locators]), piece);
            Assert.Equal(Enumerable.Range(0, 16).Select(i => (uint)i), info.ColdSegments);
            Assert.True(info.IsWalked);
        }
    }

    [Theory]
    [InlineData(SpgCatalogs.Damage.Type, 23, "unknown data type tag: 99")]
    [InlineData(SpgCatalogs.Damage.Default, 24, "unknown default tag: 2")]
    [InlineData(SpgCatalogs.Damage.Value, 25, "unknown value tag: 11")]
    [InlineData(SpgCatalogs.Damage.IndexKind, 42, "unknown index kind tag: 2")]
    [InlineData(SpgCatalogs.Damage.IndexColumn, 40, "index \"i\" points at non-existent column position 1")]
    [InlineData(SpgCatalogs.Damage.Utf8, 34, "invalid UTF-8 in identifier or text")]
    [InlineData(SpgCatalogs.Damage.Bitmap, 2335, "row NULL bitmap 33 B exceeds 32 B cap")]
    [InlineData(SpgCatalogs.Damage.Key, 47, "unknown index key tag: 3")]
    [InlineData(SpgCatalogs.Damage.Locator, 60, "unknown row locator tag: 2")]
    public void A_damaged_table_is_told_in_the_references_words(SpgCatalogs.Damage damage, long offset, string text)
    {
        var catalog = SpgCatalogs.Damaged(damage);
        AssertRefused(catalog, ErrorCode.Malformed, text, offset);
        // In an envelope the catalogue begins at 13, and that is what a reader of the file wants to know.
        AssertRefused(SpgCatalogs.Envelope(2, catalog, "users"u8.ToArray()), ErrorCode.Malformed, text, 13 + offset);
    }

    [Theory]
    [InlineData(60)]
    [InlineData(20)]
    public void A_catalogue_cut_in_its_envelope_says_where_in_the_file(int length)
    {
        var whole = SpgCatalogs.Damaged(SpgCatalogs.Damage.None);
        var error = Assert.Throws<BackupException>(() => Check(SpgCatalogs.Envelope(1, whole[..length], []), 9));
        Assert.Equal(ErrorCode.Truncated, error.Code);
        var (offset, wanted) = EndOf(error);
        Assert.InRange(length, offset, offset + wanted - 1);
        Assert.Equal(13 + offset, error.Offset);
    }

    /// <summary>A table with one B-tree of one entry: the key given, and no row.</summary>
    private static byte[] Index(byte[] key) =>
        SpgCatalogs.Table([Int], 0, [1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, .. key, 0, 0, 0, 0]);

    private static void AssertWalked(byte[] catalog)
    {
        foreach (var piece in new[] { 1, 17, catalog.Length })
        {
            Assert.True(Check(catalog, piece).IsWalked);
        }
    }

    private static void AssertRefused(byte[] snapshot, ErrorCode code, string start, long? offset = null)
    {
        foreach (var piece in new[] { 3, snapshot.Length })
        {
            var error = Assert.Throws<BackupException>(() => Check(snapshot, piece));
            Assert.StartsWith(start, error.Message, StringComparison.Ordinal);
            Assert.Equal(code, error.Code);
            Assert.Equal(offset ?? error.Offset, error.Offset);
        }
    }

    /// <summary>The two numbers of "unexpected EOF at offset 13 (wanted 2 more bytes)".</summary>
    internal static (int Offset, int Wanted) EndOf(BackupException error)
    {
        var words = error.Message.Split(' ');
        return (int.Parse(words[4]), int.Parse(words[6]));
    }

    internal static SpgSnapshotInfo Check(byte[] snapshot, int piece)
    {
        var check = new SpgSnapshotCheck(snapshot.Length, walk: true);
        foreach (var part in snapshot.Chunk(piece))
        {
            check.Append(part);
        }
        return check.Finish();
    }
}
