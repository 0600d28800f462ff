using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Tests.Files;
using BackupTools.Tests.FrontEnds;

namespace BackupTools.Tests.Operations;

/// <summary>Paths that are special on Windows, through the console program there.</summary>
[Trait("Category", "Windows")]
public sealed class WindowsPathTests : IDisposable
{
    private const string Why = "needs Windows or Wine";
    private readonly SpgSandbox _box = new();

    public static bool IsWindows => OperatingSystem.IsWindows();

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
            Assert.StartsWith("error UnsafeName: ", run.Error, StringComparison.Ordinal);
        }
        Assert.Equal(before, _box.Inventory());
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
        using var open = new FileStream(_box.Db, FileMode.Open, FileAccess.Read, share);
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
    public void Names_that_differ_only_in_case_are_one()
    {
        AssertOk(ChildProcess.Console("full", _box.Db, "--destination-path", _box.Bundles));
        AssertOk(
            ChildProcess.Console("restore", _box.Bundles.ToUpperInvariant(), "--destination-path", _box.At("r", "Shop"))
        );
        var again = ChildProcess.Console("restore", _box.Bundles, "--destination-path", _box.At("R", "shop"));
        Assert.StartsWith($"error {ErrorCode.DestinationExists}: ", again.Error, StringComparison.Ordinal);
    }

    [Fact(Skip = Why, SkipUnless = nameof(IsWindows))]
    public void What_is_replaced_may_be_read_only()
    {
        AssertOk(ChildProcess.Console("full", _box.Db, "--destination-path", _box.Bundles));
        var target = _box.At("r", "a.db");
        AssertOk(ChildProcess.Console("restore", _box.Bundles, "--destination-path", target));
        File.SetAttributes(target, FileAttributes.ReadOnly);
        var run = ChildProcess.Console("restore", _box.Bundles, "--destination-path", target, "--force");
        AssertOk(run);
        Assert.Equal("", run.Error);
        Assert.Equal(TempFolder.ReadShared(_box.Db), TempFolder.ReadShared(target));
        Assert.DoesNotContain(
            Directory.EnumerateFileSystemEntries(_box.At("r")),
            name => StagingArea.IsStagingName(Path.GetFileName(name))
        );
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

    private static void AssertOk(ChildResult run) => Assert.True(run.ExitCode == 0, run.ToString());
}
