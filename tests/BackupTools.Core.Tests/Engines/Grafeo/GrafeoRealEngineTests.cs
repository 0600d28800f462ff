using BackupTools.Chains;
using BackupTools.Tests.Formats.Grafeo;

namespace BackupTools.Tests.Engines.Grafeo;

/// <summary>Backups of ours against the real engine, and the other way round.</summary>
public class GrafeoRealEngineTests(RealGrafeo engine) : IClassFixture<RealGrafeo>
{
    [RealGrafeoFact]
    public void Our_backups_of_the_new_generation_restore_in_the_engine_at_every_epoch()
    {
        using var h = new GrafeoHarness();
        h.Become("v06-native", "S0").Full();
        h.Become("v06-native", "S1").Increment();
        h.Become("v06-native", "S2").Increment();
        for (ulong epoch = 3; epoch <= 8; epoch++)
        {
            var expected = RealGrafeo.Expected("v06-native", "restore-expected", $"epoch-{epoch}.json");
            Assert.Equal(expected, engine.Dump(EngineRestores(h, epoch)));
            Assert.Equal(expected, engine.Dump(h.RestoreTo(epoch)));
            Assert.Equal(epoch, h.Reached);
        }
    }

    [RealGrafeoFact]
    public void Our_backups_of_the_old_generation_restore_in_the_engine_at_every_epoch()
    {
        using var h = new GrafeoHarness();
        h.Become("v05-reference", "S0").Full();
        h.Become("v05-reference", "S1").Increment();
        h.Become("v05-reference", "S2").Increment();
        for (ulong epoch = 3; epoch <= 7; epoch++)
        {
            var expected = RealGrafeo.Expected("v05-reference", "restore-expected", $"epoch-{epoch}.json");
            Assert.Equal(expected, engine.Dump(EngineRestores(h, epoch)));
            Assert.Equal(expected, engine.Dump(h.RestoreTo(epoch)));
        }
    }

    [RealGrafeoTheory]
    [InlineData("v06-native", 3, 9)]
    [InlineData("v05-reference", 3, 7)]
    public void The_engines_backups_are_restored_by_us_to_the_same_rows(string set, ulong first, ulong last)
    {
        using var h = new GrafeoHarness().WithBackups(set);
        for (var epoch = first; epoch <= last; epoch++)
        {
            Assert.Equal(
                RealGrafeo.Expected(set, "restore-expected", $"epoch-{epoch}.json"),
                engine.Dump(h.RestoreTo(epoch))
            );
        }
        Assert.Equal(RealGrafeo.Expected(set, "restore-expected", "epoch-99.json"), engine.Dump(h.Restore(deep: true)));
    }

    [RealGrafeoTheory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_engine_and_we_take_turns_in_one_folder(bool weBegin)
    {
        using var h = new GrafeoHarness();
        var expected = new Dictionary<ulong, string>();
        Open(h, "create");
        for (var turn = 0; turn < 8; turn++)
        {
            var epoch = Insert(h, turn);
            Insert(h, 100 + turn);
            if (turn == 3)
                engine.Do("checkpoint", new { db = h.Database });
            if (turn == 5)
            {
                engine.Do("close", new { db = h.Database });
                Open(h, "open");
            }
            var ours = turn % 2 == 0 == weBegin;
            if (turn == 0 && ours)
                h.Full();
            else if (turn == 0)
                engine.Do("full", new { db = h.Database, dir = h.Backups });
            else if (ours)
                h.Increment();
            else
                engine.Do("incremental", new { db = h.Database, dir = h.Backups });
            expected[epoch + 1] = engine.Dump(Copy(h)).Sha256;
        }
        Assert.Empty(h.Inner.Warnings);
        Assert.Single(h.Chains());
        Assert.Empty(h.Chains()[0].Problems);
        Assert.Empty(h.Inner.Verify(h.Newest()));
        foreach (var (epoch, sha256) in expected)
        {
            Assert.Equal(sha256, engine.Dump(h.RestoreTo(epoch)).Sha256);
            Assert.Equal(sha256, engine.Dump(EngineRestores(h, epoch)).Sha256);
        }
        engine.Do("close", new { db = h.Database });
    }

    [RealGrafeoFact]
    public void Increments_of_one_growing_segment_restore_in_the_engine_at_every_epoch()
    {
        using var h = new GrafeoHarness();
        Open(h, "create");
        Insert(h, 0);
        h.Full();
        var expected = new Dictionary<ulong, RealGrafeo.Rows>();
        for (var i = 1; i <= 8; i++)
        {
            var epoch = Insert(h, i);
            expected[epoch] = engine.Dump(Copy(h));
            if (i % 2 == 0)
                h.Increment();
        }
        foreach (var (epoch, rows) in expected)
        {
            Assert.Equal(rows, engine.Dump(EngineRestores(h, epoch)));
            Assert.Equal(rows, engine.Dump(h.RestoreTo(epoch)));
        }
        engine.Do("close", new { db = h.Database });
    }

    [RealGrafeoFact]
    public void The_engine_keeps_the_log_that_the_cursor_asks_for_and_minds_no_side_file()
    {
        using var h = new GrafeoHarness();
        Open(h, "create");
        Insert(h, 1);
        engine.Do("close", new { db = h.Database });
        Assert.False(Directory.Exists(h.Log));
        h.Full(); // of a closed database: makes the folder that tells the engine to keep its log
        for (var round = 0; round < 3; round++)
        {
            Open(h, "open");
            Insert(h, 10 + round);
            engine.Do("checkpoint", new { db = h.Database });
            Insert(h, 20 + round);
            engine.Do("close", new { db = h.Database });
        }
        var increment = h.Increment();
        Assert.Equal((1ul, 7ul), (increment.Start.Value, increment.End.Value));
        Assert.Equal(engine.Dump(h.Database).Sha256, engine.Dump(h.Restore()).Sha256);
        Assert.True(File.Exists(Path.Combine(h.Log, "backup_cursor.backuptools.json")));
    }

    [RealGrafeoFact]
    public void Two_destinations_of_one_database_both_stay_without_gaps()
    {
        using var h = new GrafeoHarness();
        Open(h, "create");
        string[] folders = [h.Inner.At("daily"), h.Inner.At("hourly")];
        Insert(h, 1);
        foreach (var folder in folders)
            h.Full(destination: folder);
        for (var round = 0; round < 6; round++)
        {
            Insert(h, 10 + round);
            engine.Do("checkpoint", new { db = h.Database });
            h.Increment(destination: folders[1]);
            if (round % 3 == 2)
                h.Increment(destination: folders[0]);
        }
        var expected = engine.Dump(Copy(h));
        foreach (var folder in folders)
        {
            Assert.Empty(h.Inner.Verify(h.Newest(folder)));
            Assert.Equal(expected, engine.Dump(h.Restore(folder: folder)));
        }
        engine.Do("close", new { db = h.Database });
    }

    [RealGrafeoFact]
    public void A_point_between_two_commits_restores_the_first()
    {
        using var h = new GrafeoHarness();
        Open(h, "create");
        Insert(h, 0);
        h.Full();
        var moments = new List<(DateTimeOffset Between, string Sha256)>();
        for (var i = 1; i <= 6; i++)
        {
            Insert(h, i);
            var sha256 = engine.Dump(Copy(h)).Sha256;
            Thread.Sleep(10);
            moments.Add((DateTimeOffset.UtcNow, sha256));
            Thread.Sleep(10);
            if (i % 3 == 0)
                h.Increment();
        }
        engine.Do("close", new { db = h.Database });
        foreach (var (between, sha256) in moments)
            Assert.Equal(sha256, engine.Dump(h.Restore(new RestoreTarget.TimeTarget(between))).Sha256);
    }

    [RealGrafeoFact]
    public void Schema_changes_and_epochs_without_commits_are_carried_along()
    {
        using var h = new GrafeoHarness();
        Open(h, "create");
        Insert(h, 1);
        h.Full();
        Execute(h, "CREATE NODE TYPE Foo (name STRING NOT NULL)");
        var schema = h.Increment();
        Assert.Equal(schema.Start, schema.End);
        Transaction(h, commit: true, "MATCH (n) RETURN n");
        Transaction(h, commit: false, "INSERT (:A {i: 99})");
        Insert(h, 2);
        h.Increment();
        Assert.Empty(h.Inner.Verify(h.Newest()));
        var restored = h.Restore();
        Assert.Equal(engine.Dump(Copy(h)), engine.Dump(restored));
        engine.Do("open", new { db = restored });
        Assert.NotNull(
            engine.Ask(
                "execute",
                new { db = restored, statements = new[] { "CREATE NODE TYPE Foo (name STRING NOT NULL)" } }
            )["error"]
        );
        engine.Do("close", new { db = restored });
        engine.Do("close", new { db = h.Database });
    }

    [RealGrafeoTheory]
    [InlineData("v06-native", 7)]
    [InlineData("v05-reference", 6)]
    public void A_restored_database_is_written_closed_and_backed_up_again(string set, ulong epoch)
    {
        using var h = new GrafeoHarness().WithBackups(set);
        var restored = h.RestoreTo(epoch);
        var before = engine.Dump(restored);
        engine.Do("open", new { db = restored });
        engine.Do("execute", new { db = restored, statements = new[] { "INSERT (:New {i: 1})" } });
        engine.Do("full", new { db = restored, dir = h.Inner.At("again") });
        engine.Do("close", new { db = restored });
        Assert.Equal(before.Nodes + 1, engine.Dump(restored).Nodes);
        Assert.Equal(engine.Dump(restored).Sha256, engine.Dump(h.Restore(folder: h.Inner.At("again"))).Sha256);
    }

    [RealGrafeoFact]
    public void A_long_log_of_the_old_generation_is_split_where_the_engine_splits_it()
    {
        using var h = new GrafeoHarness().Become("v05-reference", "S0");
        h.Full();
        using (var log = File.OpenWrite(Path.Combine(h.Log, "wal_00000001.log")))
        {
            // 76 MB in records of 1 MB and odd lengths; every tenth transaction is undone first.
            for (ulong epoch = 4; epoch < 80; epoch++)
            {
                byte[] value = [4, .. GrafeoBytes.Text(new string('x', 1_000_003))];
                log.Write(GrafeoBytes.Node(epoch + 100, "Big"));
                log.Write(GrafeoBytes.Record([4, .. GrafeoBytes.Var(epoch + 100), .. GrafeoBytes.Text("p"), .. value]));
                if (epoch % 10 == 0)
                {
                    log.Write(GrafeoBytes.Abort(epoch));
                    log.Write(GrafeoBytes.Node(epoch + 100, "Small"));
                }
                log.Write(GrafeoBytes.Commit(epoch + 1));
                log.Write(GrafeoBytes.Epoch(epoch));
            }
        }
        h.Increment();
        var theirs = EngineRestores(h, 79) + ".wal";
        var ours = h.RestoreTo(79) + ".wal";
        var names = Directory.EnumerateFiles(theirs).Select(Path.GetFileName).Order().ToList();
        Assert.Equal(["wal_00000000.log", "wal_00000001.log"], names);
        Assert.Equal(names, Directory.EnumerateFiles(ours).Select(Path.GetFileName).Order());
        Assert.All(
            names,
            n =>
                Assert.True(
                    File.ReadAllBytes(Path.Combine(theirs, n!))
                        .AsSpan()
                        .SequenceEqual(File.ReadAllBytes(Path.Combine(ours, n!))),
                    n
                )
        );
    }

    private void Open(GrafeoHarness h, string verb) => engine.Do(verb, new { db = h.Database });

    private void Execute(GrafeoHarness h, string statement) =>
        engine.Do("execute", new { db = h.Database, statements = new[] { statement } });

    private void Transaction(GrafeoHarness h, bool commit, string statement) =>
        engine.Do(
            "transaction",
            new
            {
                db = h.Database,
                statements = new[] { statement },
                commit,
            }
        );

    private ulong Insert(GrafeoHarness h, int i) =>
        engine.Do("execute", new { db = h.Database, statements = new[] { $"INSERT (:A {{i: {i}}})" } })[
            "epoch"
        ]!.GetValue<ulong>();

    /// <summary>A copy of the open database, so that its rows can be read beside the engine that has it open.</summary>
    private string Copy(GrafeoHarness h)
    {
        var copy = h.Inner.At($"copy-{Guid.NewGuid():N}.grafeo");
        engine.Do("copy", new { db = h.Database, @out = copy });
        return copy;
    }

    private string EngineRestores(GrafeoHarness h, ulong epoch)
    {
        var output = h.Inner.At($"engine-{Guid.NewGuid():N}.grafeo");
        engine.Do(
            "restore",
            new
            {
                dir = h.Backups,
                epoch,
                @out = output,
            }
        );
        return output;
    }
}
