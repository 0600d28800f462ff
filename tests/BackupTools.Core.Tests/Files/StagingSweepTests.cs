using BackupTools.Files;

namespace BackupTools.Tests.Files;

/// <summary>What a sweep takes, what it spares, and what it must never believe.</summary>
public sealed class StagingSweepTests : IDisposable
{
    private const string Dead = ".backuptools-1-20261120T041000Z-0123abcd.staging";
    private const string Journal = Dead + "/.backuptools-journal.json";
    private const string Owner = Dead + "/.backuptools-owner.lock";

    private readonly TempFolder _temp = new();
    private readonly IDisk _disk = LocalDisk.Instance;
    private readonly List<string> _warnings = [];

    public void Dispose() => _temp.Dispose();

    private IReadOnlyList<string> Sweep(string folder = "") =>
        StagingArea.Sweep(_disk, _temp[folder].TrimEnd('/'), _warnings.Add);

    [Fact]
    public void What_the_dead_left_is_taken_and_the_living_are_spared()
    {
        _temp.Write(Dead + "/x/y", "left");
        _temp.Write("bundle", "kept");
        using (var living = StagingArea.Create(_disk, _temp.Path, TimeProvider.System))
        {
            Assert.Equal([Dead], Sweep());
            Assert.True(Directory.Exists(living.Folder));
        }
        Assert.Empty(Sweep("nowhere"));
        Assert.Equal("bundle=kept", _temp.Show());
        Assert.Empty(_warnings);
    }

    [ProgramFact("flock")]
    public void A_living_process_is_known_by_its_lock_whatever_its_id()
    {
        var path = _temp.Write(Owner, "");
        using var holder = Posix.Start(
            "flock",
            "--exclusive",
            "--no-fork",
            path,
            "sh",
            "-c",
            "echo held; exec sleep 60"
        );
        try
        {
            Assert.Equal("held", holder.StandardOutput.ReadLine());
            Assert.Empty(Sweep());
            Assert.True(File.Exists(path));
        }
        finally
        {
            holder.Kill();
            holder.WaitForExit();
        }
        Assert.Equal([Dead], Sweep());
    }

    [UnixFact]
    public void A_link_with_the_name_of_a_staging_folder_is_not_followed()
    {
        _temp.Write("precious/x", "data");
        File.CreateSymbolicLink(_temp[Dead], _temp["precious"]);
        Assert.Empty(Sweep());
        Assert.Equal("data", File.ReadAllText(_temp["precious/x"]));
    }

    [Fact]
    public void Staging_and_sweeping_at_once_never_takes_what_lives()
    {
        using var stop = new CancellationTokenSource();
        var sweeper = new Thread(() =>
        {
            while (!stop.IsCancellationRequested)
                StagingArea.Sweep(_disk, _temp.Path);
        });
        sweeper.Start();
        Parallel.For(
            0,
            100,
            new ParallelOptions { MaxDegreeOfParallelism = 4 },
            i =>
            {
                using var staging = StagingArea.Create(_disk, _temp.Path, TimeProvider.System);
                using (var file = staging.CreateFile("f"))
                    file.Write("x"u8, 0);
                staging.Publish([PublishStep.Place("f", _temp[$"{i:d3}"])], default);
            }
        );
        stop.Cancel();
        sweeper.Join();
        Assert.Equal(100, Directory.GetFileSystemEntries(_temp.Path).Length);
    }

    public static TheoryData<string, string> Forgeries()
    {
        static string One(
            string action,
            string? staged,
            string final,
            string rest = """"new":{"inode":1,"isFolder":false,"length":1,"modifiedUtcTicks":1},"old":null""""
        ) =>
            $$"""{"version":1,"steps":[{"action":"{{action}}","staged":{{(staged is null ? "null" : $"\"{staged}\"")}},"final":"{{final}}",{{rest}}}],"folders":[]}""";
        const string old = """"new":null,"old":{"inode":1,"isFolder":false,"length":1,"modifiedUtcTicks":1}"""";
        return new TheoryData<string, string>
        {
            { "final above", One("Place", "s", "../victim") },
            { "final above by a detour", One("Place", "s", "a/../../victim") },
            { "final absolute", One("Place", "s", "/victim") },
            { "final itself", One("Place", "s", ".") },
            { "final empty", One("Place", "s", "") },
            { "final with NUL", One("Place", "s", "a\\u0000b") },
            { "final through a link", One("Place", "s", "link/victim") },
            { "final through a file", One("Place", "s", "file/victim") },
            {
                "final in a living staging folder",
                One("Place", "s", ".backuptools-2-20261120T041000Z-0123abcd.staging/x")
            },
            { "removal above", One("Remove", null, "../victim", old) },
            { "staged above", One("Place", "../../victim", "f") },
            { "staged absolute", One("Place", "/victim", "f") },
            { "staged through a link", One("Place", "link/victim", "f") },
            { "removal with a staged name", One("Remove", "s", "f", old) },
            { "removal of nothing", One("Remove", null, "f") },
            {
                "placing over something",
                One(
                    "Place",
                    "s",
                    "f",
                    old.Replace("null", """{"inode":1,"isFolder":false,"length":1,"modifiedUtcTicks":1}""")
                )
            },
            { "placing nothing", One("Place", null, "f") },
            { "unknown action", One("Destroy", "s", "f") },
            { "action out of range", One("Place", "s", "f").Replace("\"Place\"", "77") },
            { "folders above", """{"version":1,"steps":[],"folders":["../victims"]}""" },
            { "other version", """{"version":2,"steps":[],"folders":[]}""" },
            { "unknown property", """{"version":1,"steps":[],"folders":[],"also":1}""" },
            { "missing property", """{"version":1,"steps":[]}""" },
            { "null list", """{"version":1,"steps":null,"folders":[]}""" },
            { "null step", """{"version":1,"steps":[null],"folders":[]}""" },
            { "null name", """{"version":1,"steps":[],"folders":[null]}""" },
            { "null", "null" },
            { "cut", """{"version":1,"steps":[""" },
            { "empty", "" },
            { "not JSON", "\0\0\0\0" },
            { "deep", new string('[', 100_000) },
            { "number too large", """{"version":99999999999999999999,"steps":[],"folders":[]}""" },
        };
    }

    [Theory]
    [MemberData(nameof(Forgeries))]
    public void A_journal_that_we_did_not_write_moves_nothing(string what, string journal)
    {
        _ = what;
        foreach (
            var name in new[]
            {
                "victim",
                "victims/x",
                "in/file",
                "in/f",
                $"in/{Dead}/s",
                $"in/{Dead}/.backuptools-aside/0",
            }
        )
            _temp.Write(name, "data");
        _temp.Write("in/.backuptools-2-20261120T041000Z-0123abcd.staging/.backuptools-owner.lock", "");
        using var living = _disk.TryLock(
            _temp["in/.backuptools-2-20261120T041000Z-0123abcd.staging/.backuptools-owner.lock"]
        );
        _temp.Write("in/" + Journal, journal);
        _temp.Write("in/" + Owner, "");
        if (!OperatingSystem.IsWindows())
        {
            File.CreateSymbolicLink(_temp["in/link"], _temp["victims"]);
            File.CreateSymbolicLink(_temp[$"in/{Dead}/link"], _temp["victims"]);
        }
        var before = _temp.Show();
        Assert.Empty(Sweep("in"));
        Assert.Equal(before, _temp.Show());
        Assert.Contains(Dead, Assert.Single(_warnings));
    }

    [Fact]
    public void A_journal_of_gigabytes_is_not_read()
    {
        using (var file = File.Create(_temp.Write(Journal, "")))
            file.SetLength(8L << 30);
        Assert.Empty(Sweep());
        Assert.Contains("not a journal", Assert.Single(_warnings));
    }

    [UnixFact]
    public void A_journal_that_is_a_link_or_a_folder_is_not_believed()
    {
        Directory.CreateDirectory(_temp[Journal]);
        Assert.Empty(Sweep());
        Directory.Delete(_temp[Journal]);
        File.CreateSymbolicLink(_temp[Journal], _temp.Write("j", """{"version":1,"steps":[],"folders":[]}"""));
        Assert.Empty(Sweep());
        Assert.Equal(2, _warnings.Count);
    }

    [Fact]
    public void A_publication_that_reached_elsewhere_is_left_to_people()
    {
        Kill(_temp["in"], _temp["out/b"], "replace", "/b");
        var before = _temp.Show();
        Assert.Empty(Sweep("in"));
        Assert.Contains("outside its folder", Assert.Single(_warnings));
        Assert.Equal(before, _temp.Show());
    }

    [Fact]
    public void What_somebody_changed_after_the_kill_is_not_undone()
    {
        Kill(_temp["in"], _temp["in/b"], "replace", "/b");
        Assert.Equal("new a", File.ReadAllText(_temp["in/a"]));
        File.AppendAllText(_temp["in/a"], " and used");
        var before = _temp.Show();
        Assert.Empty(Sweep("in"));
        Assert.Contains("is not what the run put there", Assert.Single(_warnings));
        Assert.Equal(before, _temp.Show());
    }

    [Fact]
    public void An_old_file_that_was_used_after_the_kill_keeps_what_was_written()
    {
        Kill(_temp["in"], _temp["in/b"], "replace", "/b");
        File.AppendAllText(_temp["in/b"], " and used");
        Assert.Single(Sweep("in"));
        Assert.Equal("in/\nin/a=old a\nin/b=old b and used", _temp.Show());
        Assert.Empty(_warnings);
    }

    [Fact]
    public void A_finished_publication_whose_result_was_used_since_is_brought_to_its_end()
    {
        Kill(_temp["in"], _temp["in/b"], "delete", "journal.json");
        File.AppendAllText(_temp["in/a"], " and used");
        File.WriteAllText(_temp["in/b2"], "checkpointed");
        File.Move(_temp["in/b2"], _temp["in/b"], overwrite: true);
        Assert.Single(Sweep("in"));
        Assert.Equal("in/\nin/a=new a and used\nin/b=checkpointed", _temp.Show());
        Assert.Empty(_warnings);
    }

    /// <summary>Replaces in/a and a second file, and is killed before the step of this kind on this path.</summary>
    private void Kill(string folder, string second, string step, string pathEnd)
    {
        var learn = new FaultyDisk(_disk);
        Replace(learn);
        var disk = new FaultyDisk(_disk)
        {
            KillAt =
                1 + learn.Log.FindIndex(l => l.Split(' ')[1] == step && l.EndsWith(pathEnd, StringComparison.Ordinal)),
        };
        Assert.Throws<KilledException>(() => Replace(disk));

        void Replace(IDisk disk)
        {
            _temp.Write("in/a", "old a");
            _temp.Write(Path.GetRelativePath(_temp.Path, second), "old b");
            using var staging = StagingArea.Create(disk, folder, TimeProvider.System);
            foreach (var name in new[] { "a", "b" })
            {
                using var file = staging.CreateFile(name);
                file.Write(System.Text.Encoding.UTF8.GetBytes("new " + name), 0);
            }
            staging.Publish(
                [PublishStep.Replace("a", Path.Combine(folder, "a")), PublishStep.Replace("b", second)],
                default
            );
        }
    }
}
