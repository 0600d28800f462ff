using BackupTools.Errors;
using BackupTools.Operations;
using BackupTools.Reports;
using BackupTools.Tests.Files;
using BackupTools.Tests.Formats;
using BackupTools.Tests.Formats.Sqlite;

namespace BackupTools.Tests.Engines.Sqlite;

/// <summary>An empty file is what SQLite makes of a database that nobody has written to: one without a page.</summary>
public sealed class SqliteEmptyTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly OperationHost _host = new();

    private string Source => _folder["app.db"];

    private BackupSettings Settings =>
        new()
        {
            SourcePath = Source,
            DestinationPath = _folder["b"],
            Engine = EngineNames.Sqlite,
        };

    [PythonFact]
    public void A_database_without_a_page_is_backed_up_grows_is_emptied_and_restores_at_each_position()
    {
        var states = new List<byte[]>();
        var files = new List<string>();
        void Back(BundleInfo taken)
        {
            states.Add(TempFolder.ReadShared(Source));
            files.Add(taken.FullName);
        }
        File.WriteAllBytes(Source, []);
        Back(Verbs.Full(Settings, _host));
        SqliteTestDatabase.AddRows(Source, 50);
        Back(Increment());
        File.WriteAllBytes(Source, []);
        Back(Increment());
        Assert.Equal(ErrorCode.NothingToBackUp, Assert.Throws<BackupException>(() => Increment()).Code);
        Back(Increment(Settings with { AllowEmpty = true }));

        Assert.Equal([0, 0, 0], new[] { 0, 2, 3 }.Select(i => states[i].Length));
        LtxChecker.Check([.. files]);
        for (var i = 0; i < states.Count; i++)
        {
            // Over the state before, which may be the empty one.
            Assert.Equal(states[i], File.ReadAllBytes(Restore((ulong)i + 1)));
        }
        foreach (var i in new[] { 1, 3 })
        {
            LtxChecker.Apply(_folder["independent.db"], [.. files.Take(i + 1)]);
            Assert.Equal(states[i], File.ReadAllBytes(_folder["independent.db"]));
        }
        var report = Assert.Single(
            VerifyChain.Run(new VerifySettings { Path = _folder["b"], RestoreDrill = true }, _host)
        );
        Assert.True(report.IsValid, string.Join("; ", report.Problems));
        Assert.Empty(report.DrillTables!);
        var merge = new MergeSettings { Path = _folder["b"], DestinationPath = _folder["m"] };
        var merged = Verbs.Merge(merge, _host);
        Assert.Equal((0L, null), (merged.Sqlite!.PageCount, merged.Sqlite.UserVersion));
    }

    [Fact]
    public void Nothing_in_an_empty_file_tells_whose_it_is_so_the_engine_must_be_named()
    {
        File.WriteAllBytes(Source, []);
        foreach (var engine in new[] { null, EngineNames.Spg, EngineNames.Grafeo })
        {
            var error = Assert.Throws<BackupException>(() => TakeBackup.Plan(Settings with { Engine = engine }, _host));
            Assert.Equal(ErrorCode.SourceNotRecognised, error.Code);
            Assert.Contains("Engine", error.Recommendation, StringComparison.Ordinal);
        }
    }

    /// <summary>Until there is a page, its size is open.</summary>
    [Fact]
    public void A_first_page_of_another_size_than_assumed_needs_a_new_full_and_says_so()
    {
        File.WriteAllBytes(Source, []);
        Verbs.Full(Settings, _host);
        SqliteTestDatabase.Run(Source, "pragma page_size=512; create table t(x)");
        Assert.Equal(ErrorCode.ForeignEpoch, Assert.Throws<BackupException>(() => Increment()).Code);
        Verbs.Full(Settings, _host);
        File.WriteAllBytes(Source, []);
        Assert.Equal(512, Increment().Sqlite!.PageSize);
        Assert.Empty(File.ReadAllBytes(Restore(3)));
    }

    public void Dispose() => _folder.Dispose();

    private BundleInfo Increment(BackupSettings? settings = null) => Verbs.Increment(settings ?? Settings, _host);

    private string Restore(ulong position)
    {
        var settings = new RestoreSettings
        {
            Path = _folder["b"],
            ToPosition = position,
            DestinationPath = _folder["restored.db"],
            Force = true,
        };
        return Verbs.Restore(settings, _host).FullName;
    }
}
