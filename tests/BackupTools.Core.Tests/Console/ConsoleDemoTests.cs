using BackupTools.Tests.Files;

namespace BackupTools.Tests.FrontEnds;

/// <summary>The demo of the console program, in a process of its own.</summary>
public sealed class ConsoleDemoTests
{
    [Fact]
    public void The_demo_succeeds_from_any_folder_and_leaves_nothing()
    {
        using var folder = new TempFolder();
        var temp = Directory.CreateDirectory(folder["temp"]).FullName;
        var run = ChildProcess.Run(
            ChildProcess.ConsoleProgram,
            [.. ChildProcess.ConsoleArguments, "demo"],
            folder.Path,
            [new("TMPDIR", temp), new("TEMP", temp), new("TMP", temp)]
        );
        Assert.True(run.ExitCode == 0, run.ToString());
        Assert.Contains("NOT VALID", run.Out, StringComparison.Ordinal);
        Assert.All(run.Out.Split('\n'), line => Assert.InRange(line.Length, 0, 80));
        Assert.EndsWith("All as it must be.\n", run.Out.ReplaceLineEndings("\n"), StringComparison.Ordinal);
        Assert.DoesNotContain(
            Directory.EnumerateFileSystemEntries(temp),
            name => Path.GetFileName(name).StartsWith("backuptools", StringComparison.Ordinal)
        );
    }

    [Fact]
    public void The_second_process_of_a_demo_that_is_killed_ends_by_itself()
    {
        using var folder = new TempFolder();
        var temp = Directory.CreateDirectory(folder["temp"]).FullName;
        using var demo = ChildProcess.Start(
            ChildProcess.ConsoleProgram,
            [.. ChildProcess.ConsoleArguments, "demo"],
            folder.Path,
            [new("TMPDIR", temp), new("TEMP", temp), new("TMP", temp)]
        );
        while (demo.StandardOutput.ReadLine() is { } line && !line.Contains("full", StringComparison.Ordinal)) { }
        demo.Kill();
        // The log goes with the last one who closes the database. On Windows his folder stays as long as he does.
        Assert.True(SpinWait.SpinUntil(() => Logs() == 0, TimeSpan.FromSeconds(30)), "the other process goes on");
        Assert.True(SpinWait.SpinUntil(folder.TryDelete, TimeSpan.FromSeconds(30)), "the other process goes on");

        int Logs() => Directory.GetFiles(temp, "shop.db-wal", SearchOption.AllDirectories).Length;
    }
}
