using BackupTools.Chains;
using BackupTools.Engines;
using BackupTools.Engines.Sqlite;
using BackupTools.Errors;
using BackupTools.Tests.Engines.Spg;
using BackupTools.Tests.Formats;
using BackupTools.Tests.Formats.Sqlite;

namespace BackupTools.Tests.Engines.Sqlite;

/// <summary>Databases of several blocks, of pages that compress and of noise; what is proved of them when they come back.</summary>
public sealed class SqliteProofTests : IDisposable
{
    private readonly SqliteBox _box = new();

    private string Source => _box.Harness.At("mixed.db");

    private string Backups => _box.Harness.At("b");

    [PythonFact]
    public void Rows_and_noise_restore_and_are_what_the_independent_reader_makes_of_the_files()
    {
        var way = Chain();
        var state = File.ReadAllBytes(Source);
        Assert.InRange(state.Length, 4 << 20, 8 << 20);
        // The rows are compressed, the noise is stored as it is.
        Assert.InRange(new FileInfo(way[0].FullName).Length, state.Length * 6 / 10, state.Length * 9 / 10);
        Assert.InRange(new FileInfo(way[1].FullName).Length, 1, 100_000);
        Assert.Equal(state, File.ReadAllBytes(_box.Restore(Backups, way[^1].End.Value)));
        LtxChecker.Check([.. way.Select(b => b.FullName)]);
        var independent = _box.Harness.At("independent.db");
        LtxChecker.Apply(independent, [.. way.Select(b => b.FullName)]);
        Assert.Equal(state, File.ReadAllBytes(independent));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(4096 + 17)]
    [InlineData((3 << 20) + 5)]
    public void What_does_not_read_back_as_it_was_written_is_not_restored(long offset)
    {
        var way = Chain();
        var disk = HookedDisk.Misreading("database", offset);
        using var harness = new EngineHarness(new SqliteEngine(), disk);
        var target = _box.Harness.At("x", "out.db");
        var error = Assert.Throws<BackupException>(() => harness.Restore(way, target));
        Assert.Equal((ErrorCode.VerificationFailed, offset), (error.Code, error.Offset));
        Assert.False(File.Exists(target));
    }

    /// <summary>The CRCs of a state may be right and its digest wrong: then somebody has chosen them.</summary>
    [Fact]
    public void A_state_that_does_not_have_its_digest_is_not_restored()
    {
        var way = Chain();
        var last = (LtxBundle)SqliteBundle.Of(way[^1]);
        var target = _box.Harness.At("x", "out.db");
        foreach (
            var side in new[]
            {
                last.Side! with
                {
                    PageMacsDigest = new string('0', 64),
                },
                last.Side! with
                {
                    PageKey = PageMacs.NewKey(),
                },
            }
        )
        {
            var lying = (BundleHeader<SqliteBundle>)way[^1] with { Parsed = last with { Side = side } };
            var problem = Assert.Single(_box.Harness.Verify([way[0], lying]), p => p.Severity == ProblemSeverity.Error);
            Assert.Equal(ErrorCode.VerificationFailed, problem.Code);
            var error = Assert.Throws<BackupException>(() => _box.Harness.Restore([way[0], lying], target));
            Assert.Equal(ErrorCode.VerificationFailed, error.Code);
            Assert.Contains("not the one that was backed up", error.Message, StringComparison.Ordinal);
            Assert.False(File.Exists(target));
        }
    }

    /// <summary>A header that claims more pages than the files can hold takes no memory for them, and ends no test.</summary>
    [Fact]
    public void More_pages_than_the_chain_holds_are_a_finding_of_a_deep_test()
    {
        var way = Chain();
        var last = (LtxBundle)SqliteBundle.Of(way[^1]);
        var lying = (BundleHeader<SqliteBundle>)way[^1] with
        {
            Parsed = last with { Header = last.Header with { Commit = 200_000_000 } },
        };
        Assert.Contains(_box.Harness.Verify([way[0], lying]), p => p.Code == ErrorCode.Malformed);
        var error = Assert.Throws<BackupException>(() => _box.Harness.Restore([way[0], lying], _box.Harness.At("x")));
        Assert.Equal(ErrorCode.Malformed, error.Code);
    }

    /// <summary>A test warns in time that the next increment would be refused; restores do not need them.</summary>
    [Theory]
    [InlineData(-50)]
    [InlineData(0)]
    [InlineData(800)]
    public void Damaged_fingerprints_are_a_warning_of_the_test(int longer)
    {
        var way = Chain();
        var side = SideFiles.PathOf(way[^1].FullName);
        var bytes = File.ReadAllBytes(side);
        bytes[^60] ^= 1;
        Array.Resize(ref bytes, bytes.Length + longer);
        File.WriteAllBytes(side, bytes);
        foreach (var depth in new[] { VerifyDepth.Checksums, VerifyDepth.Deep })
        {
            var problem = Assert.Single(_box.Harness.Verify(way, depth));
            Assert.Equal((ProblemSeverity.Warning, side), (problem.Severity, problem.FullName));
        }
        Assert.Equal(File.ReadAllBytes(Source), File.ReadAllBytes(_box.Restore(Backups, way[^1].End.Value)));
    }

    public void Dispose() => _box.Dispose();

    private List<BundleHeader> Chain()
    {
        SqliteTestDatabase.Run(
            Source,
            "create table t(id integer primary key, v); with recursive s(n) as (select 1 union all select n + 1 from s limit 40000) "
                + "insert into t select n, 'order ' || n || ' of customer ' || (n % 90) || ' paid on the first of the month' from s; "
                + "insert into t(v) select randomblob(30000) from t limit 80"
        );
        List<BundleHeader> way = [_box.Harness.Full(Source, Backups)];
        SqliteTestDatabase.Run(Source, "update t set v = 'refunded' where id % 9000 = 7");
        way.Add(_box.Harness.Increment(Source, Backups, way));
        return way;
    }
}
