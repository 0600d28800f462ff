
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
        Assert.Equal(
            RealGrafeo.Expected(set, "restore-expected", "epoch-99.json"),
            engine.Dump(h.Restore(deep: true))
        );
    }

    private string EngineRestores(GrafeoHarness h, ulong epoch)
    {
        var output = h.Inner.At($"engine-{Guid.NewGuid():N}.grafeo");
        engine.Do("restore", new { dir = h.Backups, epoch, @out = output });
        return output;
    }
}
