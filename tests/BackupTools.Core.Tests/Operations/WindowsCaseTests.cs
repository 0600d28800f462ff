using BackupTools.Engines;
using BackupTools.Files;
using BackupTools.Tests.Files;

namespace BackupTools.Tests.Operations;

/// <summary>
/// Data folders with a name in another case than their engine's, which finds it all the same where case does not count:
/// on Windows itself, and elsewhere on a disk that finds names as Windows does.
/// </summary>
[Trait("Category", "Windows")]
public sealed class WindowsCaseTests
{
    private const string Why = "needs Windows or Wine";

    public static bool IsWindows => OperatingSystem.IsWindows();

    private static IDisk Disk { get; } =
        OperatingSystem.IsWindows() ? LocalDisk.Instance : new CaselessDisk(LocalDisk.Instance);

    /// <summary>An engine, a file or folder of its database, and its name in another case.</summary>
    public static TheoryData<string, string, string> Names =>
        new()
        {
            { EngineNames.PowDb, "catalog.bin", "CATALOG.BIN" },
            { EngineNames.PowDb, "t0.heap", "T0.HEAP" },
            { EngineNames.PowDb, "t0.heap", "T0.heap" },
            { EngineNames.PowDb, "wal.log", "Wal.log" },
            { EngineNames.Alopex, "lsm.wal", "LSM.WAL" },
            { EngineNames.Alopex, "checkpoint.meta", "Checkpoint.META" },
            { EngineNames.Alopex, "sst", "SST" },
        };

    [Theory]
    [MemberData(nameof(Names))]
    public void A_restore_over_it_entry_by_entry_keeps_what_it_brings(string engine, string name, string other)
    {
        using var box = EngineSandbox.Of(engine);
        box.Become("S0");
        box.Full();
        var before = Tree(box.RestoreFrom(box.Bundles));
        box.Become("S1");
        Directory.CreateDirectory(Path.GetDirectoryName(box.Restored)!);
        Directory.Move(box.Source, box.Restored);
        Respell(box.Restored, name, other);
        // What it may not touch, so that the folder cannot give way as a whole.
        File.WriteAllText(Path.Combine(box.Restored, "readme.txt"), "");

        box.Restore(box.RestoreTo(box.Restored) with { Force = true, Deep = true }, Disk);

        File.Delete(Path.Combine(box.Restored, "readme.txt"));
        Assert.Equal(before, Tree(box.Restored));
    }

    /// <summary>A log of the other state would be replayed over what was restored.</summary>
    [Fact]
    public void What_else_is_of_the_engine_goes_in_any_case()
    {
        using var box = new PowDbSandbox();
        box.Full();
        box.Restore();
        var before = box.RestoredBytes();
        File.WriteAllBytes(Path.Combine(box.Restored, "VIEWS.BIN"), [1]);
        File.WriteAllBytes(Path.Combine(box.Restored, "OLD.Heap"), [1]);
        File.WriteAllText(Path.Combine(box.Restored, "readme.txt"), "");

        box.Restore(box.RestoreTo(box.Restored) with { Force = true }, Disk);

        File.Delete(Path.Combine(box.Restored, "readme.txt"));
        Assert.Equal(before, box.RestoredBytes());
    }

    [Fact(Skip = Why, SkipUnless = nameof(IsWindows))]
    public void A_publication_does_not_take_away_what_it_puts_in_place()
    {
        using var temp = new TempFolder();
        var (old, final) = (Path.Combine(temp.Path, "Users.heap"), Path.Combine(temp.Path, "users.heap"));
        File.WriteAllText(old, "old");
        using var staging = StagingArea.Create(LocalDisk.Instance, temp.Path, TimeProvider.System);
        staging.CreateFile("s").Dispose();
        Assert.Throws<ArgumentException>(() =>
            PublicationPlan.Make(
                LocalDisk.Instance,
                staging,
                [PublishStep.Replace("s", final), PublishStep.Remove(old)]
            )
        );
    }

    /// <summary>Elsewhere, and in a folder of Windows that distinguishes case, it is another file.</summary>
    [Fact]
    public void Where_case_counts_a_name_in_another_case_is_something_else()
    {
        using var box = new PowDbSandbox();
        box.Full();
        box.Restore();
        Respell(box.Restored, "t0.heap", "T0.heap");
        File.WriteAllText(Path.Combine(box.Restored, "VIEWS.BIN"), "kept");
        if (LocalDisk.Instance.Stat(Path.Combine(box.Restored, "t0.heap")) is not null)
        {
            return; // here it does not count
        }

        box.Restore(box.RestoreTo(box.Restored) with { Force = true });

        Assert.True(File.Exists(Path.Combine(box.Restored, "t0.heap")));
        Assert.False(File.Exists(Path.Combine(box.Restored, "T0.heap"))); // of the engine, and in no catalogue
        Assert.Equal("kept", File.ReadAllText(Path.Combine(box.Restored, "VIEWS.BIN")));
    }

    /// <summary>By way of a third name: to a file system that ignores case the two are one.</summary>
    private static void Respell(string folder, string name, string other)
    {
        var (from, between, to) = (Path.Combine(folder, name), Path.Combine(folder, "-"), Path.Combine(folder, other));
        if (Directory.Exists(from))
        {
            Directory.Move(from, between);
            Directory.Move(between, to);
        }
        else if (File.Exists(from))
        {
            File.Move(from, between);
            File.Move(between, to);
        }
    }

    private static string Tree(string folder) => EngineSandbox.Tree(folder);
}
