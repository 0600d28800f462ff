using System.Globalization;
using System.Text;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Operations;
using BackupTools.Tests.Engines.PowDb;
using BackupTools.Tests.Files;
using BackupTools.Tests.FrontEnds;

namespace BackupTools.Tests.Operations;

/// <summary>
/// What every operation of every engine leaves: what it was asked for, and not a file or folder more. One table
/// for every system: once on the disk as it is here, and once by the rules of Windows.
/// </summary>
public class LeftBehindTests
{
    public static TheoryData<string, bool> EveryEngine()
    {
        var data = new TheoryData<string, bool>();
        foreach (var engine in EngineSandbox.All)
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
        box.Clock = new FixedClock(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));
        IDisk disk = byWindowsRules ? new WindowsRules(LocalDisk.Instance) : LocalDisk.Instance;
        var left = new StringBuilder($"{engine}\n");

        // What an index of SQLite's log holds is no one's data: whoever reads may write it anew.
        SortedDictionary<string, string> Inventory()
        {
            var files = box.Inventory();
            files.Remove("app.db-shm");
            return files;
        }

        void Do(string operation, Action action)
        {
            var before = Inventory();
            action();
            left.Append(CultureInfo.InvariantCulture, $"  {operation}\n").Append(Changes(before, Inventory()));
        }

        box.Become("S0");
        Do("full", () => box.Full(disk: disk));
        box.Become("S1");
        Do("incremental", () => box.Increment(disk: disk));
        Do("test", () => VerifyChain.Run(new VerifySettings { Path = box.Bundles }, box.Host(disk)));
        Do("drill", () => VerifyChain.Run(Drill(box) with { DrillFolder = box.Folder }, box.Host(disk)));
        Do("restore", () => box.Restore(disk: disk));
        left.Append(box.RestoredBytes()).Append('\n');
        Do("restore over it", () => box.Restore(box.RestoreTo(box.Restored) with { Force = true }, disk));
        left.Append(box.RestoredBytes()).Append('\n');
        Do("restore refused", () => Assert.Throws<BackupException>(() => box.Restore(disk: disk)));
        var report = new ReportSettings { Folders = [box.Bundles], DestinationPath = box.At("page", "report.html") };
        Do("report", () => Verbs.Report(report, box.Host(disk)));
        Do("report over it", () => Verbs.Report(report, box.Host(disk)));
        Do("merge", () => box.Merge(disk: disk));
        Do("copy", () => box.Copy(disk: disk));
        Do("second full", () => box.Full(disk: disk));
        Do("expire", () => box.Expire(disk: disk));

        Assert.True(Expected(engine) == left.ToString(), $"{TableOf(engine)} should be:\n\n{left}");
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
        {
            open = staging.CreateFile(Path.Combine("folder", "held by a virus scanner"));
        }

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
    public void Every_run_warns_of_a_lock_file_that_stays()
    {
        using var box = new SpgSandbox();
        var disk = new HeldLocks();
        box.Full(disk: disk);
        Told(FolderLock.DefaultName);
        box.Restore(disk: disk);
        Told($".{Path.GetFileName(box.Restored)}.backuptools.lock");
        // It keeps nobody out.
        box.Full();
        Assert.Empty(box.Warnings);

        void Told(string name)
        {
            var warning = Assert.Single(box.Warnings);
            Assert.Contains("could not be removed", warning, StringComparison.Ordinal);
            Assert.Contains(name, warning, StringComparison.Ordinal);
            box.Warnings.Clear();
        }
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

    /// <summary>Locks that another program has open and lets nobody remove.</summary>
    private sealed class HeldLocks() : ForwardingDisk(LocalDisk.Instance)
    {
        public override void DeleteFile(string path)
        {
            if (path.EndsWith("backuptools.lock", StringComparison.Ordinal))
                throw new BackupException(ErrorCode.WriteFailed, "another program has it open", path);
            base.DeleteFile(path);
        }
    }

    private static VerifySettings Drill(EngineSandbox box) => new() { Path = box.Bundles, RestoreDrill = true };

    /// <summary>A line for each name that came, went or has other content.</summary>
    private static string Changes(SortedDictionary<string, string> before, SortedDictionary<string, string> after) =>
        string.Concat(
            before
                .Keys.Union(after.Keys, StringComparer.Ordinal)
                .Order(StringComparer.Ordinal)
                .Select(name =>
                    !after.TryGetValue(name, out var content) ? $"    - {name}\n"
                    : !before.TryGetValue(name, out var old) ? $"    + {name}\n"
                    : content != old ? $"    ! {name}\n"
                    : ""
                )
        );

    /// <summary>The engine's table, which is the same on every system.</summary>
    private static string Expected(string engine) =>
        Directory
            .EnumerateFiles(Path.Combine(ChildProcess.Root, "tests"), TableOf(engine), SearchOption.AllDirectories)
            .Select(f => File.ReadAllText(f).ReplaceLineEndings("\n"))
            .SingleOrDefault("");

    private static string TableOf(string engine) => $"LeftBehind.{engine}.txt";
}
