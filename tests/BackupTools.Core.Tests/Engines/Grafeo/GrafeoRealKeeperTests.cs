using BackupTools.Operations;
using BackupTools.Reports;

namespace BackupTools.Tests.Engines.Grafeo;

/// <summary>What we merge, copy and thin out, in the hands of the real engine.</summary>
public sealed class GrafeoRealKeeperTests(RealGrafeo engine) : IClassFixture<RealGrafeo>, IDisposable
{
    private readonly GrafeoHarness _box = new();

    private string Merged => _box.Inner.At("merged");

    public void Dispose() => _box.Dispose();

    [RealGrafeoTheory]
    [InlineData("v06-native", 3, 8)]
    [InlineData("v05-reference", 3, 7)]
    public void A_merged_chain_is_restored_by_the_engine_at_every_epoch(string set, ulong first, ulong last)
    {
        Chain(set);
        Merge(Merged, null);
        // And in the folder of the chain itself, where the engine finds the originals too.
        Merge(_box.Backups, null);
        foreach (var folder in new[] { Merged, _box.Backups })
        {
            for (var epoch = first; epoch <= last; epoch++)
            {
                var expected = RealGrafeo.Expected(set, "restore-expected", $"epoch-{epoch}.json");
                Assert.Equal(expected, engine.Dump(EngineRestores(folder, epoch)));
            }
        }
    }

    [RealGrafeoTheory]
    [InlineData("v06-native", 3, 8)]
    [InlineData("v05-reference", 3, 7)]
    public void A_chain_merged_up_to_a_position_is_restored_by_the_engine(string set, ulong first, ulong last)
    {
        Chain(set);
        for (var epoch = first; epoch <= last; epoch++)
        {
            var folder = _box.Inner.At($"m{epoch}");
            Assert.Equal(epoch, Merge(folder, epoch).EndPosition);
            var expected = RealGrafeo.Expected(set, "restore-expected", $"epoch-{epoch}.json");
            Assert.Equal(expected, engine.Dump(EngineRestores(folder, epoch)));
        }
    }

    [RealGrafeoTheory]
    [InlineData("v06-native")]
    [InlineData("v05-reference")]
    public void A_copied_folder_is_restored_by_the_engine(string set)
    {
        _box.WithBackups(set);
        var copy = _box.Inner.At("copy");
        var settings = new CopySettings
        {
            Path = _box.Backups,
            DestinationPath = copy,
            Verify = true,
        };
        Assert.True(Verbs.Copy(settings, Host()).IsValid);
        Assert.All(
            Directory.EnumerateFiles(_box.Backups),
            f => Assert.Equal(File.ReadAllBytes(f), File.ReadAllBytes(Path.Combine(copy, Path.GetFileName(f))))
        );
        Assert.Equal(
            RealGrafeo.Expected(set, "restore-expected", "epoch-6.json"),
            engine.Dump(EngineRestores(copy, 6))
        );
    }

    [RealGrafeoTheory]
    [InlineData("merged")]
    [InlineData("merged in place")]
    [InlineData("merged by turns")]
    [InlineData("pruned")]
    [InlineData("emptied")]
    public void The_engine_goes_on_with_what_we_made(string how)
    {
        engine.Do("create", new { db = _box.Database });
        var folder = how == "merged" ? Merged : _box.Backups;
        var expected = new Dictionary<ulong, RealGrafeo.Rows>();
        for (var i = 0; i < 9; i++)
        {
            Insert(expected, i);
            if (i is 0 or 4)
                engine.Do("full", new { db = _box.Database, dir = _box.Backups });
            else if (i % 2 == 0 && how == "merged by turns")
                _box.Increment();
            else
                engine.Do("incremental", new { db = _box.Database, dir = _box.Backups });
        }
        switch (how)
        {
            case "pruned":
                Assert.Equal(4, Prune(1, force: false).RemovedCount);
                break;
            case "emptied":
                Prune(0, force: true);
                engine.Do("full", new { db = _box.Database, dir = folder });
                break;
            default:
                Merge(folder, null);
                break;
        }
        var held = Files(folder);
        for (var i = 10; i < 16; i++)
        {
            Insert(expected, i);
            engine.Do(i == 13 ? "full" : "incremental", new { db = _box.Database, dir = folder });
        }
        engine.Do("close", new { db = _box.Database });

        var after = Files(folder);
        Assert.All(held, f => Assert.Equal(f.Value, after[f.Key]));
        var chains = ReadChains.Read(folder, false, null, Host()).Select(r => r.Chain!).ToList();
        Assert.All(
            VerifyChain.Run(new VerifySettings { Path = folder, Deep = true }, Host()),
            r => Assert.DoesNotContain(r.Problems, p => p.Severity != "Info")
        );
        foreach (var (epoch, rows) in expected.Where(e => e.Key >= chains.Min(c => c.StartPosition)))
        {
            Assert.Equal(rows, engine.Dump(EngineRestores(folder, epoch)));
            var ours = _box.Inner.At($"ours-{epoch}", "x.grafeo");
            var restore = new RestoreSettings
            {
                Path = folder,
                DestinationPath = ours,
                ToPosition = epoch,
            };
            Verbs.Restore(restore, Host());
            Assert.Equal(rows, engine.Dump(ours));
        }
    }

    private void Chain(string set)
    {
        _box.Become(set, "S0").Full();
        _box.Become(set, "S1").Increment();
        _box.Become(set, "S2").Increment();
    }

    private static OperationHost Host() => new();

    private BundleInfo Merge(string folder, ulong? position)
    {
        var settings = new MergeSettings
        {
            Path = _box.Backups,
            DestinationPath = folder,
            ToPosition = position,
        };
        return Verbs.Merge(settings, Host());
    }

    private ExpiryReport Prune(int last, bool force) =>
        Verbs.Expire(
            new ExpirySettings
            {
                Path = _box.Backups,
                KeepLast = last,
                Force = force,
            },
            Host()
        );

    private void Insert(Dictionary<ulong, RealGrafeo.Rows> expected, int i)
    {
        var statements = new[] { $"INSERT (:A {{i: {i}}})" };
        var answer = engine.Do("execute", new { db = _box.Database, statements });
        var copy = _box.Inner.At($"copy-{i}.grafeo");
        engine.Do("copy", new { db = _box.Database, @out = copy });
        expected[answer["epoch"]!.GetValue<ulong>()] = engine.Dump(copy);
    }

    private string EngineRestores(string folder, ulong epoch)
    {
        var output = _box.Inner.At($"engine-{Guid.NewGuid():N}.grafeo");
        engine.Do(
            "restore",
            new
            {
                dir = folder,
                epoch,
                @out = output,
            }
        );
        return output;
    }

    private static Dictionary<string, string> Files(string folder) =>
        Directory
            .EnumerateFiles(folder)
            .Where(f => Path.GetExtension(f) is ".wal" or ".grafeo")
            .ToDictionary(f => Path.GetFileName(f), f => Convert.ToHexString(File.ReadAllBytes(f)));
}
