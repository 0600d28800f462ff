using BackupTools.Formats.Sqlite;
using BackupTools.Operations;
using BackupTools.Reports;
using BackupTools.Tests.Operations;

namespace BackupTools.Tests.Engines.Sqlite;

/// <summary>What a bundle shows of the database inside.</summary>
public sealed class SqliteTraitsTests : IDisposable
{
    private readonly SqliteBox _box = new();

    private string Source => _box.Harness.At("app.db");

    [Fact]
    public void A_bundle_shows_what_SQLite_says_of_the_database()
    {
        SqliteTestDatabase.Run(
            Source,
            "pragma page_size=1024; pragma journal_mode=wal; pragma user_version=-7; pragma application_id=1196444487; "
                + "create table t(n integer primary key, v text, h int)"
        );
        SqliteTestDatabase.AddRows(Source, 50);
        var full = Take(Verbs.Full);
        using var connection = SqliteTestDatabase.Open(Source);
        var info = full.Sqlite!;

        Assert.Equal((1024, new FileInfo(Source).Length / 1024), (info.PageSize, info.PageCount));
        Assert.Equal((1ul, 1ul, 9), (info.FirstTransaction, info.LastTransaction, info.Level));
        Assert.Equal((-7, 1196444487, "wal"), (info.UserVersion, info.ApplicationId, info.JournalMode));
        Assert.Equal(connection.ServerVersion, info.SqliteVersion);
        Assert.StartsWith("BackupTools ", info.Writer, StringComparison.Ordinal);
    }

    /// <summary>In WAL mode a commit leaves the first page alone.</summary>
    [Fact]
    public void An_increment_without_the_first_page_does_not_guess_what_stands_there()
    {
        SqliteTestDatabase.Run(Source, "pragma journal_mode=wal; pragma user_version=3");
        SqliteTestDatabase.AddRows(Source, 50);
        Take(Verbs.Full);
        SqliteTestDatabase.Run(Source, "update t set v = 'x' where n = 1");
        var info = Take(Verbs.Increment).Sqlite!;

        Assert.Equal((4096, 2ul, 2ul, 0), (info.PageSize, info.FirstTransaction, info.LastTransaction, info.Level));
        Assert.Equal((null, null, null), (info.UserVersion, info.SqliteVersion, info.JournalMode));
    }

    [Fact]
    public void Files_of_Litestream_show_their_levels_and_no_writer()
    {
        var read = Headers(SqliteFixtures.Litestream05(_box.Folder)).ToList();

        Assert.Equal(
            ["0", "1", "2", "3", "9"],
            read.Select(b => $"{b.Sqlite!.Level}").Distinct().Order(StringComparer.Ordinal)
        );
        Assert.All(read, b => Assert.Null(b.Sqlite!.Writer));
        var full = read.First(b => b.Kind == "Full").Sqlite!;
        Assert.Equal((4096, "wal", 0), (full.PageSize, full.JournalMode, full.UserVersion));
        Assert.All(Headers(SqliteFixtures.Litestream03(_box.Harness.At("old"))), b => Assert.Null(b.Sqlite));
        using var powDb = EngineSandbox.Of(EngineNames.PowDb);
        Assert.Null(powDb.Full().Sqlite);
    }

    [Fact]
    public void A_first_page_that_is_damaged_is_not_shown_and_the_bundle_still_listed()
    {
        var replica = SqliteFixtures.Handmade(_box.Folder);
        var full = Headers(replica).First(b => b.Kind == "Full");
        var sound = File.ReadAllBytes(full.FullName);
        foreach (var at in new[] { 100, 103, 105, 106, 109, 112, 116, 132 })
        {
            var bytes = sound.ToArray();
            bytes[at] ^= 0xFF;
            File.WriteAllBytes(full.FullName, bytes);
            var shown = Headers(replica).Single(b => b.FullName == full.FullName);
            Assert.Equal((full.Id, (int?)null), (shown.Id, shown.Sqlite!.UserVersion));
        }
        Assert.Null(LtxFirstPage.Find(sound.AsSpan(LtxHeader.Length, 9), 4096));
    }

    public void Dispose() => _box.Dispose();

    private static IEnumerable<BundleInfo> Headers(string path) =>
        ReadHeaders.Read(path, verify: false, engine: null, new OperationHost()).Select(r => r.Bundle!);

    private BundleInfo Take(Func<BackupSettings, OperationHost, BundleInfo> take)
    {
        var host = new OperationHost();
        var settings = new BackupSettings { SourcePath = Source, DestinationPath = _box.Harness.At("b") };
        return take(settings, host);
    }
}
