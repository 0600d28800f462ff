using BackupTools.Engines.Sqlite;
using BackupTools.Errors;
using BackupTools.Operations;
using BackupTools.Reports;

namespace BackupTools.Tests.Operations;

/// <summary>Two databases of one name in one folder, and one database that does not continue what the folder holds.</summary>
public sealed class TwoDatabasesTests
{
    private static readonly string s_states = Path.Combine(AppContext.BaseDirectory, "fixtures", "spg", "states");

    [Fact]
    public void A_full_of_another_SPG_database_is_told()
    {
        using var box = new SpgSandbox();
        box.Become("S0");
        box.Full();
        box.Become("S1");
        box.Full(); // the same log, longer: nothing to say
        Assert.Empty(box.Warnings);

        BecomeOther(box);
        var plan = TakeBackup.Plan(box.Settings(), box.Host());
        box.Full();

        Assert.Equal([nameof(ErrorCode.ContinuityNotProved)], plan.Problems.Select(p => p.Code));
        Assert.Contains("does not continue", Assert.Single(box.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void A_full_of_an_SPG_database_whose_log_went_back_is_told()
    {
        using var box = new SpgSandbox();
        box.Become("S2");
        box.Full();

        box.Become("S1");
        box.Full();

        Assert.Contains("its log is a different one", Assert.Single(box.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void A_full_of_another_Alopex_database_is_told()
    {
        using var box = new AlopexSandbox();
        box.Become("S1");
        box.Full();
        box.Become("S2");
        box.Full();
        Assert.Empty(box.Warnings);

        box.Change(new Random(1)); // another database, made anew
        Checkpointed(box);
        box.Full();

        Assert.Contains("does not continue", Assert.Single(box.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void A_full_of_an_Alopex_database_that_was_restored_to_an_earlier_state_is_told()
    {
        using var box = new AlopexSandbox();
        box.Become("S2");
        box.Full();

        box.Become("S0");
        box.Full();

        Assert.Contains("does not continue", Assert.Single(box.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void Whoever_names_the_folder_of_all_databases_is_not_sent_to_the_folder_above()
    {
        using var box = EngineSandbox.Of(EngineNames.Sqlite);
        box.Become("S0");
        var full = box.Full();
        var other = box.At("other", Path.GetFileName(box.Source));
        Directory.CreateDirectory(Path.GetDirectoryName(other)!);
        File.Copy(box.Source, other);
        var settings = box.Settings() with { SourcePath = other };

        Assert.DoesNotContain("above", Advice(box.Bundles), StringComparison.Ordinal);
        Assert.Contains("folder above", Advice(SqliteReplica.OfLevel(full.FullName)!), StringComparison.Ordinal);
        // As it is advised.
        Assert.Equal("Full", box.Full(settings).Kind);

        string Advice(string destination)
        {
            var since = settings with { DestinationPath = destination, SinceBundle = full.FullName };
            var error = Assert.Throws<BackupException>(() => box.Increment(since));
            Assert.Equal(ErrorCode.ForeignEpoch, error.Code);
            return error.Recommendation;
        }
    }

    [Fact]
    public void Damage_in_the_folder_does_not_stop_a_full()
    {
        using var box = new SpgSandbox();
        var first = box.Full();
        File.WriteAllText(first.FullName, "no bundle");

        Assert.Equal("Full", box.Full().Kind);
    }

    [Fact]
    public void Prune_keeps_the_newest_of_each_Alopex_database()
    {
        using var box = new AlopexSandbox();
        box.Become("S1");
        var one = box.Full();
        box.Change(new Random(1));
        Checkpointed(box);
        var other = box.Full();

        box.Expire();

        Assert.Equal(Sorted(one, other), Left(box));
    }

    [Fact]
    public void Prune_keeps_the_newest_of_each_SPG_database_that_the_bundles_tell_apart()
    {
        using var box = new SpgSandbox { Clock = new(DateTimeOffset.UtcNow) };
        box.Become("S0");
        var one = box.Full();
        var (db, log) = (File.ReadAllBytes(box.Db), File.ReadAllBytes(box.Wal));
        BecomeOther(box);
        var other = box.Full();
        // That the first goes on where it was shows that the second is no later state of it.
        File.WriteAllBytes(box.Db, db);
        File.WriteAllBytes(box.Wal, log);
        box.Become("S1");
        var next = box.Full();

        box.Expire();

        Assert.Equal(Sorted(other, next), Left(box));
        Assert.False(File.Exists(one.FullName));
    }

    private static void BecomeOther(SpgSandbox box)
    {
        File.Copy(Path.Combine(s_states, "S2.v59.db"), box.Db, overwrite: true);
        File.WriteAllBytes(box.Wal, []);
    }

    /// <summary>Commits until a checkpoint has made a table.</summary>
    private static void Checkpointed(AlopexSandbox box)
    {
        for (var seed = 2; Directory.GetFiles(Path.Combine(box.Source, "sst")).Length == 0; seed++)
        {
            box.Change(new Random(seed));
        }
    }

    private static IEnumerable<string> Sorted(params BundleInfo[] bundles) =>
        bundles.Select(b => b.FullName).Order(StringComparer.Ordinal);

    private static IEnumerable<string> Left(EngineSandbox box) =>
        box.Chains().SelectMany(c => c.Bundles).Select(b => b.FullName).Order(StringComparer.Ordinal);
}
