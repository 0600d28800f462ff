using System.Text.RegularExpressions;
using BackupTools.Errors;
using BackupTools.Tests.Formats.Alopex;

namespace BackupTools.Tests.Engines.Alopex;

/// <summary>Data directories with a damaged log or meta: what the engine makes of them, a snapshot of them must be too.</summary>
public sealed class AlopexTornTests
{
    public static TheoryData<string> Recovered => Cases(refused: false);

    public static TheoryData<string> Refused => Cases(refused: true);

    [Fact]
    public void There_are_16_small_cases_of_which_the_engine_refuses_5() =>
        Assert.Equal((11, 5), (Recovered.Count, Refused.Count));

    [Theory]
    [MemberData(nameof(Recovered))]
    public void What_the_engine_recovers_is_what_the_snapshot_holds(string fixture)
    {
        using var harness = AlopexStates.Harness();
        var said = File.ReadAllText(AlopexFixtures.At("torn", fixture, "engine.log"));
        var recovery = Regex.Match(said, @"# recovery entries=(\d+) last_lsn=(\d+) .*stop_reason=(None|Some)");
        var dumped = Regex.Count(said[recovery.Index..], "^[^#$\n].*\t", RegexOptions.Multiline);

        var header = harness.Full(harness.Data($"torn/{fixture}"), harness.At("backup"));
        harness.Restore([header], harness.At("restored"), deep: true);

        var read = AlopexKeyReader.Read(harness.At("restored"));
        Assert.Equal(int.Parse(recovery.Groups[1].Value), read.Lsns.Count);
        Assert.Equal(ulong.Parse(recovery.Groups[2].Value), header.End.Value);
        Assert.Equal(dumped, read.Keys.Count);
        // Cut at the last whole entry: what the engine writes next is not lost behind torn bytes (§3.7).
        Assert.Null(read.Stop);
        Assert.Empty(harness.Verify([header]).Errors());
        var sound = fixture is "small-meta_trailing_bytes";
        Assert.Equal(sound ? 0 : 1, harness.Warnings.Count);
    }

    [Theory]
    [MemberData(nameof(Refused))]
    public void What_the_engine_cannot_open_is_no_source_of_a_snapshot(string fixture)
    {
        using var harness = AlopexStates.Harness();
        var said = File.ReadAllText(AlopexFixtures.At("torn", fixture, "engine.log"));

        var error = Assert.Throws<BackupException>(() =>
            harness.Full(harness.Data($"torn/{fixture}"), harness.At("backup"))
        );

        Assert.EndsWith(Regex.Match(said, "ERROR (.*)").Groups[1].Value, error.Message, StringComparison.Ordinal);
        Assert.Equal(
            fixture == "small-segment0_version3" ? ErrorCode.UnsupportedVersion : ErrorCode.SourceDamaged,
            error.Code
        );
        Assert.False(Directory.Exists(harness.At("backup")));
    }

    [Theory]
    [InlineData("small-last_crc", "offset 90 (WAL entry decode failed: checksum mismatch)")]
    [InlineData("small-mid_crc", "offset 39 (WAL entry decode failed: checksum mismatch)")]
    [InlineData("small-meta_missing", "checkpoint.meta cannot be used (it is missing)")]
    [InlineData("small-meta_version2", "checkpoint.meta cannot be used (its version is 2)")]
    public void What_was_lost_before_the_snapshot_is_told(string fixture, string warning)
    {
        using var harness = AlopexStates.Harness();

        harness.Full(harness.Data($"torn/{fixture}"), harness.At("backup"));

        Assert.Contains(warning, Assert.Single(harness.Warnings), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)] // 3 entries, the last one torn
    [InlineData(true)] // the end is ahead of the entries
    public void A_torn_log_of_default_geometry_is_cut_at_its_last_whole_entry(bool endAhead)
    {
        using var harness = AlopexStates.Harness();
        var source = harness.Data(endAhead ? "default/S1" : "default/torn");
        if (endAhead)
        {
            AlopexDamage.Patch(Path.Combine(source, "lsm.wal"), 8, BitConverter.GetBytes(3121UL + 200));
        }
        AlopexStates.Settle(source);

        var header = harness.Full(source, harness.At("backup"));

        Assert.Equal(endAhead ? 28UL : 26UL, header.End.Value);
        Assert.Contains(
            endAhead ? "offset 3121" : "offset 90 (WAL entry decode failed: checksum mismatch)",
            Assert.Single(harness.Warnings),
            StringComparison.Ordinal
        );
        Assert.Null(AlopexKeyReader.Read(header.FullName, 64 << 20).Stop);
    }

    [Theory]
    [InlineData("lsm.wal", "lsm.wal is missing")]
    [InlineData(
        "checkpoint.meta",
        "the tables hold commits up to 28, but checkpoint.meta (it is missing) and the log reach only to 0"
    )]
    public void A_directory_that_the_engine_would_open_without_its_keys_is_refused(string missing, string said)
    {
        using var harness = AlopexStates.Harness();
        var source = AlopexStates.Settle(
            AlopexFixtures.Copy(AlopexFixtures.At("small/S1/snap/data"), harness.At("db"))
        );
        File.Delete(Path.Combine(source, missing));

        var error = Assert.Throws<BackupException>(() => harness.Full(source, harness.At("backup")));

        Assert.Equal(ErrorCode.SourceDamaged, error.Code);
        Assert.StartsWith(said, error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(harness.At("backup")));
    }

    [Fact]
    public void A_log_of_version_1_is_refused_by_name_with_what_to_do()
    {
        using var harness = AlopexStates.Harness();

        var error = Assert.Throws<BackupException>(() =>
            harness.Full(harness.Data("legacy-wal-v1"), harness.At("backup"))
        );

        Assert.Equal(ErrorCode.UnsupportedVersion, error.Code);
        Assert.Contains("unsupported WAL version: 1", error.Message, StringComparison.Ordinal);
        Assert.Contains("migrates its log", error.Recommendation, StringComparison.Ordinal);
    }

    [Fact]
    public void A_migrated_directory_is_taken_with_the_old_log_that_the_migration_kept()
    {
        using var harness = AlopexStates.Harness();
        var source = AlopexFixtures.Copy(AlopexFixtures.At("legacy-wal-v1", "migrated"), harness.At("db"));

        var header = harness.Full(source, harness.At("backup"));
        harness.Restore([header], harness.At("restored"));

        Assert.Equal(
            AlopexFixtures.Expected(AlopexFixtures.At("small/S1")),
            AlopexKeyReader.Read(harness.At("restored")).Keys
        );
        Assert.Equal(
            File.ReadAllBytes(Path.Combine(source, "lsm.wal.bak")),
            File.ReadAllBytes(harness.At("restored", "lsm.wal.bak"))
        );
    }

    private static TheoryData<string> Cases(bool refused) =>
        new(
            Directory
                .GetDirectories(AlopexFixtures.At("torn"))
                .Select(d => Path.GetFileName(d)!)
                .Where(n =>
                    File.ReadAllText(AlopexFixtures.At("torn", n, "engine.log"))
                        .Contains("ERROR", StringComparison.Ordinal) == refused
                )
                .Order(StringComparer.Ordinal)
        );
}
