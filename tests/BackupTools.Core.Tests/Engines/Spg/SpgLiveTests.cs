using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Tests.Files;

namespace BackupTools.Tests.Engines.Spg;

public sealed class SpgLiveTests(ITestOutputHelper output)
{
    [Theory(
        Skip = "Wine replaces no file that is open",
        SkipType = typeof(WindowsHost),
        SkipWhen = nameof(WindowsHost.IsWine)
    )]
    [InlineData(300, 200)]
    [InlineData(80, 60)]
    public void Whatever_is_captured_beside_a_writer_restores_to_a_state_that_existed(
        int commitsPerCheckpoint,
        int captures
    )
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        using var box = new SpgBox();
        using var writer = new SpgWriter(box, seed, commitsPerCheckpoint);
        while (writer.Acknowledged == 0)
        {
            Thread.Sleep(1);
        }
        List<BundleHeader> chain = [];
        var (fulls, increments, restarted) = (0, 0, 0);
        foreach (var i in SoakBudget.Rounds(captures))
        {
            var before = writer.Acknowledged;
            if (chain.Count == 0 || random.Next(10) == 0 || !TryIncrement(box, chain))
            {
                restarted += chain.Count > 0 ? 1 : 0;
                chain = [box.Full()];
                fulls++;
            }
            else
            {
                increments++;
            }
            var after = writer.Last;
            var problems = box.Harness.Verify(chain).Where(p => p.Severity != ProblemSeverity.Info);
            Assert.True(!problems.Any(), $"seed {seed}, capture {i}: {string.Join("; ", problems)}");
            var restored = box.Restore(chain);
            var row = SpgWriter.LastRow(restored.Db, restored.Wal);
            Assert.True(
                row >= before && row <= after,
                $"seed {seed}, capture {i} ({chain[^1].Name}): rows up to {row}, {before} were acknowledged before it"
            );
        }
        Assert.Null(writer.Failure);
        output.WriteLine(
            $"seed {seed}: {fulls} fulls, {increments} increments, {restarted} chains ended, "
                + $"{writer.Checkpoints} checkpoints, {writer.Acknowledged} rows"
        );
        // On a slow machine nearly every increment meets a restarted log; some must still have been taken.
        Assert.True(fulls > 0 && increments > 0 && writer.Checkpoints > 0, "the writer and the captures never met");
    }

    /// <summary>False when the log was restarted, which is said and ends the chain.</summary>
    private static bool TryIncrement(SpgBox box, List<BundleHeader> chain)
    {
        try
        {
            chain.Add(box.Increment([.. chain]));
            return true;
        }
        catch (BackupException e) when (e.Code is ErrorCode.ForeignEpoch or ErrorCode.SinceBeyondLog)
        {
            return false;
        }
    }
}
