using BackupTools.Chains;
using BackupTools.Engines;
using BackupTools.Engines.PowDb;
using BackupTools.Errors;

namespace BackupTools.Tests.Engines.PowDb;

/// <summary>Backups that the engine itself made: sound ones, and those that lost something on the way.</summary>
public sealed class PowDbEngineMadeTests : IDisposable
{
    private readonly EngineHarness _harness = new(
        new PowDbEngine(),
        clock: new FixedClock(PowDbFixtures.EngineTime.AddDays(1))
    );

    public void Dispose() => _harness.Dispose();

    [Theory]
    [InlineData("S0", "full_S0")]
    [InlineData("S1", "full_S0", "inc_S0_S1")]
    [InlineData("S2", "full_S0", "inc_S0_S1", "inc_S1_S2")]
    [InlineData("S2", "full_S0", "inc_S0_S2")]
    public void Sound_chains_restore_to_their_state(string state, params string[] bundles)
    {
        var restored = _harness.At("restored");

        _harness.Restore(Read(bundles), restored, deep: true);

        PowDbFixtures.AssertSame(PowDbFixtures.At(state), restored);
        Assert.Equal(PowDbDump.Expected($"{state}.dump.txt"), PowDbDump.Of(restored));
    }

    [Fact]
    public void An_increment_that_misses_updates_restores_as_the_engine_would_and_the_test_says_so()
    {
        var path = Read("U/full_U0", "U/inc_U0_U1");

        _harness.Restore(path, _harness.At("restored"));

        Assert.Equal(PowDbDump.Expected("U1.engine_chain_restore.dump.txt"), PowDbDump.Of(_harness.At("restored")));
        Assert.Contains(_harness.Warnings, w => w.Contains("390 entries for 400 rows", StringComparison.Ordinal));
        var problems = _harness.Verify(path);
        Assert.All(problems, p => Assert.Equal(ProblemSeverity.Warning, p.Severity));
        Assert.Contains(problems, p => p.Message.Contains("update or delete", StringComparison.Ordinal));
        Assert.Contains(
            problems,
            p => p.Message.Contains("changed orders_user_id.idx but no page of orders.heap", StringComparison.Ordinal)
        );
        Assert.Contains(problems, p => p.Message.Contains("390 entries for 400 rows", StringComparison.Ordinal));
    }

    [Fact]
    public void An_increment_with_used_lsns_is_named_with_what_it_lost()
    {
        var path = Read("full_S0", "L/inc_S0_L1");

        var problems = _harness.Verify(path);
        _harness.Restore(path, _harness.At("restored"));

        Assert.All(problems, p => Assert.Equal(ProblemSeverity.Warning, p.Severity));
        Assert.Contains(problems, p => p.Message.Contains("goes down from 874 to 834", StringComparison.Ordinal));
        Assert.Contains(
            problems,
            p =>
                p.Message.Contains(
                    "users_id.idx does not fit users.heap: 310 entries for 300 rows",
                    StringComparison.Ordinal
                )
        );
        Assert.False(File.Exists(_harness.At("restored", "doomed.heap")));
    }

    [Fact]
    public void An_increment_that_lost_a_table_is_refused_and_the_table_named()
    {
        var path = Read("E/full_E0", "E/inc_E0_E1");

        var problems = _harness.Verify(path, VerifyDepth.Checksums);
        var error = Assert.Throws<BackupException>(() => _harness.Restore(path, _harness.At("restored")));

        Assert.Contains(
            problems,
            p => p.Code == ErrorCode.MissingFile && p.Message.Contains("empty_t.heap", StringComparison.Ordinal)
        );
        Assert.Equal(ErrorCode.MissingFile, error.Code);
        Assert.Contains("empty_t.heap", error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_harness.At("restored")));
    }

    [Theory]
    [InlineData("U/U1", "U/full_U0")]
    [InlineData("S2", "full_S0", "inc_S0_S1")]
    [InlineData("L/L1", "full_S0")]
    public void Ours_on_the_engines_chain_is_complete(string state, params string[] bundles)
    {
        var path = Read(bundles).ToList();

        path.Add(_harness.Increment(PowDbFixtures.At(state), _harness.At("backups"), path));
        _harness.Restore(path, _harness.At("restored"), deep: true);

        PowDbFixtures.AssertSame(PowDbFixtures.At(state), _harness.At("restored"));
    }

    [Fact]
    public void An_increment_on_a_damaged_chain_of_the_engine_is_refused()
    {
        var full = PowDbFixtures.Copy(PowDbFixtures.At("full_S0"), _harness.At("backups", "full"));
        var path = _harness.Read(full);
        var heap = Path.Combine(full, "users.heap");
        var bytes = File.ReadAllBytes(heap);
        bytes[5000] ^= 1;
        File.WriteAllBytes(heap, bytes);

        var error = Assert.Throws<BackupException>(() =>
            _harness.Increment(PowDbFixtures.At("S1"), _harness.At("backups"), path)
        );

        Assert.Equal(ErrorCode.ChecksumMismatch, error.Code);
        Assert.Equal(heap, error.FullName);
    }

    [Fact]
    public void Pages_behind_an_end_that_a_heap_once_had_do_not_come_back()
    {
        var database = Database(3);
        var files = database.Files();
        var shorter = PowDbTestDatabase.Heap(Table(1));
        var again = PowDbTestDatabase.Heap(Table(3));
        var b = _harness.At("b");
        PowDbHandMade.Full($"{b}/0", 10, files);
        PowDbHandMade.Increment($"{b}/1", 10, 11, PowDbHandMade.PagesChange($"{b}/1", "t.heap", shorter, 0));
        PowDbHandMade.Increment($"{b}/2", 11, 12, PowDbHandMade.PagesChange($"{b}/2", "t.heap", again, 2));
        PowDbHandMade.Increment($"{b}/3", 12, 13, PowDbHandMade.PagesChange($"{b}/3", "t.heap", again, 1));
        var path = _harness.Read(b);

        _harness.Restore(path.Take(2).ToArray(), _harness.At("short"));
        var error = Assert.Throws<BackupException>(() => _harness.Restore(path.Take(3).ToArray(), _harness.At("hole")));
        _harness.Restore(path, _harness.At("whole"));

        Assert.Equal(shorter, File.ReadAllBytes(_harness.At("short", "t.heap")));
        Assert.Equal(ErrorCode.VerificationFailed, error.Code);
        Assert.Contains("page 1 of t.heap is in no bundle", error.Message, StringComparison.Ordinal);
        Assert.Equal([.. shorter, .. again[4096..]], File.ReadAllBytes(_harness.At("whole", "t.heap")));
    }

    [Fact]
    public void A_new_heap_that_lacks_its_first_page_is_refused()
    {
        // Engines since 0.5 leave out the superblock of a table made after the base (defect 6).
        var database = Database(3);
        var b = _harness.At("b");
        PowDbHandMade.Full($"{b}/0", 10, database.Files().Where(f => f.Key != "t.heap"));
        PowDbHandMade.Increment(
            $"{b}/1",
            10,
            11,
            PowDbHandMade.PagesChange($"{b}/1", "t.heap", database.Files()["t.heap"], 1, 2)
        );
        var path = _harness.Read(b);

        var error = Assert.Throws<BackupException>(() => _harness.Restore(path, _harness.At("restored")));

        Assert.Contains("t.heap is in no bundle", error.Message, StringComparison.Ordinal);
        Assert.Contains(
            _harness.Verify(path),
            p => p.Severity == ProblemSeverity.Error && p.Code == ErrorCode.VerificationFailed
        );
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_index_in_pages_is_put_together_and_proved_as_a_whole(bool complete)
    {
        // 0.4.7 pages an index whose length happens to fit, and takes any bytes of it for LSNs (defect 4).
        var (before, after) = (Database(1, 2456).Files(), Database(1, 2456, firstId: 5).Files());
        Assert.Equal(9 * 4096, after["t_id.idx"].Length);
        var b = _harness.At("b");
        PowDbHandMade.Full($"{b}/0", 10, before);
        PowDbHandMade.Increment(
            $"{b}/1",
            10,
            11,
            PowDbHandMade.WholeChange($"{b}/1", "t.heap", after["t.heap"]),
            PowDbHandMade.PagesChange(
                $"{b}/1",
                "t_id.idx",
                after["t_id.idx"],
                complete ? [0, 1, 2, 3, 4, 5, 6, 7, 8] : [0, 1, 8]
            )
        );
        var path = _harness.Read(b);

        if (complete)
        {
            _harness.Restore(path, _harness.At("restored"));
            PowDbFixtures.AssertSame(after, PowDbFixtures.Content(_harness.At("restored")));
            // Ours on top of it is whole again.
            _harness.Restore(
                [.. path, _harness.Increment(_harness.At("restored"), b, path)],
                _harness.At("again"),
                deep: true
            );
            PowDbFixtures.AssertSame(after, PowDbFixtures.Content(_harness.At("again")));
        }
        else
        {
            var error = Assert.Throws<BackupException>(() => _harness.Restore(path, _harness.At("restored")));
            Assert.Equal(ErrorCode.ChecksumMismatch, error.Code);
            Assert.False(Directory.Exists(_harness.At("restored")));
        }
    }

    private static PowDbTestDatabase Database(int pages, int rowsPerPage = 5, int firstId = 0)
    {
        var database = new PowDbTestDatabase();
        database.Tables["t"] = Table(pages, rowsPerPage, firstId);
        return database;
    }

    private static PowDbTestDatabase.Table Table(int pages, int rowsPerPage = 5, int firstId = 0)
    {
        var table = new PowDbTestDatabase.Table();
        for (var page = 0; page < (pages * rowsPerPage + 99) / 100 + pages - 1; page++)
        {
            table.Pages.Add(new PowDbTestDatabase.Page { Lsn = 9 });
        }
        for (var row = 0; row < pages * rowsPerPage; row++)
        {
            table.Pages[row % table.Pages.Count].Rows.Add((firstId + row, "x"));
        }
        return table;
    }

    private IReadOnlyList<BundleHeader> Read(params string[] bundles) =>
        [.. bundles.Select(b => _harness.Read(PowDbFixtures.At(b)).Single())];
}
