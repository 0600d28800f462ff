using BackupTools.Errors;

namespace BackupTools.Tests.Engines.Sqlite;

/// <summary>A deep restore opens what it made with SQLite.</summary>
public sealed class SqliteDrillTests : IDisposable
{
    private readonly SqliteBox _box = new();

    private string Source => _box.Harness.At("app.db");

    [Theory]
    [InlineData("wal")]
    [InlineData("delete")]
    public void A_sound_database_passes_and_nothing_stays_beside_it(string mode)
    {
        SqliteTestDatabase.Run(Source, $"pragma journal_mode={mode}; create table \"odd \"\" [name]?#%41\"(x)");
        SqliteTestDatabase.AddRows(Source, 100);
        Restore();
        Assert.Equal(["rec.db"], Directory.GetFiles(_box.Harness.At("r ?#%41")).Select(Path.GetFileName));
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
        Assert.False(File.Exists(_box.Harness.At("r ?#%41", "rec.db")));
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

    public void Dispose() => _box.Dispose();

    private void Restore() =>
        _box.Harness.Restore(
            [_box.Harness.Full(Source, _box.Harness.At("b"))],
            _box.Harness.At("r ?#%41", "rec.db"),
            deep: true
        );
}
