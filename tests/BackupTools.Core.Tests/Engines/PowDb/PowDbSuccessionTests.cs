using BackupTools.Chains;
using BackupTools.Engines.PowDb;
using BackupTools.Errors;
using static BackupTools.Tests.Engines.PowDb.PowDbTestDatabase;

namespace BackupTools.Tests.Engines.PowDb;

/// <summary>
/// An increment is taken only of a database that follows what its chain ends with: not of one that was restored to an
/// earlier state, nor of another of the same name. And no bundle has a position that its state does not have.
/// </summary>
public sealed class PowDbSuccessionTests : IDisposable
{
    private readonly FixedClock _clock = new(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly EngineHarness _harness;
    private readonly List<BundleHeader> _path = [];

    public PowDbSuccessionTests() => _harness = new EngineHarness(new PowDbEngine(), clock: _clock);

    public void Dispose() => _harness.Dispose();

    private string Source => _harness.At("data");

    public static TheoryData<bool> WithAndWithoutSideFiles => [true, false];

    [Theory]
    [MemberData(nameof(WithAndWithoutSideFiles))]
    public void A_database_restored_to_an_earlier_state_is_refused(bool side)
    {
        var database = Database();
        Take(database, side);
        Insert(database, "a", "more");
        Take(database, side);

        var error = Refused(Database(), side);

        Assert.Contains("a.heap is older than it was", error.Message, StringComparison.Ordinal);
        Assert.Equal(ErrorKind.Chain, error.Kind);
        Assert.Contains("FullIfNeeded", error.Recommendation, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(WithAndWithoutSideFiles))]
    public void So_is_one_that_has_lost_pages_by_the_restore(bool side)
    {
        var database = Database();
        Take(database, side);
        for (var i = 0; i < 3; i++)
        {
            AddPage(database, "a");
        }
        Take(database, side);

        Refused(Database(), side);
    }

    [Theory]
    [MemberData(nameof(WithAndWithoutSideFiles))]
    public void So_is_one_that_went_another_way_since_even_beyond_the_position_of_the_chain(bool side)
    {
        var database = Database();
        Take(database, side);
        Insert(database, "a", "x");
        for (var i = 0; i < 4; i++)
        {
            AddPage(database, "a");
        }
        Take(database, side);
        // One row more was inserted before the next page began.
        var other = Database();
        Insert(other, "a", "y");
        Insert(other, "a", "z");
        for (var i = 0; i < 9; i++)
        {
            AddPage(other, "a");
        }

        var error = Refused(other, side);

        Assert.Contains("that it cannot have gained since", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(WithAndWithoutSideFiles))]
    public void Another_database_of_the_same_name_is_refused(bool side)
    {
        Take(Database(), side);
        var later = Database("other");
        later.NextLsn += 1000;
        for (var i = 0; i < 3; i++)
        {
            Insert(later, "a", "x");
            Insert(later, "b", "x");
        }

        Refused(later, side); // as old, with other rows
        Refused(Database("other"), side); // the same history, with other rows
        Refused(new PowDbTestDatabase { Tables = { ["z"] = Table(1, 10, "z") } }, side); // with other tables
        Refused(new PowDbTestDatabase(), side); // with none
    }

    [Theory]
    [MemberData(nameof(WithAndWithoutSideFiles))]
    public void A_dropped_table_is_accepted_and_no_position_restores_to_a_state_that_is_not_there(bool side)
    {
        var database = Database();
        var top = AddTable(database, "doomed");
        var states = new Dictionary<ulong, SortedDictionary<string, byte[]>> { [top] = Take(database, side) };
        database.Tables.Remove("doomed");
        states[Top(database)] = Take(database, side);
        // As the engine does after a restart: LSNs are used again.
        database.NextLsn = Top(database) + 1;
        Insert(database, "a", "again");
        states[Top(database)] = Take(database, side);

        Assert.Equal(3, states.Count);
        Assert.Equal(states.Keys, _path.Select(b => b.End.Value));
        var chain = Assert.Single(
            ChainBuilder.Build("/b", _harness.Read(_harness.At("backups")), siblingsAreFine: true)
        );
        Assert.Equal(_path[^1].Id, chain.Head!.Id);
        foreach (var (position, files) in states)
        {
            var target = new RestoreTarget.PositionTarget(position);
            Assert.True(RestorePlanner.Covers(chain, target));
            var plan = RestorePlanner.Plan(chain, target, cutsInside: false, cutsByTime: false);
            Assert.Empty(plan.Warnings);
            var restored = _harness.At($"restored{position}");
            _harness.Restore(plan.Bundles, restored, deep: true);
            PowDbFixtures.AssertSame(files, PowDbFixtures.Content(restored));
        }
    }

    [Theory]
    [MemberData(nameof(WithAndWithoutSideFiles))]
    public void What_a_life_has_is_accepted(bool side)
    {
        var database = Database();
        Take(database, side);
        Update(database, "a", "new");
        Take(database, side); // an update, which moves no LSN
        Insert(database, "b", "x");
        Take(database, side);
        database.Tables["b"].Pages[0].Rows.RemoveAt(0);
        Take(database, side); // a delete
        AddPage(database, "b");
        AddTable(database, "new");
        database.Tables["empty"] = new Table();
        Take(database, side);
        database.Tables.Remove("new");
        AddTable(database, "new");
        Take(database, side); // dropped and made anew
        database.Tables["b"].Pages.RemoveAt(1);
        database.Tables["b"].Pages.ForEach(p => p.Lsn = database.NextLsn++);
        Take(database, side); // rewritten
        Take(database, side); // nothing
        Assert.Equal(8, _path.Count);
    }

    [Fact]
    public void One_page_of_which_most_rows_are_what_they_were_is_proof_enough()
    {
        var database = new PowDbTestDatabase { Tables = { ["t"] = Table(1, 4, "t") }, NextLsn = 9 };
        Take(database);
        Insert(database, "t", "more");
        Take(database);
        var page = database.Tables["t"].Pages[0];
        for (var row = 0; row < 3; row++)
        {
            page.Rows[row] = (page.Rows[row].Id, "all else is new");
        }

        Refused(database);
    }

    [Fact]
    public void A_database_without_rows_has_nothing_to_prove()
    {
        Take(new PowDbTestDatabase { Tables = { ["t"] = new Table() } });
        Take(Database());

        Assert.Equal(2, _path.Count);
    }

    [Fact]
    public void A_differential_behind_the_newest_of_its_chain_is_the_newest_at_its_own_position()
    {
        var database = Database();
        Take(database);
        Insert(database, "a", "x");
        var between = _harness.At("between");
        database.WriteTo(between);
        Insert(database, "a", "y");
        Take(database, options: new EngineOptions { Differential = true });
        Directory.Delete(Source, recursive: true);
        Directory.Move(between, Source);

        var before = _path[^1];
        _clock.Now = _clock.Now.AddMinutes(1);
        var files = PowDbFixtures.Content(Source);
        var taken = _harness.Increment(
            Source,
            _harness.At("backups"),
            _path,
            new EngineOptions { Differential = true }
        );

        Assert.True(taken.End < before.End);
        var chain = Assert.Single(
            ChainBuilder.Build("/b", _harness.Read(_harness.At("backups")), siblingsAreFine: true)
        );
        Assert.Equal(taken.Id, chain.Head!.Id);
        _harness.Restore([_path[0], taken], _harness.At("restored"), deep: true);
        PowDbFixtures.AssertSame(files, PowDbFixtures.Content(_harness.At("restored")));
    }

    [Fact]
    public void A_durable_lsn_that_went_down_is_refused()
    {
        var database = new PowDbNewTestDatabase();
        database.WriteTo(Source);
        _path.Add(_harness.Full(Source, _harness.At("backups")));
        database.DurableLsn = 499;
        database.WriteTo(Source);

        var error = Assert.Throws<BackupException>(() => _harness.Increment(Source, _harness.At("backups"), _path));

        Assert.Equal(ErrorCode.ContinuityNotProved, error.Code);
        Assert.Contains("499", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_page_of_the_chain_that_is_needed_for_the_proof_and_damaged_is_damage()
    {
        var database = Database();
        Take(database);
        var heap = Path.Combine(_path[0].FullName, "a.heap");
        var bytes = File.ReadAllBytes(heap);
        bytes[4096 + 3000] ^= 1; // of the page that changes next
        File.WriteAllBytes(heap, bytes);
        Insert(database, "a", "x");
        database.WriteTo(Source);

        var error = Assert.Throws<BackupException>(() => _harness.Increment(Source, _harness.At("backups"), _path));

        Assert.Equal((ErrorCode.ChecksumMismatch, heap), (error.Code, error.FullName));
    }

    /// <summary>Two tables of a few pages, each stamped by the last of its rows.</summary>
    private static PowDbTestDatabase Database(string text = "text")
    {
        var database = new PowDbTestDatabase();
        database.Tables["a"] = Table(1, 4, text);
        database.Tables["b"] = Table(5, 4, text);
        database.Tables["a"].Pages.Add(Page(9, 4, text));
        database.NextLsn = 13;
        return database;
    }

    private static Table Table(ulong lsn, int rows, string text) => new() { Pages = { Page(lsn, rows, text) } };

    private static Page Page(ulong lsn, int rows, string text)
    {
        var page = new Page { Lsn = lsn + (ulong)rows - 1 };
        page.Rows.AddRange(Enumerable.Range(0, rows).Select(r => ((long)lsn + r, (string?)$"{text} {r}")));
        return page;
    }

    private static void Insert(PowDbTestDatabase database, string table, string text)
    {
        var page = database.Tables[table].Pages[^1];
        page.Rows.Add(((long)database.NextLsn, text));
        page.Lsn = database.NextLsn++;
    }

    private static void Update(PowDbTestDatabase database, string table, string text)
    {
        var rows = database.Tables[table].Pages[0].Rows;
        rows[0] = (rows[0].Id, text);
        database.NextLsn++;
    }

    private static void AddPage(PowDbTestDatabase database, string table)
    {
        database.Tables[table].Pages.Add(Page(database.NextLsn, 4, "page"));
        database.NextLsn += 4;
    }

    private static ulong AddTable(PowDbTestDatabase database, string table)
    {
        database.Tables[table] = Table(database.NextLsn, 4, "text");
        database.NextLsn += 4;
        return Top(database);
    }

    private static ulong Top(PowDbTestDatabase database) =>
        database.Tables.Values.SelectMany(t => t.Pages).Max(p => p.Lsn);

    private SortedDictionary<string, byte[]> Take(
        PowDbTestDatabase database,
        bool side = true,
        EngineOptions? options = null
    )
    {
        var files = database.WriteTo(Source);
        _clock.Now = _clock.Now.AddMinutes(1);
        _path.Add(
            _path.Count == 0
                ? _harness.Full(Source, _harness.At("backups"), options)
                : _harness.Increment(Source, _harness.At("backups"), _path, options)
        );
        if (!side)
        {
            File.Delete(Path.Combine(_path[^1].FullName, ".backuptools.json"));
            File.Delete(Path.Combine(_path[^1].FullName, ".backuptools.pages"));
        }
        return files;
    }

    private BackupException Refused(PowDbTestDatabase database, bool side = true)
    {
        var before = Directory.GetDirectories(_harness.At("backups"));
        var error = Assert.Throws<BackupException>(() => Take(database, side));
        Assert.Equal(ErrorCode.ContinuityNotProved, error.Code);
        Assert.Equal(before, Directory.GetDirectories(_harness.At("backups")));
        return error;
    }
}
