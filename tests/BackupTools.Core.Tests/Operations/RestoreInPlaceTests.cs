using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Operations;
using BackupTools.Tests.Files;

namespace BackupTools.Tests.Operations;

/// <summary>
/// A restore over what is there harms nothing that is not the database's, and what it replaces hands on owner and
/// rights. That it is all or nothing there too is shown by <see cref="FaultTests"/>.
/// </summary>
public sealed class RestoreInPlaceTests
{
    private const int Size = 8 << 20;

    public static TheoryData<string> Engines => [.. EngineSandbox.All];

    public static TheoryData<string> FolderEngines => [EngineNames.PowDb, EngineNames.Alopex];

    /// <summary>What people and other programs put into a data folder.</summary>
    internal static void AddStrangers(string folder)
    {
        Directory.CreateDirectory(Path.Combine(folder, "config", "empty"));
        File.WriteAllText(Path.Combine(folder, "config", "app.toml"), "[app]");
        File.WriteAllText(Path.Combine(folder, "notes.txt"), "do not lose");
        if (Directory.Exists(Path.Combine(folder, "sst")))
        {
            File.WriteAllText(Path.Combine(folder, "sst", "README"), "tables");
        }
    }

    [Theory]
    [MemberData(nameof(FolderEngines))]
    public void What_is_no_part_of_the_database_stays_and_is_named(string engine)
    {
        using var box = EngineSandbox.Of(engine);
        var chain = box.Chain();
        box.Restore(box.RestoreTo(box.Restored) with { ToPosition = chain[0].EndPosition });
        AddStrangers(box.Restored);
        var strangers = Strangers(box.Restored);
        Assert.True(strangers.Count >= 4);

        var said = new List<string>();
        var host = Host(box, said);
        var preview = RestoreChain.Plan(box.RestoreTo(box.Restored) with { Force = true }, host);
        string[] named =
        [
            "config",
            "notes.txt",
            .. engine == EngineNames.Alopex ? ["sst/README"] : Array.Empty<string>(),
        ];
        var paths = named.Select(n => Path.GetFullPath(n, box.Restored)).ToList();
        Assert.Equal(paths, preview.Keeps);
        Assert.All(paths, path => Assert.Contains($"  keep     {path}", preview.Describe()));
        Assert.DoesNotContain(preview.Replaces, paths.Contains);
        RestoreChain.Execute(preview, host);

        Assert.All(paths, path => Assert.Contains($"{path} is not part of the database and stays", said));
        Assert.Equal(strangers, Strangers(box.Restored));
        RemoveStrangers(box.Restored);
        Assert.Equal(EngineSandbox.Tree(box.RestoreFrom(box.Bundles)), EngineSandbox.Tree(box.Restored));
        Assert.Empty(box.Leftovers());
    }

    [Theory]
    [InlineData(EngineNames.PowDb, "photos.heap", "search.idx")]
    [InlineData(EngineNames.Alopex, "lsm.wal.old", "sst/old.sst")]
    public void A_folder_stays_even_when_it_is_named_like_a_file_of_the_engine(string engine, params string[] folders)
    {
        using var box = EngineSandbox.Of(engine);
        box.Chain();
        box.Restore();
        var paths = folders.Select(n => Path.GetFullPath(n, box.Restored)).ToList();
        foreach (var path in paths)
        {
            Directory.CreateDirectory(path);
            File.WriteAllText(Path.Combine(path, "precious"), "do not lose");
        }

        var host = box.Host();
        var preview = RestoreChain.Plan(box.RestoreTo(box.Restored) with { Force = true }, host);
        Assert.Equal(paths, preview.Keeps);
        Assert.DoesNotContain(preview.Replaces, paths.Contains);
        RestoreChain.Execute(preview, host);
        Assert.All(paths, path => Assert.Equal("do not lose", File.ReadAllText(Path.Combine(path, "precious"))));
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void A_name_as_long_as_the_file_system_allows_is_restored_to(string engine)
    {
        using var box = EngineSandbox.Of(engine);
        box.Chain();
        var name = new string('n', engine is EngineNames.PowDb or EngineNames.Alopex ? 255 : 240);
        box.Restore(box.RestoreTo("r", name));
        Assert.Contains(name, Directory.GetFileSystemEntries(box.At("r")).Select(Path.GetFileName));
        Assert.DoesNotContain(Directory.GetFiles(box.At("r")), f => f.EndsWith(".lock", StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(FolderEngines))]
    public void Strangers_alone_are_no_database_and_are_refused_with_force_too(string engine)
    {
        using var box = EngineSandbox.Of(engine);
        box.Chain();
        AddStrangers(box.Restored);
        var before = EngineSandbox.Tree(box.Restored);
        var settings = box.RestoreTo(box.Restored);

        Assert.Equal(ErrorCode.DestinationExists, Assert.Throws<BackupException>(() => box.Restore(settings)).Code);
        var error = Assert.Throws<BackupException>(() => box.Restore(settings with { Force = true }));
        Assert.Equal(ErrorCode.DestinationNotRecognised, error.Code);
        Assert.Equal(before, EngineSandbox.Tree(box.Restored));
    }

    [LinuxRootTheory]
    [MemberData(nameof(FolderEngines))]
    public void A_mount_point_is_filled_and_replaced_entry_by_entry(string engine)
    {
        using var box = EngineSandbox.Of(engine);
        var chain = box.Chain();
        Directory.CreateDirectory(box.Restored);
        Assert.True(Posix.TryMountMemory(box.Restored, Size), "root may not mount here");
        try
        {
            Directory.CreateDirectory(Path.Combine(box.Restored, "lost+found")); // as on ext4
            box.Restore(box.RestoreTo(box.Restored) with { ToPosition = chain[0].EndPosition });
            Directory.Delete(Path.Combine(box.Restored, "lost+found"));
            Assert.Equal(
                EngineSandbox.Tree(box.RestoreFrom(box.Bundles, position: chain[0].EndPosition)),
                EngineSandbox.Tree(box.Restored)
            );
            var taken = Assert.Throws<BackupException>(() => box.Restore());
            Assert.Equal(ErrorCode.DestinationExists, taken.Code);

            box.Restore(box.RestoreTo(box.Restored) with { Force = true });
            Assert.Equal(EngineSandbox.Tree(box.RestoreFrom(box.Bundles)), EngineSandbox.Tree(box.Restored));
            Assert.Empty(box.Leftovers());
            Assert.Empty(box.Warnings);
        }
        finally
        {
            Posix.Unmount(box.Restored);
        }
    }

    [LinuxRootTheory]
    [MemberData(nameof(FolderEngines))]
    public void A_folder_of_the_same_disk_that_is_mounted_again_is_a_mount_point_too(string engine)
    {
        using var box = EngineSandbox.Of(engine);
        box.Chain();
        Directory.CreateDirectory(box.Restored);
        Directory.CreateDirectory(box.At("volume"));
        Assert.Equal(0, Posix.Run("mount", "--bind", box.At("volume"), box.Restored).Code);
        try
        {
            Assert.True(LocalDisk.Instance.IsMountPoint(box.Restored));
            Assert.False(LocalDisk.Instance.IsMountPoint(box.At("volume")));
            box.Restore();
            box.Restore(box.RestoreTo(box.Restored) with { Force = true });
            Assert.Equal(EngineSandbox.Tree(box.RestoreFrom(box.Bundles)), EngineSandbox.Tree(box.At("volume")));
        }
        finally
        {
            Posix.Unmount(box.Restored);
        }
    }

    public static TheoryData<string> FileEngines => [EngineNames.Sqlite, EngineNames.Spg, EngineNames.Grafeo];

    [LinuxRootTheory]
    [MemberData(nameof(FileEngines))]
    public void A_database_file_that_is_mounted_by_itself_is_refused_by_name(string engine)
    {
        using var box = EngineSandbox.Of(engine);
        box.Chain();
        box.Restore();
        var before = EngineSandbox.Bytes(box.Restored);
        File.Copy(box.Restored, box.At("volume"));
        Assert.Equal(0, Posix.Run("mount", "--bind", box.At("volume"), box.Restored).Code);
        try
        {
            var error = Assert.Throws<BackupException>(() =>
                box.Restore(box.RestoreTo(box.Restored) with { Force = true })
            );
            Assert.Equal((ErrorCode.WriteFailed, box.Restored), (error.Code, error.FullName));
            Assert.Contains("mounted", error.Message, StringComparison.Ordinal);
            Assert.Equal(before, EngineSandbox.Bytes(box.Restored));
            Assert.Empty(box.Leftovers());
        }
        finally
        {
            Posix.Unmount(box.Restored);
        }
    }

    [Theory]
    [MemberData(nameof(FolderEngines))]
    public void A_mount_point_that_the_system_does_not_tell_is_found_out_by_what_it_answers(string engine)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }
        using var box = EngineSandbox.Of(engine);
        var chain = box.Chain();
        box.Restore(box.RestoreTo(box.Restored) with { ToPosition = chain[0].EndPosition });
        AddStrangers(box.Restored);
        var strangers = Strangers(box.Restored);
        box.Restore(box.RestoreTo(box.Restored) with { Force = true }, new MountedDisk(box.Restored, tells: false));
        Assert.Equal(strangers, Strangers(box.Restored));
        RemoveStrangers(box.Restored);
        Assert.Equal(EngineSandbox.Tree(box.RestoreFrom(box.Bundles)), EngineSandbox.Tree(box.Restored));
        Assert.Empty(box.Leftovers());
    }

    [Theory]
    [MemberData(nameof(FolderEngines))]
    public void A_folder_in_one_that_belongs_to_somebody_else_is_restored_from_inside(string engine)
    {
        using var box = EngineSandbox.Of(engine);
        var chain = box.Chain();
        var closed = new MountedDisk(box.Restored, tells: false) { IsParentClosed = true };
        Assert.Equal(
            ErrorCode.AccessDenied,
            Assert.Throws<BackupException>(() => box.Restore(box.RestoreTo(box.Restored), closed)).Code
        );
        box.Restore(box.RestoreTo(box.Restored) with { ToPosition = chain[0].EndPosition });
        box.Restore(box.RestoreTo(box.Restored) with { Force = true }, closed);
        Assert.Equal(EngineSandbox.Tree(box.RestoreFrom(box.Bundles)), EngineSandbox.Tree(box.Restored));
        Assert.Empty(box.Leftovers());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_restore_that_has_to_begin_again_warns_once(bool isParentClosed)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }
        using var box = EngineSandbox.Of(EngineNames.PowDb);
        box.Chain();
        box.Restore();
        box.Warnings.Clear();
        var afterNewest = box.Clock!.Now.AddSeconds(30);
        box.Restore(
            box.RestoreTo(box.Restored) with
            {
                Force = true,
                PointInTime = afterNewest,
            },
            new MountedDisk(box.Restored, tells: false) { IsParentClosed = isParentClosed }
        );
        Assert.Contains("is in no backup", Assert.Single(box.Warnings), StringComparison.Ordinal);
    }

    [LinuxRootTheory]
    [MemberData(nameof(Engines))]
    public void What_is_replaced_hands_on_owner_group_and_rights(string engine)
    {
        using var box = EngineSandbox.Of(engine);
        var chain = box.Chain();
        box.Restore(box.RestoreTo(box.Restored) with { ToPosition = chain[0].EndPosition });
        var folder = Path.GetDirectoryName(box.Restored)!;
        Assert.Equal(0, Posix.Run("chown", "-R", "4242:4343", folder).Code);
        Assert.Equal(0, Posix.Run("chmod", "-R", "u=rwX,g=rX,o=", folder).Code);
        var before = Rights(folder);
        Assert.Contains("4242:4343 640", before.Values);

        box.Restore(box.RestoreTo(box.Restored) with { Force = true });

        var after = Rights(folder);
        Assert.All(after.Keys.Intersect(before.Keys), path => Assert.Equal(before[path], after[path]));
        // A file that was not there yet belongs to the same service.
        Assert.All(after.Values, rights => Assert.StartsWith("4242:4343 ", rights, StringComparison.Ordinal));
        Assert.All(after.Values, rights => Assert.EndsWith("0", rights, StringComparison.Ordinal));
        Assert.Empty(box.Warnings);
    }

    [LinuxRootTheory]
    [MemberData(nameof(FolderEngines))]
    public void The_volume_of_a_service_stays_its_own_when_it_is_filled(string engine)
    {
        using var box = EngineSandbox.Of(engine);
        box.Chain();
        Directory.CreateDirectory(box.Restored);
        Assert.Equal(0, Posix.Run("chown", "4242:4343", box.Restored).Code);
        Assert.Equal(0, Posix.Run("chmod", "755", box.Restored).Code);
        box.Restore();
        var rights = Rights(box.Restored);
        Assert.All(rights.Values, r => Assert.StartsWith("4242:4343 ", r, StringComparison.Ordinal));
        Assert.Equal("4242:4343 755", rights["."]);
        Assert.Contains("4242:4343 600", rights.Values); // a folder that all may enter makes no file readable
        Assert.DoesNotContain("4242:4343 644", rights.Values);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void Rights_that_cannot_be_handed_on_are_a_warning_and_the_database_is_restored(string engine)
    {
        using var box = EngineSandbox.Of(engine);
        var chain = box.Chain();
        box.Restore(box.RestoreTo(box.Restored) with { ToPosition = chain[0].EndPosition });
        box.Warnings.Clear();
        box.Restore(box.RestoreTo(box.Restored) with { Force = true }, new MountedDisk("/nowhere") { HandsOn = false });
        var warning = Assert.Single(box.Warnings);
        Assert.Contains("could not be applied", warning, StringComparison.Ordinal);
        var named = warning.Split("such as ")[1].Split(':')[0];
        Assert.Contains(
            Directory.GetFileSystemEntries(Path.GetDirectoryName(box.Restored)!),
            p => Path.GetFileName(p) == named
        );
        Assert.Equal(EngineSandbox.Bytes(box.RestoreFrom(box.Bundles)), box.RestoredBytes());
    }

    private static OperationHost Host(EngineSandbox box, List<string> said)
    {
        var host = box.Host();
        return new OperationHost
        {
            Clock = host.Clock,
            Warning = host.Warning,
            Verbose = said.Add,
        };
    }

    private static List<string> Strangers(string folder) =>
        [
            .. EngineSandbox
                .Tree(folder)
                .Split('\n')
                .Where(l =>
                    l.StartsWith("config", StringComparison.Ordinal) || l.Contains("notes") || l.Contains("README")
                ),
        ];

    private static void RemoveStrangers(string folder)
    {
        Directory.Delete(Path.Combine(folder, "config"), recursive: true);
        File.Delete(Path.Combine(folder, "notes.txt"));
        if (Directory.Exists(Path.Combine(folder, "sst")))
        {
            File.Delete(Path.Combine(folder, "sst", "README"));
        }
    }

    private static Dictionary<string, string> Rights(string folder) =>
        Posix
            .Run("sh", "-c", $"cd '{folder}' && find . -exec stat -c '%n %u:%g %a' {{}} +")
            .Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .ToDictionary(l => l.Split(' ')[0], l => l[(l.IndexOf(' ') + 1)..]);
}
