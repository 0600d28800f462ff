using BackupTools.Errors;
using BackupTools.Files;

namespace BackupTools.Tests.Files;

/// <summary>
/// Every kind of publication with a fault at every step: the destination holds the old state or the new one, and after
/// a sweep nothing else.
/// </summary>
public sealed class PublicationFaultTests
{
    private const string NoLinks = "no links";
    private const string NoExchange = "no exchange";

    private sealed record Scenario(
        string Name,
        string[] Before,
        string[] Staged,
        Func<string, PublishStep[]> Steps,
        string[] After,
        params string[] Lacks
    );

    private static readonly Scenario[] Scenarios =
    [
        new("place a file", [], ["s"], d => [Place("s", d, "f")], ["f=new s"]),
        new(
            "place a folder",
            ["x=old"],
            ["s/a", "s/b/c"],
            d => [Place("s", d, "f")],
            ["f/a=new s/a", "f/b/c=new s/b/c", "x=old"]
        ),
        new(
            "place three",
            [],
            ["1", "2", "3/x"],
            d => [Place("1", d, "a"), Place("3", d, "c"), Place("2", d, "b")],
            ["a=new 1", "b=new 2", "c/x=new 3/x"]
        ),
        new(
            "place in new folders",
            ["k=old"],
            ["1", "2"],
            d => [Place("1", d, "p/q/a"), Place("2", d, "r/b")],
            ["k=old", "p/q/a=new 1", "r/b=new 2"]
        ),
        new("place one in a new folder", [], ["1"], d => [Place("1", d, "p/q/a")], ["p/q/a=new 1"]),
        new("replace a file", ["f=old"], ["s"], d => [Replace("s", d, "f")], ["f=new s"]),
        new("replace a file without links", ["f=old"], ["s"], d => [Replace("s", d, "f")], ["f=new s"], NoLinks),
        new(
            "replace a file by plain rename",
            ["f=old"],
            ["s"],
            d => [Replace("s", d, "f")],
            ["f=new s"],
            NoLinks,
            NoExchange
        ),
        new("replace nothing", [], ["s"], d => [Replace("s", d, "f")], ["f=new s"]),
        new("replace a folder", ["f/x=old", "f/y/z=old"], ["s/x"], d => [Replace("s", d, "f")], ["f/x=new s/x"]),
        new(
            "replace a folder without exchange",
            ["f/x=old", "f/y/z=old"],
            ["s/x"],
            d => [Replace("s", d, "f")],
            ["f/x=new s/x"],
            NoExchange
        ),
        new("replace a file by a folder", ["f=old"], ["s/x"], d => [Replace("s", d, "f")], ["f/x=new s/x"]),
        new(
            "replace a folder by a file without exchange",
            ["f/x=old"],
            ["s"],
            d => [Replace("s", d, "f")],
            ["f=new s"],
            NoExchange
        ),
        new("remove a folder", ["f/x=old", "g=old"], [], d => [Remove(d, "f")], ["g=old"]),
        new(
            "remove three",
            ["a=old", "b/x=old", "c=old", "d=old"],
            [],
            d => [Remove(d, "a"), Remove(d, "b"), Remove(d, "c"), Remove(d, "z")],
            ["d=old"]
        ),
        new(
            "place a folder and something in it",
            [],
            ["s/a", "t"],
            d => [Place("s", d, "f"), Place("t", d, "f/t")],
            ["f/a=new s/a", "f/t=new t"]
        ),
        new(
            "a bundle and its manifest",
            ["m=old", "a=old"],
            ["b", "m"],
            d => [Place("b", d, "b"), Replace("m", d, "m")],
            ["a=old", "b=new b", "m=new m"]
        ),
        .. new[] { Array.Empty<string>(), [NoLinks], [NoExchange], [NoLinks, NoExchange] }.Select(lacks => new Scenario(
            "a database of many parts" + string.Concat(lacks.Select(l => ", " + l)),
            ["db=old", "wal/1=old", "wal/2=old", "stale=old", "other=old"],
            ["db", "wal/1", "index"],
            d => [Remove(d, "stale"), Replace("wal", d, "wal"), Place("index", d, "index"), Replace("db", d, "db")],
            ["db=new db", "index=new index", "other=old", "wal/1=new wal/1"],
            lacks
        )),
    ];

    public static TheoryData<string> Names => new(Scenarios.Select(s => s.Name));

    private static PublishStep Place(string staged, string folder, string name) =>
        PublishStep.Place(staged, Path.Combine(folder, name));

    private static PublishStep Replace(string staged, string folder, string name) =>
        PublishStep.Replace(staged, Path.Combine(folder, name));

    private static PublishStep Remove(string folder, string name) => PublishStep.Remove(Path.Combine(folder, name));

    [Theory]
    [MemberData(nameof(Names))]
    public void Without_a_fault_the_new_state_stands_and_is_durable(string name)
    {
        var s = Scenarios.Single(s => s.Name == name);
        using var temp = Prepare(s);
        var disk = DiskFor(s, temp);
        Run(s, disk, temp.Path);
        Assert.Equal(After(s), Files(temp));
        Assert.Empty(disk.UnflushedIn(temp.Path));
        Assert.Empty(StagingArea.Sweep(disk, temp.Path));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_failing_step_leaves_the_old_state_or_none_is_reported(string name) =>
        ForEveryStep(
            name,
            (n, temp, s) => DiskFor(s, temp, failAt: n),
            (thrown, temp, s) =>
            {
                // A rename over the old file is not undone when all that fails is making it durable.
                var isPlain =
                    thrown?.Message.EndsWith("flush", StringComparison.Ordinal) == true
                    && s.Name.EndsWith("plain rename", StringComparison.Ordinal);
                var now = Files(temp).Where(NotStaging).ToArray();
                if (!isPlain || !now.SequenceEqual(After(s)))
                    Assert.Equal(thrown is null ? After(s) : Before(s), now);
                Assert.True(thrown is null or BackupException { Code: ErrorCode.DiskFull }, $"{thrown}");
            }
        );

    [Theory]
    [MemberData(nameof(Names))]
    public void A_disk_that_fails_from_some_step_on_is_put_right_by_a_sweep(string name) =>
        ForEveryStep(name, (n, temp, s) => DiskFor(s, temp, failAt: n, failUntil: int.MaxValue), (_, _, _) => { });

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(5)]
    public void A_disk_that_recovers_before_the_cleaning_up_loses_nothing(int failures)
    {
        foreach (var s in Scenarios)
            ForEveryStep(
                s.Name,
                (n, temp, s) => DiskFor(s, temp, failAt: n, failUntil: n + failures - 1),
                (_, _, _) => { }
            );
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_kill_leaves_what_a_sweep_makes_the_old_or_the_new_state(string name) =>
        ForEveryStep(name, (n, temp, s) => DiskFor(s, temp, killAt: n), (_, _, _) => { });

    [Theory]
    [MemberData(nameof(Names))]
    public void A_power_loss_leaves_what_a_sweep_makes_the_old_or_the_new_state(string name) =>
        ForEveryStep(name, (n, temp, s) => DiskFor(s, temp, killAt: n, powerLoss: true), (_, _, _) => { });

    [Theory]
    [MemberData(nameof(Names))]
    public void A_power_loss_that_takes_all_unflushed_names_along_does_too(string name) =>
        ForEveryStep(
            name,
            (n, temp, s) => DiskFor(s, temp, killAt: n, powerLoss: true, losesNames: true),
            (_, _, _) => { }
        );

    [Theory]
    [InlineData("replace a file")]
    [InlineData("replace a file without links")]
    [InlineData("replace a file by plain rename")]
    [InlineData("replace a folder")]
    [InlineData("replace a file by a folder")]
    [InlineData("a bundle and its manifest")]
    [InlineData("a database of many parts")]
    [InlineData("a database of many parts, " + NoLinks)]
    public void What_is_replaced_is_there_at_every_moment_even_when_it_is_undone(string name)
    {
        var s = Scenarios.Single(s => s.Name == name);
        for (var n = 0; n <= StepsOf(s); n++)
        {
            using var temp = Prepare(s);
            var replaced = s.Steps(temp.Path).Where(p => p.Action == PublishAction.Replace).Select(p => p.FinalPath);
            var disk = DiskFor(
                s,
                temp,
                failAt: n,
                onStep: () => Assert.All(replaced, p => Assert.True(Path.Exists(p), p))
            );
            Assert.IsNotAssignableFrom<Xunit.Sdk.XunitException>(Attempt(s, disk, temp.Path));
        }
    }

    [Theory]
    [InlineData("a database of many parts")]
    [InlineData("a database of many parts, no links, no exchange")]
    [InlineData("place in new folders")]
    public void A_sweep_that_is_killed_itself_is_finished_by_the_next(string name)
    {
        var s = Scenarios.Single(s => s.Name == name);
        var tried = 0;
        for (var n = 1; n <= StepsOf(s); n++)
        {
            for (var m = 1; ; m++)
            {
                using var temp = Prepare(s);
                Assert.NotNull(Attempt(s, DiskFor(s, temp, killAt: n), temp.Path));
                var sweeping = DiskFor(s, temp, killAt: m);
                var killed = Record.Exception(() => StagingArea.Sweep(sweeping, temp.Path));
                if (killed is null)
                    break;
                tried++;
                SweepAndExpectOldOrNew(s, temp, $"kill {n}, sweep killed {m}:\n{string.Join('\n', sweeping.Log)}");
            }
        }
        Assert.True(tried > 100, $"{tried} tried");
    }

    [Fact]
    public void What_was_removed_from_a_folder_before_it_was_replaced_is_put_back_into_the_old_one()
    {
        var s = new Scenario(
            "a folder and a part of it",
            ["f/x=old", "f/y=old"],
            ["s/a"],
            d => [Remove(d, "f/x"), Replace("s", d, "f")],
            ["f/a=new s/a"]
        );
        for (var n = 1; n <= StepsOf(s); n++)
        {
            using var temp = Prepare(s);
            var thrown = Attempt(s, DiskFor(s, temp, failAt: n), temp.Path);
            Assert.Equal(thrown is null ? After(s) : Before(s), Files(temp).Where(NotStaging));
        }
    }

    [Theory]
    [InlineData("a bundle and its manifest")]
    [InlineData("a database of many parts")]
    public void Before_the_first_step_all_that_is_staged_and_the_journal_are_durable(string name)
    {
        var s = Scenarios.Single(s => s.Name == name);
        using var temp = Prepare(s);
        FaultyDisk disk = null!;
        IReadOnlyList<string>? unflushed = null;
        disk = DiskFor(
            s,
            temp,
            onStep: () =>
            {
                if (disk.Log[^1].Contains(" move ") && !disk.Log[^1].Contains("journal"))
                    unflushed ??= disk.UnflushedIn(temp.Path);
            }
        );
        Run(s, disk, temp.Path);
        Assert.NotNull(unflushed);
        Assert.Empty(unflushed);
    }

    [Theory]
    [InlineData("place in new folders")]
    [InlineData("a database of many parts, " + NoLinks)]
    public void The_journal_goes_only_when_what_it_tells_of_is_durable(string name)
    {
        var s = Scenarios.Single(s => s.Name == name);
        var looked = 0;
        for (var n = 1; n <= StepsOf(s); n++)
        {
            using var failing = Prepare(s);
            Assert.IsNotAssignableFrom<Xunit.Sdk.XunitException>(Attempt(s, Watched(failing, failAt: n), failing.Path));

            using var killed = Prepare(s);
            var dead = DiskFor(s, killed, killAt: n);
            Attempt(s, dead, killed.Path);
            var sweeping = Watched(killed);
            sweeping.GoOnAfter(dead);
            StagingArea.Sweep(sweeping, killed.Path);
        }
        Assert.True(looked > 10, $"{looked}");

        FaultyDisk Watched(TempFolder temp, int failAt = 0)
        {
            FaultyDisk disk = null!;
            return disk = DiskFor(
                s,
                temp,
                failAt,
                onStep: () =>
                {
                    if (disk.Log[^1].Split(' ') is not [_, "delete", var path] || !path.EndsWith("journal.json"))
                        return;
                    looked++;
                    Assert.DoesNotContain(
                        disk.UnflushedIn(temp.Path),
                        p => NotStaging(Path.GetRelativePath(temp.Path, p))
                    );
                }
            );
        }
    }

    [Fact]
    public void When_the_old_state_cannot_be_put_back_the_cause_is_told_and_what_to_keep()
    {
        var s = Scenarios.Single(s => s.Name == "a bundle and its manifest");
        using var temp = Prepare(s);
        var learn = DiskFor(s, temp);
        Run(s, learn, temp.Path);
        var replace = 1 + learn.Log.FindIndex(l => l.Contains(" replace "));

        using var broken = Prepare(s);
        var disk = DiskFor(s, broken, failAt: replace, failUntil: int.MaxValue);
        var e = Assert.IsType<BackupException>(Attempt(s, disk, broken.Path));
        var cause = Assert.IsType<BackupException>(e.InnerException);
        Assert.Equal($"fault at step {replace}, replace", cause.Message);
        Assert.Equal((ErrorCode.DiskFull, cause.FullName), (e.Code, e.FullName));
        Assert.StartsWith($"{cause.Message}; and the old state could not be put back: fault at step", e.Message);
        Assert.Contains(Assert.Single(Directory.GetDirectories(broken.Path)), e.Recommendation);
        SweepAndExpectOldOrNew(s, broken, "once the disk works again");
    }

    private static void ForEveryStep(
        string name,
        Func<int, TempFolder, Scenario, FaultyDisk> disk,
        Action<Exception?, TempFolder, Scenario> check
    )
    {
        var s = Scenarios.Single(s => s.Name == name);
        var steps = StepsOf(s);
        Assert.True(steps > 5, $"{steps} steps");
        for (var n = 1; n <= steps; n++)
        {
            using var temp = Prepare(s);
            var faulty = disk(n, temp, s);
            var thrown = Attempt(s, faulty, temp.Path);
            check(thrown, temp, s);
            SweepAndExpectOldOrNew(s, temp, $"step {n}, {thrown?.Message}:\n{string.Join('\n', faulty.Log)}");
        }
    }

    private static void SweepAndExpectOldOrNew(Scenario s, TempFolder temp, string what)
    {
        var warnings = new List<string>();
        StagingArea.Sweep(LocalDisk.Instance, temp.Path, warnings.Add);
        var now = Files(temp);
        Assert.True(
            now.SequenceEqual(Before(s)) || now.SequenceEqual(After(s)),
            $"{s.Name}: {string.Join(", ", now)} {string.Join(", ", warnings)}\n{what}"
        );
    }

    private static int StepsOf(Scenario s)
    {
        using var temp = Prepare(s);
        var disk = DiskFor(s, temp);
        Run(s, disk, temp.Path);
        return disk.Steps;
    }

    private static Exception? Attempt(Scenario s, FaultyDisk disk, string folder) =>
        Record.Exception(() => Run(s, disk, folder));

    private static void Run(Scenario s, IDisk disk, string folder)
    {
        using var staging = StagingArea.Create(disk, folder, TimeProvider.System);
        foreach (var name in s.Staged)
        {
            using var file = staging.CreateFile(name);
            file.Write(System.Text.Encoding.UTF8.GetBytes("new " + name), 0);
        }
        staging.Publish(s.Steps(folder), default);
    }

    private static FaultyDisk DiskFor(
        Scenario s,
        TempFolder temp,
        int failAt = 0,
        int killAt = 0,
        int failUntil = 0,
        bool powerLoss = false,
        bool losesNames = false,
        Action? onStep = null
    ) =>
        new(LocalDisk.Instance)
        {
            FailAt = failAt,
            FailUntil = failUntil,
            KillAt = killAt,
            PowerLossIn = powerLoss ? temp.Path : null,
            LosesNames = losesNames,
            OnStep = onStep ?? (static () => { }),
            HardLinks = !s.Lacks.Contains(NoLinks),
            Exchanges = !s.Lacks.Contains(NoExchange),
        };

    private static TempFolder Prepare(Scenario s)
    {
        // In memory where there is such a folder: there are thousands of flushes.
        var temp = new TempFolder(Directory.Exists("/dev/shm") ? "/dev/shm" : null);
        foreach (var file in s.Before)
            temp.Write(file.Split('=')[0], "old");
        return temp;
    }

    private static string[] Before(Scenario s) => [.. s.Before.Order(StringComparer.Ordinal)];

    private static string[] After(Scenario s) => [.. s.After.Order(StringComparer.Ordinal)];

    private static bool NotStaging(string line) =>
        !line.StartsWith(StagingArea.ReservedPrefix, StringComparison.Ordinal);

    /// <summary>Every file with its content; folders that hold none show as such, for none may be left behind.</summary>
    private static string[] Files(TempFolder temp) =>
        [
            .. Directory
                .EnumerateFileSystemEntries(temp.Path, "*", SearchOption.AllDirectories)
                .Where(p => File.Exists(p) || !Directory.EnumerateFileSystemEntries(p).Any())
                .Select(p =>
                    Path.GetRelativePath(temp.Path, p) + (File.Exists(p) ? "=" + File.ReadAllText(p) : "/ is empty")
                )
                .Order(StringComparer.Ordinal),
        ];
}
