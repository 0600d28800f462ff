using BackupTools.Errors;
using BackupTools.Operations;

namespace BackupTools.Tests.Engines.Sqlite;

/// <summary>A deep restore opens what it made with SQLite.</summary>
public sealed class SqliteDrillTests : IDisposable
{
    private readonly SqliteBox _box = new();

    /// <summary>Characters that mean something in an address of SQLite's; Windows has no question mark in names.</summary>
    private static string OddFolder => OperatingSystem.IsWindows() ? "r #%41" : "r ?#%41";

    private string Source => _box.Harness.At("app.db");

    [Theory]
    [InlineData("wal")]
    [InlineData("delete")]
    public void A_sound_database_passes_and_nothing_stays_beside_it(string mode)
    {
        SqliteTestDatabase.Run(Source, $"pragma journal_mode={mode}; create table \"odd \"\" [name]?#%41\"(x)");
        SqliteTestDatabase.AddRows(Source, 100);
        Restore();
        Assert.Equal(["rec.db"], Directory.GetFiles(_box.Harness.At(OddFolder)).Select(Path.GetFileName));
        Assert.Empty(_box.Harness.Warnings);
    }

    /// <summary>Pages have no checksums: what was damaged before the backup is in the backup, and only SQLite can tell.</summary>
    [Fact]
    public void A_database_that_was_backed_up_damaged_is_refused()
    {
        SqliteTestDatabase.AddRows(Source, 1000);
        SqliteTestDatabase.Run(Source, "create index i on t(v)");
        using (var file = new FileStream(Source, FileMode.Open))
        {
            file.Position = (file.Length / 4096 / 2 * 4096) + 2000;
            file.Write(new byte[500]);
        }
        var error = Assert.Throws<BackupException>(() => Restore());
        Assert.Equal(ErrorCode.VerificationFailed, error.Code);
        Assert.False(File.Exists(_box.Harness.At(OddFolder, "rec.db")));
    }

    /// <summary>Not the source is damaged, for all that this command knows, but what was restored.</summary>
    [Theory]
    [InlineData(4096, 2048)] // a page that SQLite cannot read on
    [InlineData(8192, 4096)] // a whole page
    public void Nor_is_one_restored_that_SQLite_cannot_read_at_all(int at, int length)
    {
        SqliteTestDatabase.AddRows(Source, 1000);
        using (var file = new FileStream(Source, FileMode.Open))
        {
            file.Position = at;
            file.Write(Enumerable.Repeat((byte)0xFF, length).ToArray());
        }
        var error = Assert.Throws<BackupException>(() => Restore());
        Assert.Equal(ErrorCode.VerificationFailed, error.Code);
        Assert.EndsWith(".ltx", error.FullName, StringComparison.Ordinal);
        Assert.Contains("earlier position", error.Recommendation, StringComparison.Ordinal);
    }

    [Fact]
    public void A_drill_tells_the_rows_of_each_table_beside_those_of_the_source_that_was_named_where_that_can_be_read()
    {
        SqliteTestDatabase.Run(Source, "pragma journal_mode=wal; create table \"gone \"\" later\"(x)");
        SqliteTestDatabase.AddRows(Source, 100);
        Backup();
        SqliteTestDatabase.AddRows(Source, 5);
        SqliteTestDatabase.Run(Source, "drop table \"gone \"\" later\"; create table fresh(x)");

        Assert.Equal([("gone \" later", 0L, null), ("t", 100L, 105L)], Drill());
        Assert.Equal([Source], Directory.GetFiles(_box.Folder, "app.db*"));
        using (SqliteTestDatabase.Open(Source))
        {
            // On Unix reading the file would take the locks of this connection.
            long? rows = OperatingSystem.IsWindows() ? 105 : null;
            Assert.Equal([("gone \" later", 0L, null), ("t", 100L, rows)], Drill());
        }
        SqliteTestDatabase.Run(Source, "pragma journal_mode=delete");
        Assert.Equal(105, Drill()[1].Source);
        File.WriteAllText(Source, "no database any more");
        Assert.Null(Drill()[1].Source);
        File.Delete(Source);
        Assert.Equal(ErrorCode.PathNotFound, Assert.Throws<BackupException>(() => Drill()).Code);
    }

    /// <summary>A side file comes with the bundles, from wherever they come.</summary>
    [Fact]
    public void The_path_in_a_side_file_is_not_opened()
    {
        SqliteTestDatabase.Run(Source, "pragma journal_mode=wal");
        SqliteTestDatabase.AddRows(Source, 100);
        Backup();
        using var watch = new FileSystemWatcher(_box.Folder, "app.db-*") { EnableRaisingEvents = true };
        var made = 0;
        watch.Created += (_, _) => made++;
        Assert.Equal([("t", 100L, null)], Drill(source: null));
        Thread.Sleep(100);
        Assert.Equal(0, made); // SQLite makes -wal and -shm when it opens the database
        Assert.Equal([("t", 100L, 100L)], Drill());
        Assert.True(SpinWait.SpinUntil(() => made > 0, TimeSpan.FromSeconds(5)));
    }

    [Fact]
    public void A_source_is_compared_with_its_own_backups_only_and_by_a_drill_only()
    {
        var other = _box.Harness.At("other.db");
        SqliteTestDatabase.AddRows(Source, 100);
        SqliteTestDatabase.AddRows(other, 7);
        Backup();
        Assert.Equal([("t", 100L, null)], Drill(other));
        var plain = new VerifySettings { Path = _box.Harness.At("b"), SourcePath = Source };
        var error = Assert.Throws<BackupException>(() => VerifyChain.Run(plain, new OperationHost()).ToList());
        Assert.Equal(ErrorCode.InvalidOption, error.Code);
    }

    [Fact]
    public void A_deep_restore_tells_the_rows_and_compares_nothing_with_what_it_replaces()
    {
        SqliteTestDatabase.AddRows(Source, 100);
        Backup();
        SqliteTestDatabase.AddRows(Source, 5);
        var settings = new RestoreSettings
        {
            Path = _box.Harness.At("b"),
            DestinationPath = Source,
            SourcePath = Source,
            Force = true,
        };
        var host = new OperationHost();
        Assert.Null(Verbs.Restore(settings, host).Tables);
        var deep = Verbs.Restore(settings with { Deep = true }, host);
        var table = Assert.Single(deep.Tables!);
        Assert.Equal(("t", 100L, null), (table.Name, table.Rows, table.SourceRows));
    }

    [Fact]
    public void References_to_rows_that_are_not_there_are_warned_of()
    {
        SqliteTestDatabase.Run(
            Source,
            "pragma foreign_keys=off; create table a(id integer primary key); create table b(a references a(id)); insert into b values(7)"
        );
        Restore();
        Assert.Contains("table b", Assert.Single(_box.Harness.Warnings), StringComparison.Ordinal);
    }

    private void Backup()
    {
        var host = new OperationHost();
        var settings = new BackupSettings { SourcePath = Source, DestinationPath = _box.Harness.At("b") };
        Verbs.Full(settings, host);
    }

    private List<(string Name, long Rows, long? Source)> Drill() => Drill(Source);

    private List<(string Name, long Rows, long? Source)> Drill(string? source)
    {
        var settings = new VerifySettings
        {
            Path = _box.Harness.At("b"),
            RestoreDrill = true,
            SourcePath = source,
        };
        var report = Assert.Single(VerifyChain.Run(settings, new OperationHost()));
        Assert.True(report.IsValid, string.Join("; ", report.Problems));
        return [.. report.DrillTables!.Select(t => (t.Name, t.Rows, t.SourceRows))];
    }

    public void Dispose() => _box.Dispose();

    private void Restore() =>
        _box.Harness.Restore(
            [_box.Harness.Full(Source, _box.Harness.At("b"))],
            _box.Harness.At(OddFolder, "rec.db"),
            deep: true
        );
}
