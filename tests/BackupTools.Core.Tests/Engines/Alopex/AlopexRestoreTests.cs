using BackupTools.Chains;
using BackupTools.Engines;
using BackupTools.Engines.Alopex;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Tests.Engines.Spg;
using BackupTools.Tests.Files;
using BackupTools.Tests.Formats.Alopex;

namespace BackupTools.Tests.Engines.Alopex;

public sealed class AlopexRestoreTests
{
    private const int EverydaySteps = 20;

    [Fact]
    public void An_older_state_replaces_a_newer_one_and_the_engines_snapshots_and_locks_stay()
    {
        using var harness = AlopexStates.Harness();
        var header = harness.Full(harness.Data("small/S0", "old"), harness.At("backup"));
        var target = harness.Data("small/S2", "db");
        InUse(target);
        var request = Request(harness, header, target);

        var occupied = harness.Engine.OccupiedBy(request, harness.Context());
        Assert.Equal(
            ["checkpoint.meta", "lsm.wal", "lsm.wal.bak", "snapshot.manifest", "sst"],
            occupied.Select(Path.GetFileName)
        );
        Assert.True(harness.Engine.MayReplace(request, harness.Context()));
        harness.Restore([header], target);

        Assert.Equal(
            [".alopex.lock", ".lifecycle", "checkpoint.meta", "lsm.wal", "sst"],
            Directory.GetFileSystemEntries(target).Select(Path.GetFileName).Order(StringComparer.Ordinal)
        );
        Assert.Equal("kept", File.ReadAllText(Path.Combine(target, ".lifecycle", "backup", "ts-1", "lsm.wal")));
        Assert.Equal(2, Directory.GetFiles(Path.Combine(target, "sst")).Length);
        Assert.Equal(AlopexFixtures.Expected(AlopexFixtures.At("small/S0")), AlopexKeyReader.Read(target).Keys);
    }

    [Theory]
    [InlineData("lsm.wal")]
    [InlineData("checkpoint.meta")]
    [InlineData(".sst")]
    public void A_restored_file_that_reads_back_differently_is_not_published(string name)
    {
        var disk = new HookedDisk
        {
            Changing = (path, _, bytes) =>
            {
                if (
                    path.Contains(".staging", StringComparison.Ordinal) && path.EndsWith(name, StringComparison.Ordinal)
                )
                {
                    bytes[0] ^= 1;
                }
            },
        };
        using var source = AlopexStates.Harness();
        using var harness = new EngineHarness(new AlopexEngine(), disk);
        var header = source.Full(source.Data("small/S2"), source.At("backup"));
        var target = harness.At("out", "db");
        var error = Assert.Throws<BackupException>(() => harness.Restore([header], target));
        Assert.Equal(ErrorCode.VerificationFailed, error.Code);
        Assert.False(Directory.Exists(target));
    }

    [Fact]
    public void A_snapshot_in_the_engines_own_layout_comes_back_into_its_own_directory()
    {
        using var harness = AlopexStates.Harness();
        var source = harness.Data("small/S0");
        var folder = Path.Combine(source, ".lifecycle", "backup");
        var header = harness.Full(source, folder, new EngineOptions { EngineLayout = true });
        foreach (var file in Directory.GetFiles(AlopexFixtures.At("small/S2/data"), "*", SearchOption.AllDirectories))
        {
            File.Copy(file, Path.Combine(source, Path.GetRelativePath(AlopexFixtures.At("small/S2/data"), file)), true);
        }

        harness.Restore([header], source);

        Assert.Equal(AlopexFixtures.Expected(AlopexFixtures.At("small/S0")), AlopexKeyReader.Read(source).Keys);
        Assert.Equal(header.Id, Assert.Single(harness.Read(source)).Id);
    }

    [Theory]
    [InlineData("db/.alopex.lock")]
    [InlineData("db/x.alopex.lock")]
    [InlineData("data.alopex.d/.alopex.lock")]
    [InlineData("data.alopex.lock")]
    public void A_directory_that_an_engine_has_open_is_not_replaced(string lockFile)
    {
        using var harness = AlopexStates.Harness();
        var header = harness.Full(harness.Data("small/S0", "old"), harness.At("backup"));
        var target = harness.Data(
            "small/S2",
            lockFile.StartsWith("data", StringComparison.Ordinal) ? "data.alopex.d" : "db"
        );
        var before = AlopexStates.Files(target);
        File.WriteAllText(harness.At(lockFile), "pid=1 host=x exe=y started_ms=1\n");
        var request = Request(harness, header, target);

        using (var held = LocalDisk.Instance.TryLock(harness.At(lockFile)))
        {
            Assert.NotNull(held);
            var error = Assert.Throws<BackupException>(() => harness.Engine.MayReplace(request, harness.Context()));
            Assert.Equal((ErrorCode.SourceInUse, harness.At(lockFile)), (error.Code, error.FullName));
            Assert.Equal(
                ErrorCode.SourceInUse,
                Assert.Throws<BackupException>(() => harness.Restore([header], target)).Code
            );
        }
        // A lock file that nobody holds means nothing.
        Assert.True(harness.Engine.MayReplace(request, harness.Context()));
        Assert.Equal(before["lsm.wal"], AlopexStates.Files(target)["lsm.wal"]);
        harness.Restore([header], target);
        Assert.StartsWith("pid=1", File.ReadAllText(harness.At(lockFile)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("photos")]
    [InlineData("file")]
    [InlineData("snapshot")]
    public void What_is_no_data_directory_is_not_replaced(string what)
    {
        using var harness = AlopexStates.Harness();
        var header = harness.Full(harness.Data("small/S0"), harness.At("backup"));
        var target = what == "snapshot" ? header.FullName : harness.At("target");
        if (what == "photos")
        {
            Directory.CreateDirectory(Path.Combine(target, "sst"));
        }
        else if (what == "file")
        {
            File.WriteAllText(target, "x");
        }
        var request = Request(harness, header, target);

        Assert.NotEmpty(harness.Engine.OccupiedBy(request, harness.Context()));
        Assert.False(harness.Engine.MayReplace(request, harness.Context()));
    }

    [Fact]
    public void An_empty_directory_is_free()
    {
        using var harness = AlopexStates.Harness();
        var header = harness.Full(harness.Data("small/S0"), harness.At("backup"));
        Directory.CreateDirectory(harness.At("target"));

        Assert.Empty(harness.Engine.OccupiedBy(Request(harness, header, harness.At("target")), harness.Context()));
        harness.Restore([header], harness.At("target"));

        Assert.Equal(
            AlopexFixtures.Expected(AlopexFixtures.At("small/S0")),
            AlopexKeyReader.Read(harness.At("target")).Keys
        );
    }

    [Fact]
    public void A_snapshot_that_rots_after_its_header_was_read_is_not_restored()
    {
        using var harness = AlopexStates.Harness();
        var header = harness.Full(harness.Data("small/S1"), harness.At("backup"));
        AlopexDamage.Patch(Path.Combine(header.FullName, "sst", "2.sst"), 300, [0xFF]);

        var error = Assert.Throws<BackupException>(() => harness.Restore([header], harness.At("restored")));

        Assert.Equal(
            (ErrorCode.ChecksumMismatch, "snapshot entry crc mismatch sst/2.sst"),
            (error.Code, error.Message)
        );
        Assert.False(Directory.Exists(harness.At("restored")));
    }

    [Fact(Skip = "Wine makes no symbolic links", SkipType = typeof(WindowsHost), SkipWhen = nameof(WindowsHost.IsWine))]
    public void Nothing_but_what_the_manifest_vouches_for_comes_back()
    {
        using var harness = AlopexStates.Harness();
        var header = harness.Full(harness.Data("small/S1"), harness.At("backup"));
        File.WriteAllText(Path.Combine(header.FullName, "note.txt"), "x");
        Directory.CreateSymbolicLink(Path.Combine(header.FullName, "link"), "/etc");

        Assert.Equal(2, harness.Verify([header]).Count(p => p.Severity == ProblemSeverity.Warning));
        harness.Restore([header], harness.At("restored"));

        Assert.Equal(
            ["checkpoint.meta", "lsm.wal", "sst"],
            Directory
                .GetFileSystemEntries(harness.At("restored"))
                .Select(Path.GetFileName)
                .Order(StringComparer.Ordinal)
        );
    }

    /// <summary>
    /// Whatever step fails, or at whatever step the process dies: the old database or the new one is there, and
    /// nothing else, once the next run has swept up. Some of the steps are tried each time, and each in a long run.
    /// </summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_forced_restore_that_is_interrupted_leaves_the_old_database_or_the_new_one(bool kill)
    {
        var steps = Interrupted(0, kill, out _);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var at in SoakBudget.Sample(steps, EverydaySteps).Select(i => i + 1))
        {
            Interrupted(at, kill, out var state);
            seen.Add(state);
        }
        // Without a kill the new one is seen when only the tidying up failed, which the next sweep does.
        Assert.Equal(["S0", "S2"], seen.Order());
    }

    /// <summary>An engine may open the directory before the next run of ours has looked at it.</summary>
    [Theory(
        Skip = "Windows swaps no two names at once",
        SkipType = typeof(WindowsHost),
        SkipWhen = nameof(WindowsHost.IsWindows)
    )]
    [InlineData("S0", "S2", true)]
    [InlineData("S2", "S0", true)]
    [InlineData("S0", "S2", false)]
    public void What_a_killed_forced_restore_leaves_reads_as_a_state_that_the_database_had(
        string from,
        string to,
        bool isInUse
    )
    {
        var known = new[] { from, to }
            .SelectMany(s => new[] { KeysOf(s, withLog: true), KeysOf(s, withLog: false) })
            .ToHashSet(StringComparer.Ordinal);
        var steps = KilledAt(0);
        Assert.True(steps > 20, "there was next to nothing to kill");
        foreach (var at in SoakBudget.Sample(steps, EverydaySteps).Select(i => i + 1))
        {
            KilledAt(at);
        }

        int KilledAt(int at)
        {
            using var harness = AlopexStates.Harness();
            var header = harness.Full(harness.Data($"small/{to}", "source"), harness.At("backup"));
            var target = harness.Data($"small/{from}", "db");
            if (isInUse)
            {
                InUse(target);
            }
            var disk = new FaultyDisk(LocalDisk.Instance) { KillAt = at };
            using var faulty = new EngineHarness(new AlopexEngine(), disk);

            _ = Record.Exception(() => faulty.Restore([header], target));

            Assert.True(known.Contains(Keys(target)), $"killed at step {at}");
            return disk.Steps;
        }
    }

    private static string KeysOf(string state, bool withLog)
    {
        using var harness = AlopexStates.Harness();
        var data = harness.Data($"small/{state}");
        if (!withLog)
        {
            using var log = File.OpenWrite(Path.Combine(data, "lsm.wal"));
            log.Write(new byte[16]); // start = end = 0
        }
        return Keys(data);
    }

    private static string Keys(string folder) =>
        string.Join('\n', AlopexKeyReader.Read(folder).Keys.Select(k => $"{k.Key} {k.Value}"));

    private static int Interrupted(int at, bool kill, out string state)
    {
        using var harness = AlopexStates.Harness();
        var header = harness.Full(harness.Data("small/S0", "old"), harness.At("backup"));
        Directory.CreateDirectory(harness.At("place"));
        var target = harness.Data("small/S2", Path.Combine("place", "db"));
        InUse(target);
        var disk = new FaultyDisk(LocalDisk.Instance) { FailAt = kill ? 0 : at, KillAt = kill ? at : 0 };
        using var faulty = new EngineHarness(new AlopexEngine(), disk);

        var error = Record.Exception(() => faulty.Restore([header], target));
        StagingArea.Sweep(LocalDisk.Instance, harness.At("place"));

        if (at == 0)
        {
            Assert.Null(error);
        }
        var keys = AlopexKeyReader.Read(target).Keys;
        state = keys.SequenceEqual(AlopexFixtures.Expected(AlopexFixtures.At("small/S2"))) ? "S2" : "S0";
        Assert.Equal(AlopexFixtures.Expected(AlopexFixtures.At("small", state)), keys);
        Assert.Equal(state == "S2" ? 7 : 5, Directory.GetFileSystemEntries(target).Length);
        if (!kill)
        {
            Assert.Equal(error is null ? "S0" : "S2", state);
        }
        Assert.Equal(["db"], Directory.GetFileSystemEntries(harness.At("place")).Select(Path.GetFileName));
        Assert.Equal("kept", File.ReadAllText(Path.Combine(target, ".lifecycle", "backup", "ts-1", "lsm.wal")));
        return disk.Steps;
    }

    /// <summary>What a directory in use has besides its data.</summary>
    private static void InUse(string folder)
    {
        Directory.CreateDirectory(Path.Combine(folder, ".lifecycle", "backup", "ts-1"));
        File.WriteAllText(Path.Combine(folder, ".lifecycle", "backup", "ts-1", "lsm.wal"), "kept");
        File.WriteAllText(Path.Combine(folder, ".alopex.lock"), "pid=1");
        File.WriteAllText(Path.Combine(folder, "lsm.wal.bak"), "old");
        File.WriteAllText(Path.Combine(folder, "snapshot.manifest"), "stale");
    }

    private static RestoreRequest Request(EngineHarness harness, BundleHeader header, string target) =>
        new() { Plan = harness.PlanOf([header]), DestinationPath = target };
}
