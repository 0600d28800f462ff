using System.Runtime.InteropServices;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Tests.Files;
using BackupTools.Tests.FrontEnds;

namespace BackupTools.Tests.Operations;

/// <summary>Drives and shares themselves as databases, folders of backups and destinations, through the console program.</summary>
[Trait("Category", "Windows")]
public sealed partial class WindowsRootTests
{
    private const string Why = "needs Windows or Wine";

    public static bool IsWindows => OperatingSystem.IsWindows();

    public static TheoryData<string> Engines => [.. EngineSandbox.Names];

    [Theory(Skip = Why, SkipUnless = nameof(IsWindows))]
    [InlineData(@"C:\")]
    [InlineData("c:/")]
    [InlineData(@"\\?\C:\")]
    [InlineData(@"\\localhost\C$")]
    [InlineData(@"\\localhost\C$\")]
    public void A_drive_or_share_that_is_no_database_is_said_to_be_none(string root)
    {
        Assert.SkipUnless(Directory.Exists(root), "needs Windows with its administrative shares");
        using var box = new SpgSandbox();
        foreach (var verb in new[] { "full", "incremental" })
        {
            var run = ChildProcess.Console(verb, root, "--destination-path", box.Bundles);
            Assert.StartsWith($"error {ErrorCode.SourceNotRecognised}: ", run.Error, StringComparison.Ordinal);
        }
        Assert.False(Directory.Exists(box.Bundles));
    }

    [Theory(Skip = Why, SkipUnless = nameof(IsWindows))]
    [InlineData("pagefile.sys", ErrorCode.SourceNotRecognised)]
    [InlineData("catalog.bin", ErrorCode.SourceInUse)]
    public void What_Windows_has_open_on_a_drive_is_no_database_in_use(string name, ErrorCode expected)
    {
        using var box = new SpgSandbox();
        using var drive = new Spare();
        using var open = new FileStream(drive.Root + name, FileMode.Create, FileAccess.ReadWrite, FileShare.None);
        var run = ChildProcess.Console("full", drive.Root, "--destination-path", box.Bundles);
        Assert.StartsWith($"error {expected}: ", run.Error, StringComparison.Ordinal);
    }

    [Theory(Skip = Why, SkipUnless = nameof(IsWindows))]
    [MemberData(nameof(Engines))]
    public void A_database_is_restored_to_a_drive_and_backed_up_from_there(string engine)
    {
        using var box = EngineSandbox.Of(engine);
        using var drive = new Spare();
        box.Become("S0");
        AssertOk(ChildProcess.Console("full", box.Source, "--destination-path", box.Bundles));
        var isOneFile = EngineSandbox.Engines.ByName(engine).Capabilities.IsOneFile;
        // What Windows has there belongs to the drive.
        Directory.CreateDirectory(Path.Combine(drive.Root, "$RECYCLE.BIN"));
        var made = isOneFile ? Path.Combine(drive.Root, box.NameInFolder) : drive.Root;
        string[] restore = ["restore", box.Bundles, "--destination-path", drive.Root];
        var before = drive.Names();
        AssertOk(ChildProcess.Console([.. restore, "--dry-run"]));
        Assert.Equal(before, drive.Names());
        AssertOk(ChildProcess.Console(restore));
        Assert.True(Path.Exists(made), made);
        var again = ChildProcess.Console(restore);
        Assert.StartsWith($"error {ErrorCode.DestinationExists}: ", again.Error, StringComparison.Ordinal);
        AssertOk(ChildProcess.Console([.. restore[..^1], @"\\?\" + drive.Root, "--force"]));

        AssertOk(ChildProcess.Console("full", made, "--destination-path", box.At("again")));
        AssertOk(ChildProcess.Console("test", box.At("again"), "--deep"));
        Directory.Delete(Path.Combine(drive.Root, "$RECYCLE.BIN"));
        var target = box.At("target", Path.GetFileName(box.Restored));
        AssertOk(ChildProcess.Console("restore", box.Bundles, "--destination-path", target));
        if (isOneFile)
            Assert.Equal(TempFolder.ReadShared(target), TempFolder.ReadShared(made));
        else
            Assert.Equal(EngineSandbox.Tree(target), EngineSandbox.Tree(drive.Root));
        Assert.DoesNotContain(drive.Names(), StagingArea.IsStagingName);
    }

    /// <summary>Whose bundles do not say what the database was called, it gets the name of their folder.</summary>
    [Theory(Skip = Why, SkipUnless = nameof(IsWindows))]
    [MemberData(nameof(Engines))]
    public void Backups_on_a_drive_itself_are_restored_into_a_folder_under_a_name(string engine)
    {
        using var box = EngineSandbox.Of(engine);
        using var drive = new Spare();
        box.Become("S0");
        AssertOk(ChildProcess.Console("full", box.Source, "--destination-path", drive.Root));
        box.Become("S1");
        AssertOk(ChildProcess.Console("incremental", box.Source, "--destination-path", drive.Root));
        AssertOk(ChildProcess.Console("test", drive.Root, "--deep", "--restore-drill"));
        Directory.CreateDirectory(box.At("into"));
        AssertOk(ChildProcess.Console("restore", drive.Root, "--destination-path", box.At("into") + @"\"));
        var name = Path.GetFileName(Directory.EnumerateFileSystemEntries(box.At("into")).Order().First());
        var ofDrive = $"{drive.Root[0]}";
        Assert.Equal(
            engine switch
            {
                "Grafeo" => ofDrive + ".grafeo",
                "Alopex" => ofDrive,
                _ => box.NameInFolder,
            },
            name
        );
        AssertOk(ChildProcess.Console("prune", drive.Root, "--keep-last", "1"));
    }

    [Theory(Skip = Why, SkipUnless = nameof(IsWindows))]
    [MemberData(nameof(Engines))]
    public void A_drive_that_is_not_there_is_not_found(string engine)
    {
        const string Missing = @"P:\";
        Assert.SkipWhen(Directory.Exists(Missing), "needs Windows with no drive P:");
        using var box = EngineSandbox.Of(engine);
        box.Become("S0");
        AssertOk(ChildProcess.Console("full", box.Source, "--destination-path", box.Bundles));
        string[][] runs =
        [
            ["full", Missing, "--destination-path", box.Bundles],
            ["full", box.Source, "--destination-path", Missing],
            ["restore", box.Bundles, "--destination-path", Missing],
            ["copy", box.Bundles, "--destination-path", Missing],
            ["report", box.Bundles, "--destination-path", Missing],
            ["header", Missing],
            ["test", Missing],
            ["key", Missing],
        ];
        foreach (var run in runs)
        {
            var result = ChildProcess.Console(run);
            Assert.True(
                result.Error.StartsWith($"error {ErrorCode.PathNotFound}: ", StringComparison.Ordinal),
                $"{string.Join(' ', run)}: {result}"
            );
        }
    }

    /// <summary>A drive with nothing on it: of subst, or under Wine the one that wine.sh makes.</summary>
    private sealed partial class Spare : IDisposable
    {
        private const string Drive = "R:";
        private const uint RemoveDefinition = 2;
        private readonly TempFolder? _folder;

        public Spare()
        {
            if (WindowsHost.IsWine)
            {
                Assert.SkipUnless(Directory.Exists(Root), "Wine has no drive R:, which wine.sh makes");
            }
            else
            {
                Assert.SkipWhen(Directory.Exists(Root), "needs Windows with no drive R:");
                _folder = new TempFolder();
                Assert.True(DefineDosDevice(0, Drive, _folder.Path));
            }
            Assert.Empty(Names());
        }

        public string Root => Drive + @"\";

        public IEnumerable<string> Names() =>
            Directory.EnumerateFileSystemEntries(Root).Select(p => Path.GetFileName(p)).Order(StringComparer.Ordinal);

        public void Dispose()
        {
            foreach (var path in Directory.EnumerateFileSystemEntries(Root))
            {
                if (Directory.Exists(path))
                    Directory.Delete(path, recursive: true);
                else
                    File.Delete(path);
            }
            if (_folder is not null)
            {
                DefineDosDevice(RemoveDefinition, Drive, null);
                _folder.Dispose();
            }
        }

        [LibraryImport("kernel32", EntryPoint = "DefineDosDeviceW", StringMarshalling = StringMarshalling.Utf16)]
        [return: MarshalAs(UnmanagedType.Bool)]
        private static partial bool DefineDosDevice(uint flags, string device, string? target);
    }

    private static void AssertOk(ChildResult run) => Assert.True(run.ExitCode == 0, run.ToString());
}
