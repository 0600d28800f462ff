using System.Text.RegularExpressions;
using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Tests.Formats.Alopex;

namespace BackupTools.Tests.Engines.Alopex;

/// <summary>The 31 ways to damage the default S2 snapshot, of each of which the engine was asked for its verdict.</summary>
public sealed class AlopexDamageTests
{
    public static TheoryData<string> Refused => Cases(engineSaysOk: false);

    [Fact]
    public void There_are_31_cases_and_the_engine_refuses_24() =>
        Assert.Equal((24, 7), (Refused.Count, Cases(engineSaysOk: true).Count));

    [Theory]
    [MemberData(nameof(Refused))]
    public void What_the_engine_refuses_is_refused_in_its_words(string damage)
    {
        using var harness = AlopexStates.Harness();
        var folder = Damaged(harness, damage);
        var said = Regex.Match(Log(damage), "ERROR (?:internal error: |core error: |io error: )?(.*)").Groups[1].Value;

        var problems = Verdict(harness, folder, out var header);

        if (damage == "manifest_missing")
        {
            // To the engine's server an error; but its own command line makes copies of exactly this shape (§6.7).
            Assert.Equal("No such file or directory (os error 2)", said);
            var note = Assert.Single(problems.Noted());
            Assert.Equal((ProblemSeverity.Warning, ErrorCode.MissingFile), (note.Severity, note.Code));
            return;
        }
        Assert.StartsWith(said, problems.Errors().First().Message, StringComparison.Ordinal);
        RestoreIsRefused(harness, header);
    }

    [Fact]
    public void Verify_says_OK_but_a_block_whose_own_checksum_is_wrong_is_caught() =>
        Caught("sst_block_crc_only", ErrorCode.ChecksumMismatch, "checksum mismatch in block 0 of the SSTable");

    [Fact]
    public void Verify_says_OK_but_a_table_that_nobody_listed_is_caught() =>
        Caught("extra_file_not_in_manifest", ErrorCode.Malformed, "sst/8.sst is not listed in the manifest");

    [Fact]
    public void Verify_says_OK_but_a_manifest_that_lists_nothing_is_caught() =>
        Caught("manifest_empty_entries", ErrorCode.Malformed, "checkpoint.meta is not listed in the manifest");

    [Fact]
    public void Verify_says_OK_but_a_path_that_leaves_the_snapshot_is_caught()
    {
        Caught(
            "manifest_dotdot_path",
            ErrorCode.UnsafeName,
            "the manifest lists a path that a restore must not write: ../outside"
        );
    }

    [Fact]
    public void Verify_says_OK_but_a_log_that_stops_before_its_end_is_caught() =>
        Caught(
            "wal_torn_remanifest",
            ErrorCode.Malformed,
            "the log stops at offset 30 of 200: WAL entry truncated at tail"
        );

    [Fact]
    public void Verify_says_OK_but_a_table_missing_from_the_row_is_caught()
    {
        // A warning: engines never remove a table, but a man may have removed one that a crash left half-written.
        using var harness = AlopexStates.Harness();
        var folder = Damaged(harness, "sst_missing_remanifest");

        var problem = Assert.Single(Verdict(harness, folder, out var header).Noted());

        Assert.Equal((ProblemSeverity.Warning, ErrorCode.MissingFile), (problem.Severity, problem.Code));
        Assert.Equal("tables are missing from the numbering, their keys may be lost: 1", problem.Message);
        harness.Restore([header!], harness.At("restored"));
        Assert.Contains(harness.Warnings, w => w.Contains("their keys may be lost: 1", StringComparison.Ordinal));
    }

    [Fact]
    public void Verify_says_OK_and_a_field_that_nobody_knows_is_indeed_fine()
    {
        using var harness = AlopexStates.Harness();
        Assert.Empty(Verdict(harness, Damaged(harness, "manifest_unknown_field"), out _));
    }

    [Fact]
    public void All_findings_are_told_and_not_only_the_first()
    {
        using var harness = AlopexStates.Harness();
        var folder = Damaged(harness, "sst_flip_byte");
        new AlopexDamage(folder).Do("crc_mismatch");
        // What goes once it has been listed.
        var header = Assert.Single(harness.Read(folder));
        File.Delete(Path.Combine(folder, "sst", "4.sst"));

        var said = harness.Verify([header]).Errors().Select(p => p.Message).ToList();

        Assert.Equal(
            [
                "snapshot entry missing sst/4.sst: No such file or directory (os error 2)",
                "snapshot entry crc mismatch checkpoint.meta",
                "snapshot entry crc mismatch sst/2.sst",
                "checkpoint metadata missing or corrupted (its checksum is wrong)",
            ],
            said[..4]
        );
        Assert.StartsWith("the tables hold commits up to 38", Assert.Single(said[4..]), StringComparison.Ordinal);
    }

    [Fact]
    public void A_changed_byte_in_a_table_is_located()
    {
        using var harness = AlopexStates.Harness();
        var folder = Damaged(harness, "sst_block_crc_only");
        new AlopexDamage(folder).ListAgain();

        var problem = Assert.Single(Verdict(harness, folder, out _));

        Assert.Equal((Path.Combine(folder, "sst", "2.sst"), 32L), (problem.FullName, problem.Offset!.Value));
    }

    [Theory]
    [InlineData("checkpoint.meta")]
    [InlineData("lsm.wal")]
    [InlineData("sst/3.sst")]
    [InlineData("snapshot.manifest")]
    public void Any_changed_byte_of_our_snapshot_is_noticed(string name)
    {
        using var harness = AlopexStates.Harness();
        var header = harness.Full(harness.Data("small/S1"), harness.At("backup"));
        var file = Path.Combine(header.FullName, name);
        var bytes = File.ReadAllBytes(file);
        var unnoticed = new List<int>();
        for (var i = 0; i < bytes.Length; i += name == "lsm.wal" ? 97 : 1)
        {
            bytes[i] ^= 0x10;
            File.WriteAllBytes(file, bytes);
            if (!Verdict(harness, header.FullName, out _).Errors().Any())
            {
                unnoticed.Add(i);
            }
            bytes[i] ^= 0x10;
        }
        Assert.Empty(unnoticed);
    }

    private static IReadOnlyList<ChainProblem> Caught(string damage, ErrorCode code, string message)
    {
        using var harness = AlopexStates.Harness();
        Assert.Contains("\nOK\n", Log(damage), StringComparison.Ordinal);
        var folder = Damaged(harness, damage);

        var problems = Verdict(harness, folder, out var header);

        Assert.Equal((code, message), (problems.Errors().First().Code, problems.Errors().First().Message));
        RestoreIsRefused(harness, header);
        return problems;
    }

    /// <summary>What reading the header says, or else what verification says.</summary>
    private static IReadOnlyList<ChainProblem> Verdict(EngineHarness harness, string folder, out BundleHeader? header)
    {
        var read = Assert.Single(harness.Engine.ReadBundles(folder, harness.Context()));
        header = read.Header;
        return header is null ? [ChainProblem.From(read.Error!)] : harness.Verify([header]);
    }

    private static void RestoreIsRefused(EngineHarness harness, BundleHeader? header)
    {
        if (header is not null)
        {
            Assert.Throws<BackupException>(() => harness.Restore([header], harness.At("restored")));
        }
        Assert.Equal(["backup"], Directory.GetFileSystemEntries(harness.Folder).Select(Path.GetFileName));
    }

    private static string Damaged(EngineHarness harness, string damage)
    {
        var folder = harness.Snapshot("default/S2");
        new AlopexDamage(folder).Do(damage);
        return folder;
    }

    private static string Log(string damage) => File.ReadAllText(AlopexFixtures.At("corrupt-logs", $"{damage}.log"));

    private static TheoryData<string> Cases(bool engineSaysOk) =>
        new(
            Directory
                .GetFiles(AlopexFixtures.At("corrupt-logs"))
                .Select(f => Path.GetFileNameWithoutExtension(f)!)
                .Where(n => Log(n).Contains("\nOK\n", StringComparison.Ordinal) == engineSaysOk)
                .Order(StringComparer.Ordinal)
        );
}
