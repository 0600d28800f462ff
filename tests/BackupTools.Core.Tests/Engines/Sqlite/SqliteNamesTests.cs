using BackupTools.Engines.Sqlite;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Tests.Files;
using BackupTools.Tests.Operations;

namespace BackupTools.Tests.Engines.Sqlite;

/// <summary>Databases that have several names: SQLite finds the log by the name that it was opened by.</summary>
public sealed class SqliteNamesTests : IDisposable
{
    private readonly SqliteBox _box = new();

    private string Source => _box.Harness.At("app.db");

    private string Other => _box.Harness.At("other.db");

    [Theory]
    [InlineData("wal")]
    [InlineData("delete")]
    public void What_the_log_of_another_name_holds_is_not_left_out(string mode)
    {
        using (var writer = new SqliteWriter(Source, mode))
        {
            writer.AddRows(500);
            Link(Source, Other);
            writer.Run("pragma cache_size=5");
            writer.Run(mode == "wal" ? "select 1" : "begin immediate");
            writer.Run("update t set v = 'half'");
            writer.Kill();
        }
        var before = Directory.GetFiles(_box.Folder).Order();
        var error = Assert.Throws<BackupException>(() => _box.Harness.Full(Other, _box.Harness.At("b")));
        Assert.Equal(ErrorCode.PathIsAmbiguous, error.Code);
        Assert.Contains(Source, error.Recommendation, StringComparison.Ordinal);
        Assert.Equal(before, Directory.GetFiles(_box.Folder).Order());

        SqliteTestDatabase.AddRows(Source, 1); // where it rolls back, which a backup does not
        _box.Harness.Full(Source, _box.Harness.At("b"));
        Assert.Equal(501, SqliteRows.Check(_box.Restore(_box.Harness.At("b"), 1)));
    }

    [Fact]
    public void A_name_elsewhere_may_have_a_log_unless_this_one_has()
    {
        Directory.CreateDirectory(_box.Harness.At("elsewhere"));
        SqliteTestDatabase.AddRows(Source, 10);
        Link(Source, _box.Harness.At("elsewhere", "app.db"));
        var error = Assert.Throws<BackupException>(() => _box.Harness.Full(Source, _box.Harness.At("b")));
        Assert.Equal(ErrorCode.PathIsAmbiguous, error.Code);
        using (var program = new SqliteWriter(Source))
        {
            program.AddRows(10); // while it is open, as the advice says
            _box.Harness.Full(Source, _box.Harness.At("b"));
        }
        File.Copy(Source, Source + ".new"); // or this
        File.Move(Source + ".new", Source, overwrite: true);
        _box.Harness.Full(Source, _box.Harness.At("b"));
        Assert.Equal(20, SqliteRows.Check(_box.Restore(_box.Harness.At("b"), 2)));
    }

    [Fact]
    public void Names_beside_each_other_without_a_log_are_one_database()
    {
        SqliteTestDatabase.AddRows(Source, 10);
        Link(Source, Other);
        _box.Harness.Full(Source, _box.Harness.At("b"));
        Assert.Equal(10, SqliteRows.Check(_box.Restore(_box.Harness.At("b"), 1)));
    }

    [Fact(Skip = "Wine makes no symbolic links", SkipType = typeof(WindowsHost), SkipWhen = nameof(WindowsHost.IsWine))]
    public void A_database_reached_through_linked_folders_is_one_database()
    {
        using var box = EngineSandbox.Of(EngineNames.Sqlite);
        box.Full();
        Directory.CreateSymbolicLink(box.At("way"), box.Folder);
        File.CreateSymbolicLink(box.At("app-link.db"), box.Source);
        box.Become("S1");
        var way = box.Settings() with { SourcePath = box.At("way", "app.db") };
        Assert.Equal("Incremental", box.Increment(way).Kind);
        box.Become("S2");
        Assert.Equal("Incremental", box.Increment().Kind);
        Assert.Single(box.Chains());
        var side = ((LtxBundle)SqliteBundle.Of(LtxBundlesOf(box.Bundles)[^1])).Side!;
        Assert.Equal(box.Source, side.SourcePath);
        Assert.Equal(box.Content(box.Source), box.Content(box.RestoreFrom(box.Bundles)));
    }

    [Theory(
        Skip = "Wine makes no symbolic links",
        SkipType = typeof(WindowsHost),
        SkipWhen = nameof(WindowsHost.IsWine)
    )]
    [InlineData(false)]
    [InlineData(true)]
    public void A_link_and_the_file_that_it_leads_to_are_one_database_whichever_is_named_first(bool linkFirst)
    {
        using var box = EngineSandbox.Of(EngineNames.Sqlite);
        var link = box.At("named", "shop.db");
        Directory.CreateDirectory(box.At("named"));
        File.CreateSymbolicLink(link, box.Source);
        string[] names = linkFirst ? [link, box.Source] : [box.Source, link];
        box.Full(box.Settings() with { SourcePath = names[0] });
        foreach (var (state, name) in new[] { ("S1", names[1]), ("S2", names[0]) })
        {
            box.Become(state);
            Assert.Equal("Incremental", box.Increment(box.Settings() with { SourcePath = name }).Kind);
        }
        Assert.Equal(Path.GetFileName(names[0]), Assert.Single(box.Chains()).Series);
        Assert.Equal(box.Content(box.Source), box.Content(box.RestoreFrom(box.Bundles)));
    }

    /// <summary>A folder that was moved to another disk: bundles were written behind the link, and not read there.</summary>
    [Theory(
        Skip = "Wine makes no symbolic links",
        SkipType = typeof(WindowsHost),
        SkipWhen = nameof(WindowsHost.IsWine)
    )]
    [InlineData("app.db")]
    [InlineData("app.db/ltx")]
    [InlineData("app.db/ltx/9")]
    public void Nothing_is_written_behind_a_link_where_nothing_is_read(string linked)
    {
        using var box = EngineSandbox.Of(EngineNames.Sqlite);
        box.Full();
        var (link, moved) = (Path.Combine(box.Bundles, linked), box.At("moved", Path.GetFileName(linked)));
        Directory.CreateDirectory(box.At("moved"));
        Directory.Move(link, moved);
        Directory.CreateSymbolicLink(link, moved);
        var before = Directory.GetFiles(box.At("moved"), "*", SearchOption.AllDirectories);
        var error = Assert.Throws<BackupException>(() => box.Full());
        Assert.Equal((ErrorCode.PathIsAmbiguous, link), (error.Code, error.FullName));
        Assert.Equal(before, Directory.GetFiles(box.At("moved"), "*", SearchOption.AllDirectories));

        box.Full(box.Settings() with { SourcePath = Another(box) });
        Assert.Equal(linked == "app.db", box.Test().Problems.Any(p => p.FullName == link));

        File.Delete(link);
        Directory.Move(moved, link); // as the advice says
        box.Become("S1");
        Assert.Equal("Incremental", box.Increment().Kind);
    }

    private static string Another(EngineSandbox box)
    {
        SqliteTestDatabase.AddRows(box.At("another.db"), 1);
        return box.At("another.db");
    }

    /// <summary>Windows takes final dots off a name.</summary>
    public static TheoryData<string> AnyName() =>
        [
            .. new[] { ".hidden.db", "...", "ltx", "generations", "9", "0000000000000001-0000000000000001.ltx" }.Where(
                n => !OperatingSystem.IsWindows() || !n.EndsWith('.')
            ),
        ];

    /// <summary>A full of such a one was published, and then not found.</summary>
    [Theory]
    [MemberData(nameof(AnyName))]
    public void A_database_may_have_any_name(string name)
    {
        using var box = EngineSandbox.Of(EngineNames.Sqlite);
        var source = box.At("named", name);
        Directory.CreateDirectory(box.At("named"));
        SqliteTestDatabase.AddRows(source, 10);
        var settings = box.Settings() with { SourcePath = source };
        Assert.Equal("Full", box.Full(settings).Kind);
        SqliteTestDatabase.AddRows(source, 10);
        Assert.Equal("Incremental", box.Increment(settings).Kind);
        Assert.Equal(name, Assert.Single(box.Chains()).Series);
        Assert.Equal(20, SqliteRows.Check(box.RestoreFrom(box.Bundles)));
    }

    public void Dispose() => _box.Dispose();

    private List<BackupTools.Chains.BundleHeader> LtxBundlesOf(string folder) =>
        [
            .. SqliteReplica
                .In(folder, LocalDisk.Instance)
                .SelectMany(r => LtxBundles.Read(r, _box.Harness.Context()))
                .Select(r => r.Header!)
                .OrderBy(h => h.End.Value),
        ];

    private static void Link(string file, string name) => Assert.True(LocalDisk.Instance.TryCreateHardLink(name, file));
}
