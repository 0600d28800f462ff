using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Tests.Files;
using BackupTools.Tests.FrontEnds;

namespace BackupTools.Tests.Operations;

/// <summary>What another program has open while it is to be replaced, and databases by other spellings of their path.</summary>
[Trait("Category", "Windows")]
public sealed class WindowsHeldTests
{
    private const string Why = "needs Windows or Wine";

    public static bool IsWindows => OperatingSystem.IsWindows();

    public static TheoryData<string> Engines => [.. EngineSandbox.Names];

    [Theory(Skip = Why, SkipUnless = nameof(IsWindows))]
    [MemberData(nameof(Engines))]
    public void An_increment_continues_the_chain_however_the_database_is_written(string engine)
    {
        Func<string, string>[] spellings =
        [
            source => source.ToUpperInvariant(),
            source => source.ToLowerInvariant().Replace('\\', '/'),
            source => @"\\?\" + source,
            source => Path.Join(WindowsPathTests.Share(Path.GetDirectoryName(source)!), Path.GetFileName(source)),
        ];
        foreach (var spelling in spellings)
        {
            using var box = EngineSandbox.Of(engine);
            box.Become("S0");
            AssertOk(ChildProcess.Console("full", box.Source, "--destination-path", box.Bundles));
            var before = box.Count();
            box.Become("S1");
            AssertOk(ChildProcess.Console("incremental", spelling(box.Source), "--destination-path", box.Bundles));
            // Of Alopex each snapshot is a chain of its own.
            Assert.Equal(engine == "Alopex" ? 2 : 1, box.Chains().Count);
            Assert.Equal(before + 1, box.Count());
        }
    }

    [Theory(Skip = Why, SkipUnless = nameof(IsWindows))]
    [InlineData(FileShare.Read)]
    [InlineData(FileShare.ReadWrite)]
    public void A_database_that_a_program_has_open_is_not_replaced_and_said_to_be_in_use(FileShare share)
    {
        using var box = new SpgSandbox();
        AssertOk(ChildProcess.Console("full", box.Db, "--destination-path", box.Bundles));
        var target = box.At("r", "a.db");
        AssertOk(ChildProcess.Console("restore", box.Bundles, "--destination-path", target));
        var before = TempFolder.ReadShared(target);
        using (var open = new FileStream(target, FileMode.Open, FileAccess.Read, share))
        {
            var run = ChildProcess.Console("restore", box.Bundles, "--destination-path", target, "--force");
            Assert.StartsWith($"error {ErrorCode.SourceInUse}: ", run.ErrorLines[^1], StringComparison.Ordinal);
            Assert.Contains("Stop the program", run.Error, StringComparison.Ordinal);
            // A second name of what is open stays until it is closed; a warning says so.
            Assert.Equal(Staging().Any(), run.Error.Contains("could not be removed", StringComparison.Ordinal));
        }
        Assert.Equal(before, TempFolder.ReadShared(target));
        AssertOk(ChildProcess.Console("restore", box.Bundles, "--destination-path", target, "--force"));
        Assert.Empty(Staging());

        IEnumerable<string> Staging() =>
            Directory
                .EnumerateFileSystemEntries(box.At("r"))
                .Where(name => StagingArea.IsStagingName(Path.GetFileName(name)));
    }

    [Fact(Skip = Why, SkipUnless = nameof(IsWindows))]
    public void A_bundle_that_somebody_reads_is_not_pruned_and_named()
    {
        using var box = new SpgSandbox();
        AssertOk(ChildProcess.Console("full", box.Db, "--destination-path", box.Bundles));
        var first = Directory.EnumerateFiles(box.Bundles).Single();
        AssertOk(ChildProcess.Console("full", box.Db, "--destination-path", box.Bundles));
        using (var open = new FileStream(first, FileMode.Open, FileAccess.Read, FileShare.Read))
        {
            var run = ChildProcess.Console("prune", box.Bundles, "--keep-last", "1");
            Assert.StartsWith($"error {ErrorCode.SourceInUse}: ", run.ErrorLines[^1], StringComparison.Ordinal);
            Assert.Contains(Path.GetFileName(first), run.Error, StringComparison.Ordinal);
        }
        Assert.Equal(2, Directory.EnumerateFiles(box.Bundles).Count());
        AssertOk(ChildProcess.Console("prune", box.Bundles, "--keep-last", "1"));
        Assert.False(File.Exists(first));
    }

    private static void AssertOk(ChildResult run) => Assert.True(run.ExitCode == 0, run.ToString());
}
