using BackupTools.Files;
using BackupTools.Operations;
using BackupTools.Reports;
using BackupTools.Tests.Engines.Grafeo;
using BackupTools.Tests.Files;
using static BackupTools.Tests.Operations.GrafeoFolderChecks;

namespace BackupTools.Tests.Operations;

/// <summary>
/// Merge, copy and expire, killed at a step: the engine, which knows nothing of our clean-up, finds a true manifest.
/// Some of the steps are tried each time, and each in a long run.
/// </summary>
public sealed class GrafeoChainFaultTests
{
    private const int EverydaySteps = 12;

    [Theory]
    [InlineData("merge", true, true)]
    [InlineData("merge", false, true)]
    [InlineData("copy", true, true)]
    [InlineData("copy", false, true)]
    [InlineData("expire", true, true)]
    [InlineData("expire", false, true)]
    [InlineData("expire", true, false)]
    public void Killed_at_any_step_the_manifest_lists_only_what_is_there_and_no_half_of_a_merge_is_seen(
        string operation,
        bool paged,
        bool hardLinks
    )
    {
        using var h = new GrafeoHistory(paged, 5);
        Prepare(h, operation);
        var pristine = Snapshot(h.Backups);
        var counting = new FaultyDisk(LocalDisk.Instance) { HardLinks = hardLinks };
        Run(h, operation, counting);
        var expected = (Ends(h, h.Backups), Ends(h, h.At("m")), Ends(h, h.At("copy")));
        Assert.True(counting.Steps > 10, "there was next to nothing to fail");
        foreach (var step in SoakBudget.Sample(counting.Steps, EverydaySteps).Select(i => i + 1))
        {
            Reset(h, pristine);
            var faulty = new FaultyDisk(LocalDisk.Instance)
            {
                KillAt = step,
                PowerLossIn = h.At(),
                HardLinks = hardLinks,
            };
            Assert.Throws<KilledException>(() => Run(h, operation, faulty));
            // As the engine finds it, before any run of ours has swept.
            foreach (var folder in new[] { h.Backups, h.At("m"), h.At("copy") }.Where(Directory.Exists))
                ManifestIsTrue(folder, string.Join('\n', faulty.Log.TakeLast(3)));
            Assert.Contains(Ends(h, h.At("m")), new[] { "-", "", expected.Item2 });
            RunAgain(h, operation);
            Assert.Equal(expected, (Ends(h, h.Backups), Ends(h, h.At("m")), Ends(h, h.At("copy"))));
            foreach (var folder in new[] { h.Backups, h.At("m"), h.At("copy") }.Where(Directory.Exists))
                Sound(h, folder);
        }
    }

    private static void Prepare(GrafeoHistory h, string operation)
    {
        h.Full();
        h.Work();
        h.Increment();
        if (operation == "copy")
            return;
        h.Full();
        h.Work();
        h.Increment();
    }

    private static void Run(GrafeoHistory h, string operation, IDisk disk)
    {
        switch (operation)
        {
            case "merge":
                h.Merge(new MergeSettings { Path = h.Backups, DestinationPath = h.At("m") }, disk);
                break;
            case "copy":
                Copy(h, disk: disk);
                break;
            default:
                Verbs.Expire(new ExpirySettings { Path = h.Backups, KeepLast = 1 }, h.Host(disk));
                break;
        }
    }

    /// <summary>The next run. What a killed merge had finished is there, and would be there twice.</summary>
    private static void RunAgain(GrafeoHistory h, string operation)
    {
        if (operation == "merge" && File.Exists(Path.Combine(h.At("m"), Manifest)))
        {
            StagingArea.Sweep(LocalDisk.Instance, h.At("m"));
            if (File.Exists(Path.Combine(h.At("m"), Manifest)))
                return;
        }
        Run(h, operation, LocalDisk.Instance);
    }

    /// <summary>Its chains; a folder in which there is no bundle yet comes as an error instead.</summary>
    private static string Ends(GrafeoHistory h, string folder) =>
        Directory.Exists(folder)
            ? string.Join(
                ", ",
                h.Chains(folder).OfType<ChainInfo>().Select(c => $"{c.ChainId} {c.EndPosition} {c.Bundles.Count}")
            )
            : "-";

    private static void Reset(GrafeoHistory h, Dictionary<string, byte[]> files)
    {
        foreach (var folder in new[] { h.Backups, h.At("m"), h.At("copy") }.Where(Directory.Exists))
            Directory.Delete(folder, recursive: true);
        Directory.CreateDirectory(h.Backups);
        foreach (var (path, bytes) in files)
            File.WriteAllBytes(path, bytes);
    }
}
