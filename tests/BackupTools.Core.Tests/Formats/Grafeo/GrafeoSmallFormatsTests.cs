using BackupTools.Errors;
using BackupTools.Formats.Grafeo;

namespace BackupTools.Tests.Formats.Grafeo;

public class GrafeoSmallFormatsTests
{
    [Theory]
    [InlineData(42, 7, 12345, "2A 07 FB 39 30")]
    [InlineData(3, 0, 1775000000000, "03 00 FD 00 96 3E 46 9D 01 00 00")]
    public void A_cursor_of_the_older_generation_has_the_bytes_of_the_format_document(
        ulong epoch,
        ulong sequence,
        ulong time,
        string hex
    )
    {
        var cursor = new GrafeoCursor(epoch, sequence, null, time);
        Assert.Equal(GrafeoBytes.Hex(hex), cursor.Write());
        Assert.Equal(cursor, GrafeoCursor.Read(GrafeoBytes.Hex(hex)));
    }

    [Theory]
    [InlineData("v06-native", "backup_cursor.meta")]
    [InlineData("v06-native", "S2.grafeo.wal", "backup_cursor.meta")]
    [InlineData("v05-lost", "live.grafeo.wal", "backup_cursor.meta")]
    public void An_engine_made_cursor_is_written_back_byte_for_byte(params string[] parts)
    {
        var bytes = GrafeoBytes.FixtureBytes(parts);
        Assert.Equal(bytes, GrafeoCursor.Read(bytes).Write());
    }

    [Fact]
    public void The_cursor_after_the_last_increment_says_what_the_fixtures_say() =>
        Assert.Equal(
            new GrafeoCursor(9, 0, 105162, 1795145304205),
            GrafeoCursor.Read(GrafeoBytes.FixtureBytes("v06-native", "backup_cursor.meta"))
        );

    [Fact]
    public void A_cut_cursor_is_refused()
    {
        foreach (
            var bytes in new[]
            {
                GrafeoBytes.FixtureBytes("v06-native", "backup_cursor.meta"),
                GrafeoBytes.FixtureBytes("v05-lost", "live.grafeo.wal", "backup_cursor.meta"),
            }
        )
        {
            for (var length = 0; length < bytes.Length; length++)
                GrafeoBytes.Refused(() => GrafeoCursor.Read(bytes.AsSpan(0, length)));
        }
    }

    [Fact]
    public void Bytes_behind_a_cursor_of_the_older_generation_are_refused()
    {
        var error = GrafeoBytes.Refused(() => GrafeoCursor.Read(GrafeoBytes.Hex("2A 07 FB 39 30 00")));
        Assert.Equal(
            (ErrorCode.Malformed, "1 bytes too many after the cursor", 5L),
            (error.Code, error.Message, error.Offset)
        );
    }

    [Fact]
    public void A_checkpoint_mark_is_read()
    {
        Assert.Equal(
            new GrafeoCheckpointMeta(7, 2, 1775000000000, 8),
            GrafeoCheckpointMeta.Read(GrafeoBytes.FixtureBytes("v05-reference", "checkpoint.meta.sample"))
        );
        Assert.Equal(ErrorCode.Malformed, GrafeoBytes.Refused(() => GrafeoCheckpointMeta.Read([1, 2, 3, 4, 5])).Code);
    }

    [Fact]
    public void The_header_of_an_increment_has_the_bytes_of_the_format_document()
    {
        var bytes = GrafeoBytes.Hex(
            "47 42 41 4B 01 00 00 00 65 00 00 00 00 00 00 00 C8 00 00 00 00 00 00 00 F4 01 00 00 00 00 00 00"
        );
        Assert.Equal(bytes, new GbakHeader(1, 101, 200, 500).Write());
        Assert.Equal(new GbakHeader(1, 101, 200, 500), GbakHeader.Read(bytes));
    }

    [Theory]
    [InlineData("v05-lost", "backups-correct", 1, 4, 7, 2)]
    [InlineData("v05-lost", "backups-as-reference", 1, 4, 7, 1)]
    [InlineData("v06-native", "backups", 2, 4, 4, 1)]
    public void The_headers_of_the_fixtures_are_read(
        string set,
        string folder,
        uint version,
        ulong start,
        ulong end,
        ulong count
    ) =>
        Assert.Equal(
            new GbakHeader(version, start, end, count),
            GbakHeader.Read(GrafeoBytes.FixtureBytes(set, folder, "backup_incr_0001.wal"))
        );

    [Fact]
    public void Bad_headers_are_refused_in_the_engines_words()
    {
        var good = new GbakHeader(2, 1, 2, 3).Write();
        var shortOne = GrafeoBytes.Refused(() => GbakHeader.Read(good.AsSpan(0, 31)));
        Assert.Equal((ErrorCode.Truncated, "incremental backup file too short"), (shortOne.Code, shortOne.Message));
        var magic = GrafeoBytes.Refused(() => GbakHeader.Read(GrafeoBytes.Flip(good, 0)));
        Assert.Equal((ErrorCode.BadMagic, "invalid backup file magic bytes"), (magic.Code, magic.Message));
        var newer = GrafeoBytes.Refused(() => GbakHeader.Read(GrafeoBytes.Flip(good, 4)));
        Assert.Equal(
            (ErrorCode.UnsupportedVersion, "unsupported backup version 3, max supported is 2", 4L),
            (newer.Code, newer.Message, newer.Offset)
        );
        Assert.Equal(
            ErrorCode.UnsupportedVersion,
            GrafeoBytes.Refused(() => GbakHeader.Read(GrafeoBytes.Flip(good, 4, 2))).Code
        );
    }
}
