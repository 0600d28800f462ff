using BackupTools.Errors;
using BackupTools.Operations;

namespace BackupTools.Tests.Engines.Grafeo;

/// <summary>Lives of a database in the real 0.5.42: whatever it went through, no backup lacks a commit.</summary>
public class GrafeoLivesTests
{
    [RealGrafeo05Fact]
    public void One_session()
    {
        using var life = new GrafeoLife();
        life.Open().Commit("a1");
        life.Full();
        life.Commit("a2", "a3");
        Assert.Equal((1ul, 3ul), Range(life.Increment()));
        life.Commit("a4");
        Assert.Equal((3ul, 4ul), Range(life.Increment()));
        Assert.Equal(ErrorCode.NothingToBackUp, life.Refused());
        life.Holds();
    }

    [RealGrafeo05Fact]
    public void Closed_and_opened_again_before_the_full_and_increments_after_it()
    {
        using var life = new GrafeoLife();
        life.Open().Commit("x1", "x2", "x3", "x4", "x5").Close();
        life.Open().Commit("y1", "y2");
        life.Full();
        life.Holds();
        life.Commit("y3", "y4", "y5", "y6", "y7");
        Assert.Equal((7ul, 12ul), Range(life.Increment()));
        life.Delete("x2");
        life.Increment();
        life.Close();
        life.Holds();
    }

    [RealGrafeo05Fact]
    public void Full_of_the_closed_database_and_an_increment_in_its_next_session()
    {
        foreach (var (sunday, monday) in new[] { (3, 5), (5, 2), (2, 2) })
        {
            using var life = new GrafeoLife();
            life.Open().Commit(Numbers("sun", sunday)).Close();
            life.Full();
            life.Open().Commit(Numbers("mon", monday));
            life.Increment();
            life.Commit("tue1", "tue2");
            life.Increment();
            life.Close();
            life.Holds();
        }
    }

    [RealGrafeo05Fact]
    public void A_whole_session_between_full_and_increment_is_noticed()
    {
        using var life = new GrafeoLife();
        life.Open().Commit("a1", "a2", "a3").Close();
        life.Full();
        life.Open().Commit("b1", "b2").Close();
        Assert.Equal(ErrorCode.LogIsGone, life.Refused());
        life.Open().Commit("c1", "c2");
        Assert.Equal(ErrorCode.ContinuityNotProved, life.Refused());
        life.Full();
        life.Close();
        life.Holds();
    }

    [RealGrafeo05Fact]
    public void Killed_and_opened_again()
    {
        using var life = new GrafeoLife();
        life.Open().Commit("x1", "x2", "x3").Kill();
        life.Open().Commit("y1", "y2");
        life.Full();
        life.Kill();
        life.Open().Commit("z1");
        Assert.Equal((5ul, 6ul), Range(life.Increment()));
        life.Kill();
        Assert.Equal(ErrorCode.NothingToBackUp, life.Refused());
        life.Holds();
        life.Open().Commit("z2").Close();
        Assert.Equal(ErrorCode.LogIsGone, life.Refused());
        life.Full();
        life.Holds();
    }

    [RealGrafeo05Fact]
    public void Opened_and_closed_without_a_change_is_nothing_to_back_up()
    {
        using var life = new GrafeoLife();
        life.Open().Commit("a1").Close();
        life.Full();
        life.Open();
        Assert.Equal(ErrorCode.NothingToBackUp, life.Refused());
        // The first close without a change still writes other bytes (of the epochs before), later ones the same again.
        life.Close();
        Assert.Equal(ErrorCode.LogIsGone, life.Refused());
        life.Full();
        life.Open().Close();
        Assert.Equal(ErrorCode.NothingToBackUp, life.Refused());
        life.Open().Commit("a2");
        life.Increment();
        life.Close();
        life.Holds();
    }

    [RealGrafeo05Fact]
    public void Changes_of_the_schema_are_acknowledged_without_commit_or_epoch()
    {
        using var life = new GrafeoLife();
        life.Open().Commit("a1").Run("CREATE NODE TYPE P (name STRING)").Run("CREATE INDEX i FOR (n:N) ON (n.name)");
        life.Full();
        Assert.Equal(["P"], RealGrafeo05.NodeTypes(life.RestoreTo()));
        Assert.Equal(ErrorCode.NothingToBackUp, life.Refused());
        life.Run("CREATE NODE TYPE Q (name STRING)");
        Assert.Equal((2ul, 3ul), Range(life.Increment()));
        // A transaction that is undone does not undo the type that was made inside.
        life.Run("START TRANSACTION").Run("INSERT (:N {name:'gone'})").Run("CREATE NODE TYPE R (name STRING)");
        life.Run("ROLLBACK").Commit("a2");
        life.Increment();
        Assert.Equal(["P", "Q", "R"], RealGrafeo05.NodeTypes(life.RestoreTo()));
        var engine = life.At("engine.grafeo");
        RealGrafeo05.Restore(life.Backups, 99, engine);
        Assert.Equal(["P", "Q", "R"], RealGrafeo05.NodeTypes(engine));
        life.Close();
        life.Holds();
    }

    [RealGrafeo05Fact]
    public void A_transaction_that_is_open_is_left_out_until_it_commits()
    {
        using var life = new GrafeoLife();
        life.Open().Commit("a1").Run("START TRANSACTION").Run("INSERT (:N {name:'t1'})");
        life.Full();
        life.Holds();
        Assert.Equal(ErrorCode.NothingToBackUp, life.Refused());
        life.Run("INSERT (:N {name:'t2'})").Run("COMMIT");
        life.Increment();
        Assert.Equal(["a1", "t1", "t2"], RealGrafeo05.Names(life.RestoreTo()));
    }

    [RealGrafeo05Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_a_transaction_changes_and_deletes_across_backups_is_what_the_engine_recovers(bool anotherSession)
    {
        using var life = new GrafeoLife();
        life.Open().Commit("set", "deleted", "both");
        if (anotherSession)
            life.Close().Open();
        life.Run("START TRANSACTION").Run(Rename("set", "set1")).Run("INSERT (:N {name:'new'})");
        life.Full();
        life.Holds();
        life.Run("MATCH (n:N {name:'deleted'}) DELETE n").Run("INSERT (:N {name:'own'})");
        Assert.Equal(ErrorCode.NothingToBackUp, life.Refused());
        life.Run(Rename("set1", "set2")).Run(Rename("new", "new2"));
        life.Run(Rename("both", "both1")).Run("MATCH (n:N {name:'both1'}) DELETE n");
        // 0.5.42 does not delete what the transaction itself inserted.
        life.Run("MATCH (n:N {name:'own'}) DELETE n").Run("COMMIT");
        life.Increment();
        life.Became("new2", "own", "set2");
        life.Holds();
        life.Kill();
        Assert.Equal(life.Names, RealGrafeo05.Names(life.Database));
    }

    [RealGrafeo05Fact]
    public void Restored_in_place_to_an_earlier_state()
    {
        using var life = new GrafeoLife();
        life.Open().Commit("a1", "a2");
        life.Full();
        life.Commit("a3", "a4");
        life.Increment();
        life.Kill();
        life.PutInPlace(life.RestoreTo(3));
        life.Became("a1", "a2", "a3");
        Assert.Equal(ErrorCode.SinceBeyondLog, life.Refused());
        life.Open().Commit("b4", "b5", "b6");
        Assert.Equal(ErrorCode.ContinuityNotProved, life.Refused());
        life.Full();
        life.Close();
        life.Holds();
    }

    [RealGrafeo05Fact]
    public void Restored_in_place_to_the_newest_state_the_chain_goes_on()
    {
        using var life = new GrafeoLife();
        life.Open().Commit("a1", "a2").Kill();
        life.Open().Commit("a3");
        life.Full();
        life.Kill();
        life.PutInPlace(life.RestoreTo());
        life.Open().Commit("b1");
        life.Increment();
        life.Close();
        life.Holds();
    }

    [RealGrafeo05Fact]
    public void Another_database_of_the_same_name_and_as_many_commits()
    {
        using var life = new GrafeoLife();
        life.Open().Commit("a1", "a2");
        life.Full();
        life.Kill();
        using var other = new GrafeoLife();
        other.Open().Commit("o1", "o2", "o3", "o4").Kill();
        life.PutInPlace(other.Database);
        life.Became(other);
        Assert.Equal(ErrorCode.ContinuityNotProved, life.Refused());
        life.Full();
        life.Holds();
    }

    [RealGrafeo05Fact]
    public void Moved_and_renamed_the_chain_goes_on()
    {
        using var life = new GrafeoLife();
        life.Open().Commit("a1");
        life.Full();
        life.Commit("a2").Kill();
        var moved = life.At("moved.grafeo");
        File.Move(life.Database, moved);
        Directory.Move(life.Database + ".wal", moved + ".wal");
        life.Database = moved;
        life.Open().Commit("a3");
        life.Increment();
        life.Close();
        life.Holds();
    }

    [RealGrafeo05Fact]
    public void A_chain_that_was_copied_or_merged_goes_on()
    {
        using var life = new GrafeoLife();
        life.Open().Commit("x1").Close();
        life.Open().Commit("a1", "a2").Kill();
        life.Open().Commit("a3");
        life.Full();
        life.Commit("a4", "a5");
        life.Increment();
        var (copy, merged) = (life.At("copy"), life.At("merged"));
        var copying = new CopySettings { Path = life.Backups, DestinationPath = copy };
        Verbs.Copy(copying, GrafeoLife.Host());
        var merging = new MergeSettings { Path = life.Backups, DestinationPath = merged };
        Verbs.Merge(merging, GrafeoLife.Host());
        life.Commit("a6");
        foreach (var folder in new[] { copy, merged, life.Backups })
        {
            life.Increment(folder);
            Assert.Equal(ErrorCode.NothingToBackUp, life.Refused(folder));
            life.Holds(folder);
        }
    }

    [RealGrafeo05Fact]
    public void Chains_of_several_sessions_in_one_folder_stay_apart()
    {
        using var life = new GrafeoLife();
        for (var night = 1; night <= 4; night++)
        {
            life.Open().Commit(Numbers($"n{night}-", 5 - night)).Delete($"n{night}-1");
            life.IncrementOrFull();
            life.Commit($"late{night}");
            life.Increment();
            life.Close();
        }
        Assert.Equal(4, life.Chains().Count);
        life.Full();
        life.Holds();
        var expiry = new ExpirySettings { Path = life.Backups, KeepLast = 1 };
        Verbs.Expire(expiry, GrafeoLife.Host());
        life.Open().Commit("after");
        life.Increment();
        life.Close();
        life.Holds();
    }

    [RealGrafeo05Fact]
    public void A_directory_database_is_a_source()
    {
        using var life = new GrafeoLife();
        life.Open().Commit("a1", "a2").Close();
        var folder = life.At("native");
        RealGrafeo05.Do("backup", "create", life.Database, "-o", folder);
        life.Database = folder;
        life.Full();
        life.Holds();
        life.Open().Commit("d1", "d2");
        life.Increment();
        life.Close();
        life.Open().Commit("d3");
        life.Increment();
        life.Kill();
        life.Open().Commit("d4").Close();
        life.Increment();
        Assert.Equal(ErrorCode.NothingToBackUp, life.Refused());
        life.Full();
        life.Holds();
    }

    [RealGrafeo05Fact]
    public void The_engines_own_full_is_continued_where_that_is_proved()
    {
        using var life = new GrafeoLife();
        life.Open().Commit("a1", "a2").Close();
        RealGrafeo05.Do("backup", "full", life.Database, "-o", life.Backups);
        life.Open().Commit("b1", "b2", "b3");
        life.Increment();
        life.Close();
        life.Holds();
    }

    [RealGrafeo05Fact]
    public void Two_databases_and_two_folders_do_not_disturb_each_other()
    {
        using var first = new GrafeoLife();
        using var second = new GrafeoLife();
        var other = first.At("second-folder");
        first.Open().Commit("a1");
        second.Open().Commit("o1", "o2");
        first.Full();
        first.Full(other);
        second.Full();
        first.Commit("a2");
        first.Increment();
        first.Commit("a3");
        first.Increment(other);
        second.Kill().Open().Commit("o3");
        second.Increment();
        first.Increment();
        first.Holds();
        first.Holds(other);
        second.Holds();
    }

    private static string Rename(string from, string to) => $"MATCH (n:N {{name:'{from}'}}) SET n.name = '{to}'";

    private static string[] Numbers(string prefix, int count) =>
        [.. Enumerable.Range(1, count).Select(n => $"{prefix}{n}")];

    private static (ulong, ulong) Range(BackupTools.Reports.BundleInfo bundle) =>
        (bundle.StartPosition, bundle.EndPosition);
}
