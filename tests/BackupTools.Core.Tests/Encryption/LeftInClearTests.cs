using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Operations;
using BackupTools.Tests.FrontEnds;
using BackupTools.Tests.Operations;

namespace BackupTools.Tests.Encryption;

/// <summary>What a killed run has left in clear goes with the next, whatever that comes to.</summary>
public sealed class LeftInClearTests
{
    [Fact]
    public void It_goes_though_the_next_run_is_refused_and_what_living_runs_have_stays()
    {
        using var box = new SealedBox("SPG");
        box.Take("S0", settings: box.Kept);
        var left = Left(box.Spool);
        using var alive = StagingArea.Create(LocalDisk.Instance, box.Spool, TimeProvider.System);
        File.WriteAllText(Path.Combine(alive.Folder, "bundle"), "in clear");
        box.Box.Become("S1");
        var plan = TakeBackup.Plan(box.Kept with { Incremental = true }, box.Host());
        Assert.True(Directory.Exists(left), "a plan writes nothing");
        using var other = FolderLock.Acquire(LocalDisk.Instance, box.Encrypted);

        Assert.Equal(
            ErrorCode.BackupRunning,
            Assert.Throws<BackupException>(() => TakeBackup.Execute(plan, box.Host())).Code
        );

        Assert.False(Directory.Exists(left));
        Assert.True(File.Exists(Path.Combine(alive.Folder, "bundle")));
    }

    [Fact]
    public void It_goes_though_a_merge_is_refused()
    {
        using var box = new SealedBox("SPG");
        box.Take("S0", box.Key);
        var left = Left(box.Spool);
        var settings = new MergeSettings { Path = box.Encrypted, DestinationPath = box.Encrypted };
        var plan = MergeChain.Plan(settings, box.Host(box.Key));
        using var other = FolderLock.Acquire(LocalDisk.Instance, box.Encrypted);

        Assert.Throws<BackupException>(() => MergeChain.Execute(plan, box.Host(box.Key)));

        Assert.False(Directory.Exists(left));
    }

    [Fact]
    public void It_goes_though_no_plan_can_be_made_and_stays_where_only_the_plan_is_wished_for()
    {
        using var box = new SpgSandbox();
        var key = ChildProcess.Console(["key", box.At("key.txt")]).Out.Trim();
        string[] to = ["--destination-path", box.At("e"), "--recipient", key, "--spool-path", box.At("spool")];
        Assert.Equal(0, ChildProcess.Console(["full", box.Source, .. to]).ExitCode);
        var left = Left(box.At("spool"));
        box.Become("S1");

        Assert.Equal(8, ChildProcess.Console(["incremental", box.Source, .. to, "--dry-run"]).ExitCode);
        Assert.True(Directory.Exists(left));
        var refused = ChildProcess.Console(["incremental", box.Source, .. to, "--verbose"]);

        Assert.Equal(8, refused.ExitCode);
        Assert.False(Directory.Exists(left));
        Assert.Contains(Path.GetFileName(left), refused.Error, StringComparison.Ordinal);
    }

    private static string Left(string spool)
    {
        var left = Path.Combine(spool, ".backuptools-1-20200101T000000Z-0123abcd.staging");
        Directory.CreateDirectory(left);
        File.WriteAllText(Path.Combine(left, "bundle"), "in clear");
        return left;
    }
}
