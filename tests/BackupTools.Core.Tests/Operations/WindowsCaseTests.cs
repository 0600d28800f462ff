using BackupTools.Files;
using BackupTools.Tests.Files;
using BackupTools.Tests.FrontEnds;

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
    public void A_bundle_has_the_names_of_the_engine_whatever_the_case_in_the_source(
        string engine,
        string name,
        string other
    )
    {
        using var box = EngineSandbox.Of(engine);
        box.Become("S0");
        box.Full(disk: Disk);
        var (before, named) = (EngineSandbox.Bytes(box.RestoreFrom(box.Bundles)), NamesIn(box.Bundles));
        Respell(box.Source, name, other);

        box.Full(disk: Disk);

        Assert.Equal(named.Concat(named).Order(StringComparer.Ordinal), NamesIn(box.Bundles));
        Assert.Equal(before, EngineSandbox.Bytes(box.RestoreFrom(box.Bundles)));
        Assert.Empty(box.Warnings);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void What_was_copied_by_a_tool_that_changes_case_is_restored(string engine, string name, string other)
    {
        using var box = EngineSandbox.Of(engine);
        box.Become("S0");
        box.Full();
        var before = EngineSandbox.Bytes(box.RestoreFrom(box.Bundles));
        var bundle = Directory.GetDirectories(box.Bundles).Single();
        Respell(bundle, name, other);
        foreach (var file in Directory.GetFiles(bundle, "*.sst", SearchOption.AllDirectories))
        {
            Respell(Path.GetDirectoryName(file)!, Path.GetFileName(file), Path.GetFileName(file).ToUpperInvariant());
        }
        foreach (var manifest in Directory.GetFiles(bundle, "*manifest*"))
        {
            Respell(bundle, Path.GetFileName(manifest), Path.GetFileName(manifest).ToUpperInvariant());
        }

        box.Restore(disk: Disk);

        Assert.Equal(before, box.RestoredBytes());
    }

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

    [Theory(Skip = Why, SkipUnless = nameof(IsWindows))]
    [MemberData(nameof(Names))]
    public void The_console_program_takes_and_restores_them(string engine, string name, string other)
    {
        using var box = EngineSandbox.Of(engine);
        box.Become("S0");
        Respell(box.Source, name, other);
        AssertOk(ChildProcess.Console("full", box.Source, "--destination-path", box.Bundles));
        var before = Tree(box.RestoreFrom(box.Bundles));
        File.WriteAllText(Path.Combine(box.Source, "readme.txt"), "");
        string[] again = ["restore", box.Bundles, "--destination-path", box.Source, "--force", "--deep"];
        AssertOk(ChildProcess.Console(again));
        File.Delete(Path.Combine(box.Source, "readme.txt"));
        Assert.Equal(before, Tree(box.Source));
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

    private static List<string> NamesIn(string bundles) =>
        [
            .. Directory
                .GetDirectories(bundles)
                .SelectMany(b =>
                    Directory
                        .GetFileSystemEntries(b, "*", SearchOption.AllDirectories)
                        .Select(f => TempFolder.Relative(b, f))
                )
                .Order(StringComparer.Ordinal),
        ];

    private static string Tree(string folder) => EngineSandbox.Tree(folder);

    private static void AssertOk(ChildResult run) => Assert.True(run.ExitCode == 0, run.ToString());
}
