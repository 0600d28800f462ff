using BackupTools.Tests.Files;
using Microsoft.Data.Sqlite;

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
        Assert.EndsWith("Everything is as it should be.\n", run.Out.ReplaceLineEndings("\n"), StringComparison.Ordinal);
        Assert.DoesNotContain(
            Directory.EnumerateFileSystemEntries(temp),
            name => Path.GetFileName(name).StartsWith("backuptools", StringComparison.Ordinal)
        );
    }

    [Fact]
    public void A_sample_database_is_made_and_changed_and_no_other_file_is()
    {
        using var folder = new TempFolder();
        Assert.EndsWith("1,000 orders", Sample("app.db").Out.Trim(), StringComparison.Ordinal);
        Assert.EndsWith("2,000 orders", Sample("app.db").Out.Trim(), StringComparison.Ordinal);
        Assert.Equal([folder["app.db"]], Directory.GetFiles(folder.Path));

        File.WriteAllText(folder["notes.txt"], new string('x', 5000));
        using (var other = new SqliteConnection($"Data Source={folder["other.db"]};Pooling=False"))
        {
            other.Open();
            using var command = other.CreateCommand();
            command.CommandText =
                "CREATE TABLE orders(n INTEGER PRIMARY KEY, item, note); CREATE TABLE stock(item, pieces)";
            command.ExecuteNonQuery();
        }
        Assert.Contains("DestinationNotRecognised", Sample(".").Error, StringComparison.Ordinal);
        foreach (var name in new[] { "notes.txt", "other.db" })
        {
            var before = File.ReadAllBytes(folder[name]);
            var refused = Sample(name);
            Assert.Equal(7, refused.ExitCode);
            Assert.Contains("DestinationNotRecognised", refused.Error, StringComparison.Ordinal);
            Assert.Equal(before, File.ReadAllBytes(folder[name]));
        }
        Assert.Equal(3, Directory.GetFiles(folder.Path).Length);

        ChildResult Sample(string name) => ChildProcess.ConsoleIn(folder.Path, "demo", name);
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
