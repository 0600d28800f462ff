using BackupTools.Errors;
using BackupTools.Files;
using static BackupTools.Tests.Files.PublicationScenario;

namespace BackupTools.Tests.Files;

/// <summary>
/// Every kind of publication with a fault at every step: the destination holds the old state or the new one, and after
/// a sweep nothing else.
/// </summary>
public sealed class PublicationFaultTests
{
    public static TheoryData<string> Names => new(All.Select(s => s.Name));

    [Theory]
    [MemberData(nameof(Names))]
    public void Without_a_fault_the_new_state_stands_and_is_durable(string name)
    {
        var s = All.Single(s => s.Name == name);
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
                // Windows cannot exchange two names either.
                var isPlain =
                    thrown?.Message.EndsWith("flush", StringComparison.Ordinal) == true
                    && (
                        s.Name.EndsWith("plain rename", StringComparison.Ordinal)
                        || OperatingSystem.IsWindows() && s.Name == "replace a file without links"
                    );
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
        foreach (var s in All)
        {
            ForEveryStep(
                s.Name,
                (n, temp, s) => DiskFor(s, temp, failAt: n, failUntil: n + failures - 1),
                (_, _, _) => { }
            );
        }
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
        Assert.SkipWhen(
            OperatingSystem.IsWindows()
                && (
                    name.EndsWith("folder", StringComparison.Ordinal)
                    || name.Contains("of many parts", StringComparison.Ordinal)
                ),
            "Windows exchanges no two names: between two renames there is a short moment without a folder"
        );
        var s = All.Single(s => s.Name == name);
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
        var s = All.Single(s => s.Name == name);
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
        var s = new PublicationScenario(
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
        var s = All.Single(s => s.Name == name);
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
        var s = All.Single(s => s.Name == name);
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
                        p => NotStaging(TempFolder.Relative(temp.Path, p))
                    );
                }
            );
        }
    }

    [Fact]
    public void When_the_old_state_cannot_be_put_back_the_cause_is_told_and_what_to_keep()
    {
        var s = All.Single(s => s.Name == "a bundle and its manifest");
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
        Func<int, TempFolder, PublicationScenario, FaultyDisk> disk,
        Action<Exception?, TempFolder, PublicationScenario> check
    )
    {
        var s = All.Single(s => s.Name == name);
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

    private static void SweepAndExpectOldOrNew(PublicationScenario s, TempFolder temp, string what)
    {
        var warnings = new List<string>();
        StagingArea.Sweep(LocalDisk.Instance, temp.Path, warnings.Add);
        var now = Files(temp);
        Assert.True(
            now.SequenceEqual(Before(s)) || now.SequenceEqual(After(s)),
            $"{s.Name}: {string.Join(", ", now)} {string.Join(", ", warnings)}\n{what}"
        );
    }

    private static int StepsOf(PublicationScenario s)
    {
        using var temp = Prepare(s);
        var disk = DiskFor(s, temp);
        Run(s, disk, temp.Path);
        return disk.Steps;
    }

    private static Exception? Attempt(PublicationScenario s, FaultyDisk disk, string folder) =>
        Record.Exception(() => Run(s, disk, folder));

    private static void Run(PublicationScenario s, IDisk disk, string folder)
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
        PublicationScenario s,
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

    private static TempFolder Prepare(PublicationScenario s)
    {
        // In memory where there is such a folder: there are thousands of flushes.
        var temp = new TempFolder(TempFolder.Memory);
        foreach (var file in s.Before)
            temp.Write(file.Split('=')[0], "old");
        return temp;
    }

    private static string[] Before(PublicationScenario s) => [.. s.Before.Order(StringComparer.Ordinal)];

    private static string[] After(PublicationScenario s) => [.. s.After.Order(StringComparer.Ordinal)];

    private static bool NotStaging(string line) =>
        !line.StartsWith(StagingArea.ReservedPrefix, StringComparison.Ordinal);

    /// <summary>Every file with its content; folders that hold none show as such, for none may be left behind.</summary>
    private static string[] Files(TempFolder temp) =>
        [
            .. Directory
                .EnumerateFileSystemEntries(temp.Path, "*", SearchOption.AllDirectories)
                .Where(p => File.Exists(p) || !Directory.EnumerateFileSystemEntries(p).Any())
                .Select(p =>
                    TempFolder.Relative(temp.Path, p) + (File.Exists(p) ? "=" + File.ReadAllText(p) : "/ is empty")
                )
                .Order(StringComparer.Ordinal),
        ];
}
