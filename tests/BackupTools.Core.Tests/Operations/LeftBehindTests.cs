using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Operations;
using BackupTools.Tests.Files;

namespace BackupTools.Tests.Operations;

/// <summary>
/// What every operation of every engine leaves: what it was asked for, and not a file or folder more. Once on the disk as
/// it is here, and once by the rules of Windows.
/// </summary>
public class LeftBehindTests
{
    public static TheoryData<string, bool> EveryEngine()
    {
        var data = new TheoryData<string, bool>();
        foreach (var engine in EngineSandbox.Names)
        {
            data.Add(engine, false);
            data.Add(engine, true);
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(EveryEngine))]
    public void Every_operation_leaves_what_it_was_asked_for_and_nothing_else(string engine, bool byWindowsRules)
    {
        using var box = EngineSandbox.Of(engine);
        IDisk disk = byWindowsRules ? new WindowsRules(LocalDisk.Instance) : LocalDisk.Instance;
        var wrong = new List<string>();

        void Do(string operation, string[] mayAdd, Action action)
        {
            var before = Names(box);
            action();
            var added = Names(box).Except(before, StringComparer.Ordinal);
            // The cursor that backups move, which the engine asks for (docs/guarantees.md).
            added = added.Where(n => !Path.GetFileName(n).StartsWith("backup_cursor", StringComparison.Ordinal));
            wrong.AddRange(added.Where(n => !mayAdd.Any(m => IsIn(m, n))).Select(n => $"{operation}: {n}"));
            wrong.AddRange(box.Leftovers().Select(l => $"{operation}: {l}"));
        }

        box.Become("S0");
        Do("full", ["b"], () => box.Full(disk: disk));
        box.Become("S1");
        Do("incremental", ["b"], () => box.Increment(disk: disk));
        Do("test", [], () => VerifyChain.Run(new VerifySettings { Path = box.Bundles }, box.Host(disk)));
        Do("drill", [], () => VerifyChain.Run(Drill(box) with { DrillFolder = box.Folder }, box.Host(disk)));
        Do("restore", ["r"], () => box.Restore(disk: disk));
        Do("restore over it", ["r"], () => box.Restore(box.RestoreTo(box.Restored) with { Force = true }, disk));
        var report = new ReportSettings { Folders = [box.Bundles], DestinationPath = box.At("page", "report.html") };
        Do("report", ["page/report.html", "page"], () => Verbs.Report(report, box.Host(disk)));
        Do("report over it", [], () => Verbs.Report(report, box.Host(disk)));
        Do("merge", ["m"], () => box.Merge(disk: disk));
        Do("copy", ["c"], () => box.Copy(disk: disk));
        Do("expire", [], () => box.Expire(disk: disk));
        Do(
            "refused",
            [],
            () =>
                Assert.ThrowsAny<BackupException>(() =>
                    box.Restore(box.RestoreTo("r", Path.GetFileName(box.Restored)), disk)
                )
        );

        Assert.Empty(wrong);
        Assert.DoesNotContain(box.Warnings, w => w.Contains("removed", StringComparison.Ordinal));
    }

    [Fact]
    public void A_staging_folder_that_cannot_be_removed_is_told()
    {
        using var temp = new TempFolder();
        var told = new List<string>();
        IDiskFile open;
        using (
            var staging = StagingArea.Create(
                new WindowsRules(LocalDisk.Instance),
                temp.Path,
                TimeProvider.System,
                told.Add
            )
        )
            open = staging.CreateFile(Path.Combine("folder", "held by a virus scanner"));
        open.Dispose();
        Assert.Contains("could not be removed", Assert.Single(told), StringComparison.Ordinal);
    }

    [Fact]
    public void A_lock_file_or_a_folder_made_for_it_that_cannot_be_removed_is_told()
    {
        using var temp = new TempFolder();
        var sound = new FaultyDisk(LocalDisk.Instance);
        var steps = 0;
        using (FolderLock.Acquire(sound, temp["new"]))
            steps = sound.Steps;
        Assert.Equal("", temp.Show());

        var told = new List<string>();
        var faulty = new FaultyDisk(LocalDisk.Instance) { FailAt = steps + 1, FailWith = ErrorCode.AccessDenied };
        FolderLock.Acquire(faulty, temp["new"], tell: told.Add).Dispose();
        Assert.Contains(FolderLock.DefaultName, Assert.Single(told), StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_dead_run_left_is_swept_by_the_rules_of_Windows_too()
    {
        using var temp = new TempFolder();
        var dead = StagingArea.Create(LocalDisk.Instance, temp.Path, TimeProvider.System);
        dead.CreateFile("bundle").Dispose();
        using (var copy = new TempFolder())
        {
            // As the owner is dead its lock is not: the folder without it.
            var folder = Directory.CreateDirectory(copy[Path.GetFileName(dead.Folder)]);
            File.WriteAllText(Path.Combine(folder.FullName, "bundle"), "B");
            var warnings = new List<string>();
            Assert.Equal(
                [folder.Name],
                StagingArea.Sweep(new WindowsRules(LocalDisk.Instance), copy.Path, warnings.Add)
            );
            Assert.Empty(warnings);
            Assert.Equal("", copy.Show());
        }
        dead.Dispose();
        Assert.Equal("", temp.Show());
    }

    private static VerifySettings Drill(EngineSandbox box) => new() { Path = box.Bundles, RestoreDrill = true };

    private static SortedSet<string> Names(EngineSandbox box) => [.. box.Inventory().Keys];

    private static bool IsIn(string folder, string name) =>
        name == folder || name.StartsWith(folder + '/', StringComparison.Ordinal);
}
