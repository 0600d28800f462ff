using System.Runtime.InteropServices;
using System.Text.Json;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Tests.Files;
using BackupTools.Tests.FrontEnds;

namespace BackupTools.Tests.Operations;

/// <summary>Paths that are special on Windows, through the console program there.</summary>
[Trait("Category", "Windows")]
public sealed partial class WindowsPathTests : IDisposable
{
    private const string Why = "needs Windows or Wine";
    private readonly SpgSandbox _box = new();

    public static bool IsWindows => OperatingSystem.IsWindows();

    public static TheoryData<string> Engines => [.. EngineSandbox.Names];

    public void Dispose() => _box.Dispose();

    [Theory(Skip = Why, SkipUnless = nameof(IsWindows))]
    [InlineData("a.db:y")]
    [InlineData("aux.txt")]
    [InlineData("CON")]
    [InlineData("a.db ")]
    [InlineData("a.db.")]
    public void A_name_that_leads_elsewhere_is_refused_as_source_and_as_destination(string name)
    {
        var before = _box.Inventory();
        foreach (
            var run in new[]
            {
                ChildProcess.Console("full", Path.Join(_box.Folder, name), "--destination-path", _box.Bundles),
                ChildProcess.Console("full", _box.Db, "--destination-path", Path.Join(_box.Folder, name, "b")),
            }
        )
        {
            Assert.StartsWith($"error {ErrorCode.InvalidOption}: ", run.Error, StringComparison.Ordinal);
            Assert.Contains("Choose another name.", run.Error, StringComparison.Ordinal);
        }
        Assert.Equal(before, _box.Inventory());
    }

    [Theory(Skip = Why, SkipUnless = nameof(IsWindows))]
    [InlineData(@"\\localhost")]
    [InlineData(@"\\localhost\")]
    [InlineData("//localhost")]
    public void A_server_without_a_share_is_refused_as_what_it_is(string path)
    {
        foreach (
            var run in new[]
            {
                ChildProcess.Console("full", path, "--destination-path", _box.Bundles),
                ChildProcess.Console("full", _box.Db, "--destination-path", path),
            }
        )
        {
            Assert.StartsWith($"error {ErrorCode.InvalidOption}: ", run.Error, StringComparison.Ordinal);
            Assert.Contains("no share", run.Error, StringComparison.Ordinal);
            Assert.DoesNotContain(".backuptools", run.Error, StringComparison.Ordinal);
        }
    }

    [Fact(Skip = Why, SkipUnless = nameof(IsWindows))]
    public void A_path_may_be_verbatim_or_longer_than_260_characters_or_have_either_slash()
    {
        var deep = _box.At([.. Enumerable.Repeat(new string('d', 60), 6)]);
        foreach (
            var (source, destination) in new[]
            {
                (@"\\?\" + _box.Db, _box.At("verbatim")),
                (_box.Db.Replace('\\', '/'), deep),
                (_box.Db.ToUpperInvariant(), @"\\?\" + _box.At("both")),
            }
        )
        {
            AssertOk(ChildProcess.Console("full", source, "--destination-path", destination));
            AssertOk(ChildProcess.Console("test", destination, "--deep"));
            var restored = Path.Join(destination + "-r", "a.db");
            AssertOk(ChildProcess.Console("restore", destination, "--destination-path", restored));
            Assert.Equal(TempFolder.ReadShared(_box.Db), TempFolder.ReadShared(restored));
        }
    }

    [Theory(Skip = Why, SkipUnless = nameof(IsWindows))]
    [InlineData(FileShare.None, false)]
    [InlineData(FileShare.Read, true)]
    [InlineData(FileShare.ReadWrite, true)]
    [InlineData(FileShare.ReadWrite | FileShare.Delete, true)]
    public void A_database_that_another_program_has_open_is_backed_up_or_said_to_be_in_use(FileShare share, bool works)
    {
        using var open = new FileStream(_box.Db, FileMode.Open, FileAccess.ReadWrite, share);
        var run = ChildProcess.Console("full", _box.Db, "--destination-path", _box.Bundles);
        if (works)
        {
            AssertOk(run);
        }
        else
        {
            Assert.StartsWith($"error {ErrorCode.SourceInUse}: ", run.Error, StringComparison.Ordinal);
            Assert.False(Directory.Exists(_box.Bundles));
        }
    }

    [Fact(Skip = Why, SkipUnless = nameof(IsWindows))]
    public void A_share_is_read_and_written_like_a_drive()
    {
        var share = Share(_box.Folder);
        AssertOk(ChildProcess.Console("full", Path.Join(share, "a.db"), "--destination-path", Path.Join(share, "b")));
        AssertOk(ChildProcess.Console("test", Path.Join(share, "b"), "--deep", "--restore-drill"));
        var restored = Path.Join(share, "r", "a.db");
        AssertOk(ChildProcess.Console("restore", Path.Join(share, "b"), "--destination-path", restored));
        Assert.Equal(TempFolder.ReadShared(_box.Db), TempFolder.ReadShared(_box.At("r", "a.db")));
    }

    [Fact(Skip = Why, SkipUnless = nameof(IsWindows))]
    public void A_folder_is_itself_however_it_is_written()
    {
        using var box = EngineSandbox.Of("Alopex");
        box.Become("S0");
        foreach (
            var source in new[]
            {
                @"\\?\" + box.Source,
                box.Source.ToUpperInvariant(),
                Path.Join(Share(box.Folder), "data"),
            }
        )
        {
            AssertOverlaps(source, box);
        }
    }

    [Fact(Skip = Why, SkipUnless = nameof(IsWindows))]
    public void A_drive_of_subst_is_the_folder_that_it_stands_for()
    {
        using var box = EngineSandbox.Of("Alopex");
        box.Become("S0");
        const string Drive = "Q:";
        Assert.True(DefineDosDevice(0, Drive, box.Folder));
        try
        {
            Assert.SkipUnless(Directory.Exists(@"Q:\data"), "Wine makes no drives of folders");
            AssertOverlaps(@"Q:\data", box);
            AssertOk(ChildProcess.Console("full", @"Q:\data", "--destination-path", @"Q:\b"));
            AssertOk(ChildProcess.Console("test", box.Bundles, "--deep"));
        }
        finally
        {
            DefineDosDevice(RemoveDefinition, Drive, null);
        }
    }

    [Fact(Skip = Why, SkipUnless = nameof(IsWindows))]
    public void A_short_name_is_the_database_that_has_it()
    {
        var database = _box.At("a shop with a long name.db");
        File.Move(_box.Db, database);
        File.Move(_box.Wal, Path.ChangeExtension(database, ".wal"));
        var name = new char[1000];
        var shortName = new string(name, 0, (int)GetShortPathName(database, name, name.Length));
        Assert.SkipWhen(shortName == database, "needs Windows with short names on this volume (fsutil 8dot3name)");
        AssertOk(ChildProcess.Console("full", shortName, "--destination-path", _box.Bundles));
        File.WriteAllBytes(Path.ChangeExtension(database, ".wal"), SpgSandbox.LogOf("S1"));
        AssertOk(ChildProcess.Console("incremental", database, "--destination-path", _box.Bundles));
        Assert.Equal("a shop with a long name", Assert.Single(_box.Chains()).Series);
    }

    /// <summary>A code page of 256 characters takes the names of the rest of the world out of what is read by programs.</summary>
    [Theory(Skip = Why, SkipUnless = nameof(IsWindows))]
    [InlineData(437, "F-i")]
    [InlineData(65001, "F─i")]
    public void Output_is_whole_in_every_code_page(int codePage, string timeline)
    {
        var folder = Directory.CreateDirectory(_box.At("数据 ü")).FullName;
        _box.Full(_box.Settings() with { DestinationPath = Path.Join(folder, "b") });
        _box.Become("S1");
        _box.Increment(_box.Settings() with { DestinationPath = Path.Join(folder, "b") });
        // Only a .cmd changes the page of its window, and hands it on to what it starts.
        var script = Path.Join(folder, "run.cmd");
        File.WriteAllText(
            script,
            $"""
            @chcp {codePage} >nul
            @"{ChildProcess.ConsoleProgram}" header b --json >header.json
            @if errorlevel 1 exit /b 1
            @"{ChildProcess.ConsoleProgram}" chain b >chain.txt
            @if errorlevel 1 exit /b 1
            """.ReplaceLineEndings("\r\n")
        );
        AssertOk(ChildProcess.Run("cmd.exe", ["/c", "run.cmd"], folder));
        using var json = JsonDocument.Parse(File.ReadAllBytes(Path.Join(folder, "header.json")));
        Assert.Equal(
            Directory.GetFiles(Path.Join(folder, "b")).Order(StringComparer.Ordinal),
            json.RootElement.EnumerateArray()
                .Select(e => e.GetProperty("FullName").GetString()!)
                .Order(StringComparer.Ordinal)
        );
        Assert.Contains(timeline, File.ReadAllText(Path.Join(folder, "chain.txt")), StringComparison.Ordinal);
    }

    [Fact(Skip = Why, SkipUnless = nameof(IsWindows))]
    public void Names_that_differ_only_in_case_are_one()
    {
        AssertOk(ChildProcess.Console("full", _box.Db, "--destination-path", _box.Bundles));
        AssertOk(
            ChildProcess.Console("restore", _box.Bundles.ToUpperInvariant(), "--destination-path", _box.At("r", "Shop"))
        );
        var again = ChildProcess.Console("restore", _box.Bundles, "--destination-path", _box.At("R", "shop"));
        Assert.StartsWith($"error {ErrorCode.DestinationExists}: ", again.Error, StringComparison.Ordinal);
    }

    [Theory(Skip = Why, SkipUnless = nameof(IsWindows))]
    [MemberData(nameof(Engines))]
    public void What_is_replaced_may_be_read_only_and_stays_so(string engine)
    {
        using var box = EngineSandbox.Of(engine);
        box.Become("S0");
        AssertOk(ChildProcess.Console("full", box.Source, "--destination-path", box.Bundles));
        string[] restore = ["restore", box.Bundles, "--destination-path", box.At("r", Path.GetFileName(box.Restored))];
        AssertOk(ChildProcess.Console(restore));
        var files = Directory.GetFiles(box.At("r"), "*", SearchOption.AllDirectories);
        var before = EngineSandbox.Tree(box.At("r"));
        foreach (var file in files)
            File.SetAttributes(file, FileAttributes.ReadOnly);
        var run = ChildProcess.Console([.. restore, "--force"]);
        AssertOk(run);
        Assert.Equal("", run.Error);
        Assert.Equal(before, EngineSandbox.Tree(box.At("r")));
        Assert.All(files, file => Assert.True(File.GetAttributes(file).HasFlag(FileAttributes.ReadOnly), file));
        Assert.Empty(box.Leftovers());
        foreach (var file in files)
            File.SetAttributes(file, FileAttributes.Normal);
    }

    [Fact(Skip = Why, SkipUnless = nameof(IsWindows))]
    public void A_read_only_file_is_removed_and_replaced()
    {
        var (file, other) = (_box.At("x", "file"), _box.At("other"));
        Directory.CreateDirectory(_box.At("x"));
        File.WriteAllText(other, "new");
        ReadOnly();
        LocalDisk.Instance.Replace(other, file);
        Assert.Equal("new", File.ReadAllText(file));
        ReadOnly();
        LocalDisk.Instance.DeleteFile(file);
        Assert.False(File.Exists(file));
        ReadOnly();
        LocalDisk.Instance.DeleteDirectory(_box.At("x"));
        Assert.False(Directory.Exists(_box.At("x")));

        void ReadOnly()
        {
            File.WriteAllText(file, "old");
            File.SetAttributes(file, FileAttributes.ReadOnly);
        }
    }

    private static void AssertOverlaps(string source, EngineSandbox box)
    {
        Assert.True(Directory.Exists(source), source);
        var run = ChildProcess.Console("full", source, "--destination-path", Path.Join(box.Source, "b"));
        Assert.StartsWith($"error {ErrorCode.DestinationOverlapsSource}: ", run.Error, StringComparison.Ordinal);
    }

    /// <summary>The way to a folder through the share that Windows has of each drive for administrators; run.sh makes Wine's.</summary>
    internal static string Share(string folder)
    {
        var share = $@"\\localhost\{folder[0]}${folder[2..]}";
        Assert.SkipUnless(Directory.Exists(share), "needs Windows with its administrative shares");
        return share;
    }

    private const uint RemoveDefinition = 2;

    [LibraryImport("kernel32", EntryPoint = "DefineDosDeviceW", StringMarshalling = StringMarshalling.Utf16)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool DefineDosDevice(uint flags, string device, string? target);

    [LibraryImport("kernel32", EntryPoint = "GetShortPathNameW", StringMarshalling = StringMarshalling.Utf16)]
    private static partial uint GetShortPathName(string path, [Out] char[] name, int length);

    private static void AssertOk(ChildResult run) => Assert.True(run.ExitCode == 0, run.ToString());
}
