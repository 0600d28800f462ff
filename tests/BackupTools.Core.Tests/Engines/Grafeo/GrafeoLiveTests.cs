using System.Buffers.Binary;
using System.Diagnostics;
using BackupTools.Chains;

namespace BackupTools.Tests.Engines.Grafeo;

/// <summary>
/// The real engine commits numbered transactions as fast as it can and checkpoints at random while backups are taken.
/// </summary>
public class GrafeoLiveTests(RealGrafeo engine, ITestOutputHelper output) : IClassFixture<RealGrafeo>
{
    [RealGrafeoFact]
    public void Fulls_and_increments_of_a_database_being_written_hold_a_prefix_of_its_commits() =>
        Run(400, preload: 0, new EngineOptions(), i => i % 5 == 0 ? BundleKind.Full : BundleKind.Incremental);

    [RealGrafeoFact]
    public void Fulls_without_the_cursor_do_so_too_though_the_engine_removes_its_log() =>
        Run(20, preload: 16, new EngineOptions { NoCursor = true }, _ => BundleKind.Full);

    private void Run(int checkpointEvery, int preload, EngineOptions options, Func<int, BundleKind> kind)
    {
        using var h = new GrafeoHarness();
        var progress = h.Inner.At("progress");
        var taken = 0;
        using (
            var writer = RealGrafeo.Start(
                "writer.mjs",
                h.Database,
                progress,
                "--checkpoint-every",
                $"{checkpointEvery}",
                "--preload",
                $"{preload}"
            )
        )
        {
            try
            {
                Wait(() => Acknowledged(progress) > 50);
                var watch = Stopwatch.StartNew();
                foreach (var i in SoakBudget.Rounds(20))
                {
                    var acknowledged = Acknowledged(progress);
                    if (kind(i) == BundleKind.Full)
                        h.Full(options);
                    else
                        h.Increment(options);
                    Check(h, h.Newest(), acknowledged);
                    taken++;
                    // One commit may be in the backup before it is acknowledged; the next one is not.
                    var afterwards = Acknowledged(progress);
                    Wait(() => Acknowledged(progress) > afterwards + 1);
                }
                output.WriteLine($"{taken} backups in {watch.Elapsed.TotalSeconds:F1} s");
            }
            finally
            {
                writer.StandardInput.Close();
                writer.WaitForExit(30_000);
            }
            Assert.Equal(0, writer.ExitCode);
            output.WriteLine($"{Acknowledged(progress)} transactions; {h.Inner.Warnings.Count} warnings");
        }
    }

    /// <summary>What a backup restores to, as the engine itself reads it.</summary>
    private void Check(GrafeoHarness h, IReadOnlyList<BundleHeader> path, ulong acknowledged)
    {
        Assert.DoesNotContain(h.Inner.Verify(path), p => p.Severity == ProblemSeverity.Error);
        var restored = h.Inner.At($"r-{Guid.NewGuid():N}", "out.grafeo");
        h.Inner.Restore(path, restored);
        var prefix = engine.Do("prefix", new { db = restored });
        var last = prefix["last"]!.GetValue<double>();
        Assert.True(prefix["whole"]!.GetValue<bool>(), $"{path[^1].Name}: {last} transactions, but not a prefix");
        Assert.True(last >= acknowledged, $"{path[^1].Name}: {last} transactions, {acknowledged} were acknowledged");
        Directory.Delete(Path.GetDirectoryName(restored)!, recursive: true);
    }

    private static ulong Acknowledged(string progress)
    {
        if (!File.Exists(progress))
            return 0;
        using var file = new FileStream(progress, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var bytes = new byte[8];
        return file.ReadAtLeast(bytes, 8, throwOnEndOfStream: false) == 8
            ? BinaryPrimitives.ReadUInt64LittleEndian(bytes)
            : 0;
    }

    private static void Wait(Func<bool> done)
    {
        var watch = Stopwatch.StartNew();
        while (!done())
        {
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(30), "the writer does not get on");
            Thread.Sleep(1);
        }
    }
}
