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
    public async Task Staging_and_sweeping_at_once_never_takes_what_lives()
    {
        using var stop = new CancellationTokenSource();
        var sweeper = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
                StagingArea.Sweep(_disk, _temp.Path);
        });
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
        await stop.CancelAsync();
        await sweeper;
        Assert.Equal(100, Directory.GetFileSystemEntries(_temp.Path).Length);
    }

    public static TheoryData<string, string, string> Forgeries()
    {
        const string item = """{"inode":1,"isFolder":false,"length":1,"modifiedUtcTicks":1}""";
        const string @new = $"""
            "new":{item},"old":null
            """;
        const string old = $"""
            "new":null,"old":{item}
            """;
        static string One(string action, string? staged, string final, string rest = @new) =>
            $$"""{"version":1,"steps":[{"action":"{{action}}","staged":{{(staged is null ? "null" : $"\"{staged}\"")}},"final":"{{final}}",{{rest}}}],"folders":[]}""";
        const string unsafeName = "outside its folder";
        const string contradiction = "contradicts itself";
        const string foreign = "not a journal";
        const string version = "of another version";
        return new TheoryData<string, string, string>
        {
            { "final above", unsafeName, One("Place", "s", "../victim") },
            { "final above by a detour", unsafeName, One("Place", "s", "a/../../victim") },
            { "final absolute", unsafeName, One("Place", "s", "/victim") },
            { "final itself", unsafeName, One("Place", "s", ".") },
            { "final empty", unsafeName, One("Place", "s", "") },
            { "final with NUL", unsafeName, One("Place", "s", "a\\u0000b") },
            { "final through a link", unsafeName, One("Place", "s", "link/victim") },
            { "final through a file", unsafeName, One("Place", "s", "file/victim") },
            {
                "final in a living staging folder",
                unsafeName,
                One("Place", "s", ".backuptools-2-20261120T041000Z-0123abcd.staging/x")
            },
            { "removal above", unsafeName, One("Remove", null, "../victim", old) },
            { "staged above", unsafeName, One("Place", "../../victim", "g") },
            { "staged absolute", unsafeName, One("Place", "/victim", "g") },
            { "staged through a link", unsafeName, One("Place", "link/victim", "g") },
            { "removal with a staged name", contradiction, One("Remove", "s", "f", old) },
            { "removal with a new item", contradiction, One("Remove", null, "f", $"\"new\":{item},\"old\":{item}") },
            { "removal of nothing", contradiction, One("Remove", null, "g", "\"new\":null,\"old\":null") },
            { "placing over something", contradiction, One("Place", "s", "f", $"\"new\":{item},\"old\":{item}") },
            { "placing nothing", contradiction, One("Place", null, "g") },
            { "placing what is not known", contradiction, One("Place", "s", "g", "\"new\":null,\"old\":null") },
            { "unknown action", foreign, One("Destroy", "s", "g") },
            { "action out of range", contradiction, One("Place", "s", "g").Replace("\"Place\"", "77") },
            { "folders above", unsafeName, """{"version":1,"steps":[],"folders":["../victims"]}""" },
            { "other version", version, """{"version":2,"steps":[],"folders":[]}""" },
            { "unknown property", foreign, """{"version":1,"steps":[],"folders":[],"also":1}""" },
            { "missing property", foreign, """{"version":1,"steps":[]}""" },
            { "null list", foreign, """{"version":1,"steps":null,"folders":[]}""" },
            { "null step", contradiction, """{"version":1,"steps":[null],"folders":[]}""" },
            {
                "null step among others",
                contradiction,
                One("Place", "s", "g").Replace("[", "[null,").Replace("folders\":[null,", "folders\":[")
            },
            { "null name", contradiction, """{"version":1,"steps":[],"folders":[null]}""" },
            { "null", version, "null" },
            { "cut", foreign, """{"version":1,"steps":[""" },
            { "empty", foreign, "" },
            { "not JSON", foreign, "\0\0\0\0" },
            { "deep", foreign, new string('[', 100_000) },
            { "number too large", foreign, """{"version":99999999999999999999,"steps":[],"folders":[]}""" },
        };
    }

    [Theory]
    [MemberData(nameof(Forgeries))]
    public void A_journal_that_we_did_not_write_moves_nothing(string what, string reason, string journal)
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
        {
            _temp.Write(name, "data");
        }

        _temp.Write("in/.backuptools-2-20261120T041000Z-0123abcd.staging/.backuptools-owner.lock", "");
        using var living = _disk.TryLock(
            _temp["in/.backuptools-2-20261120T041000Z-0123abcd.staging/.backuptools-owner.lock"]
        );
        _temp.Write("in/" + Journal, journal);
        _temp.Write("in/" + Owner, "");
        foreach (var link in new[] { "in/link", $"in/{Dead}/link" })
        {
            if (OperatingSystem.IsWindows())
                _temp.Write(link, "no link, which only an administrator may make");
            else
                File.CreateSymbolicLink(_temp[link], _temp["victims"]);
        }
        Assert.Empty(StagingArea.UnfinishedIn(_disk, _temp["in"]));
        LeftToPeople(reason);
        Assert.Contains(Dead, _warnings[0]);
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
        LeftToPeople("outside its folder");
    }

    [Fact]
    public void What_somebody_changed_after_the_kill_is_not_undone()
    {
        Kill(_temp["in"], _temp["in/b"], "replace", "/b");
        Assert.Equal("new a", File.ReadAllText(_temp["in/a"]));
        File.AppendAllText(_temp["in/a"], " and used");
        LeftToPeople("is not what the run put there");
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

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_is_published_and_then_removed_does_not_come_back(bool killedInTheSweep)
    {
        if (!killedInTheSweep)
        {
            Kill(_temp["in"], _temp["in/b"], "delete", ".backuptools-aside/0");
        }
        else
        {
            Kill(_temp["in"], _temp["in/b"], "delete", "journal.json");
            FaultyDisk sweeping = null!;
            sweeping = new FaultyDisk(_disk)
            {
                OnStep = () =>
                {
                    if (sweeping.Log[^1].EndsWith(".backuptools-aside/0", StringComparison.Ordinal))
                        throw new KilledException();
                },
            };
            Assert.Throws<KilledException>(() => StagingArea.Sweep(sweeping, _temp["in"]));
        }
        File.Delete(_temp["in/b"]);
        Assert.Single(Sweep("in"));
        Assert.Equal("in/\nin/a=new a", _temp.Show());
        Assert.Empty(_warnings);
    }

    [Fact]
    public void A_publication_that_was_undone_before_the_kill_is_over()
    {
        var failAt = StepOf("replace", "/b", new FaultyDisk(_disk), _temp["in"], _temp["in/b"]);
        var failing = new FaultyDisk(_disk) { FailAt = failAt };
        var killAt = StepOf("rmdir", "aside", failing, _temp["in"], _temp["in/b"]);
        var disk = new FaultyDisk(_disk) { FailAt = failAt, KillAt = killAt };
        Assert.Throws<KilledException>(() => Replace(disk, _temp["in"], _temp["in/b"]));
        Assert.Equal("old a", File.ReadAllText(_temp["in/a"]));
        File.Move(_temp.Write("in/c", "another a"), _temp["in/a"], overwrite: true);
        Assert.Single(Sweep("in"));
        Assert.Equal("in/\nin/a=another a\nin/b=old b", _temp.Show());
        Assert.Empty(_warnings);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_old_file_that_somebody_took_before_its_step_leaves_all_to_people(bool replaced)
    {
        Kill(_temp["in"], _temp["in/b"], "link", ".backuptools-aside/1");
        Assert.Equal("new a", File.ReadAllText(_temp["in/a"]));
        if (replaced)
            File.Move(_temp.Write("in/c", "another b"), _temp["in/b"], overwrite: true);
        else
            File.Delete(_temp["in/b"]);
        LeftToPeople("is not what the run put there");
    }

    [Fact]
    public void What_came_in_the_place_of_a_removed_file_is_not_undone()
    {
        Kill(_temp["in"], _temp["in/b"], "replace", "/b", removed: _temp["in/c"]);
        Assert.False(File.Exists(_temp["in/c"]));
        _temp.Write("in/c", "another c");
        LeftToPeople("is not what the run put there");
    }

    [UnixFact]
    public void A_colon_in_a_name_means_nothing_on_Unix()
    {
        Kill(_temp["in"], _temp["in/b:c"], "replace", "/b:c");
        Assert.Single(Sweep("in"));
        Assert.Equal("in/\nin/a=old a\nin/b:c=old b", _temp.Show());
    }

    /// <summary>A sweep says why it leaves everything as it is.</summary>
    private void LeftToPeople(string reason)
    {
        var before = _temp.Show();
        Assert.Empty(Sweep("in"));
        Assert.Contains(reason, Assert.Single(_warnings));
        Assert.Equal(before, _temp.Show());
    }

    /// <summary>As <see cref="Replace"/>, killed before the step of this kind on this path.</summary>
    private void Kill(string folder, string second, string step, string pathEnd, string? removed = null)
    {
        var killAt = StepOf(step, pathEnd, new FaultyDisk(_disk), folder, second, removed);
        var disk = new FaultyDisk(_disk) { KillAt = killAt };
        Assert.Throws<KilledException>(() => Replace(disk, folder, second, removed));
    }

    /// <summary>The number of the first step of this kind on this path.</summary>
    private int StepOf(
        string step,
        string pathEnd,
        FaultyDisk disk,
        string folder,
        string second,
        string? removed = null
    )
    {
        Record.Exception(() => Replace(disk, folder, second, removed));
        var index = disk.Log.FindIndex(l => l.Split(' ')[1] == step && l.EndsWith(pathEnd, StringComparison.Ordinal));
        Assert.True(index >= 0, string.Join('\n', disk.Log));
        return index + 1;
    }

    /// <summary>Removes a file, if one is named, and replaces in/a and a second file.</summary>
    private void Replace(IDisk disk, string folder, string second, string? removed = null)
    {
        _temp.Write("in/a", "old a");
        _temp.Write(Path.GetRelativePath(_temp.Path, second), "old b");
        if (removed is not null)
            _temp.Write(Path.GetRelativePath(_temp.Path, removed), "old c");
        using var staging = StagingArea.Create(disk, folder, TimeProvider.System);
        foreach (var name in new[] { "a", "b" })
        {
            using var file = staging.CreateFile(name);
            file.Write(System.Text.Encoding.UTF8.GetBytes("new " + name), 0);
        }
        staging.Publish(
            [
                .. removed is null ? Array.Empty<PublishStep>() : [PublishStep.Remove(removed)],
                PublishStep.Replace("a", Path.Combine(folder, "a")),
                PublishStep.Replace("b", second),
            ],
            default
        );
    }
}
