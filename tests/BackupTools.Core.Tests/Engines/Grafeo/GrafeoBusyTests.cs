namespace BackupTools.Tests.Engines.Grafeo;

/// <summary>Backups of the real 0.5.42 while it writes.</summary>
public sealed class GrafeoBusyTests
{
    [RealGrafeo05Fact]
    public void Beside_a_writer_each_backup_is_a_prefix_with_all_that_was_acknowledged_before()
    {
        using var life = new GrafeoLife();
        life.Open().Commit("c0000").Close();
        life.Open();
        using var stop = new CancellationTokenSource();
        var acknowledged = 0;
        var writer = Task.Run(() =>
        {
            for (var n = 1; !stop.IsCancellationRequested; n++)
            {
                life.Commit($"c{n:D4}");
                Volatile.Write(ref acknowledged, n);
            }
        });
        for (var round = 0; round < 6; round++)
        {
            var before = Volatile.Read(ref acknowledged);
            if (round % 3 == 0)
                life.Full();
            else
                life.Increment();
            var names = RealGrafeo05.Names(life.RestoreTo());
            Assert.Equal(names.Select((_, i) => $"c{i:D4}"), names);
            Assert.True(names.Count > before, $"{names.Count} of {before + 1}");
            while (Volatile.Read(ref acknowledged) < names.Count)
                Thread.Sleep(1); // else there may be nothing to back up
        }
        stop.Cancel();
        writer.Wait();
        life.Commit("z");
        life.Increment();
        Assert.Equal(life.Names, RealGrafeo05.Names(life.RestoreTo()));
    }

    [RealGrafeo05Fact]
    public void Killed_while_increments_are_taken()
    {
        using var life = new GrafeoLife();
        life.Open().Commit("a1");
        life.Full();
        for (var round = 1; round <= 5; round++)
        {
            life.Commit($"b{round}", $"c{round}");
            var increment = Task.Run(() => life.Increment());
            life.Kill();
            increment.Wait();
            life.Holds();
            life.Open();
        }
    }
}
