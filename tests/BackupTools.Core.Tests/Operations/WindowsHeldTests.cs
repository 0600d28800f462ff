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
    [InlineData(FileShare.None, false)]
    [InlineData(FileShare.Read, false)]
    [InlineData(FileShare.Read, true)]
    [InlineData(FileShare.ReadWrite, false)]
    public void A_database_that_a_program_has_open_is_not_replaced_and_said_to_be_in_use(FileShare share, bool readOnly)
    {
        using var box = new SpgSandbox();
        AssertOk(ChildProcess.Console("full", box.Db, "--destination-path", box.Bundles));
        var target = box.At("r", "a.db");
        AssertOk(ChildProcess.Console("restore", box.Bundles, "--destination-path", target));
        var before = TempFolder.ReadShared(target);
        var attributes = File.GetAttributes(target) | (readOnly ? FileAttributes.ReadOnly : FileAttributes.None);
        File.SetAttributes(target, attributes);
        using (var open = new FileStream(target, FileMode.Open, FileAccess.Read, share))
        {
            var run = ChildProcess.Console("restore", box.Bundles, "--destination-path", target, "--force");
            Assert.StartsWith($"error {ErrorCode.SourceInUse}: ", run.ErrorLines[^1], StringComparison.Ordinal);
            Assert.Contains("Stop the program", run.Error, StringComparison.Ordinal);
            // A second name of what is open stays until it is closed; a warning says so.
            Assert.Equal(Staging().Any(), run.Error.Contains("could not be removed", StringComparison.Ordinal));
        }
        Assert.Equal(before, TempFolder.ReadShared(target));
        Assert.Equal(attributes, File.GetAttributes(target));
        AssertOk(ChildProcess.Console("restore", box.Bundles, "--destination-path", target, "--force"));
        Assert.Equal(attributes, File.GetAttributes(target));
        File.SetAttributes(target, FileAttributes.Normal);
        Assert.Empty(Staging());

        IEnumerable<string> Staging() =>
            Directory
                .EnumerateFileSystemEntries(box.At("r"))
                .Where(name => StagingArea.IsStagingName(Path.GetFileName(name)));
    }

    /// <summary>What tells whose database it is cannot be read then.</summary>
    [Theory(Skip = Why, SkipUnless = nameof(IsWindows))]
    [MemberData(nameof(Engines))]
    public void A_database_that_a_program_keeps_to_itself_is_not_replaced_and_said_to_be_in_use(string engine)
    {
        using var box = EngineSandbox.Of(engine);
        box.Become("S0");
        AssertOk(ChildProcess.Console("full", box.Source, "--destination-path", box.Bundles));
        var target = box.RestoreFrom(box.Bundles);
        var before = EngineSandbox.Bytes(target);
        string[] again = ["restore", box.Bundles, "--destination-path", target, "--force"];
        using (new Opened(target, FileShare.None))
        {
            var run = ChildProcess.Console(again);
            Assert.StartsWith($"error {ErrorCode.SourceInUse}: ", run.ErrorLines[^1], StringComparison.Ordinal);
            var careful = ChildProcess.Console(again[..^1]);
            Assert.StartsWith($"error {ErrorCode.DestinationExists}: ", careful.Error, StringComparison.Ordinal);
            Assert.Contains("--force", careful.Error, StringComparison.Ordinal);
        }
        Assert.Equal(before, EngineSandbox.Bytes(target));
        AssertOk(ChildProcess.Console(again));
    }

    /// <summary>Which of the two comes of it, Windows decides; never half of either.</summary>
    [Theory(Skip = Why, SkipUnless = nameof(IsWindows))]
    [MemberData(nameof(Engines))]
    public void A_database_that_is_open_with_every_sharing_mode_is_replaced_or_said_to_be_in_use(string engine)
    {
        using var box = EngineSandbox.Of(engine);
        var other = box.At("other");
        box.Become("S0");
        AssertOk(ChildProcess.Console("full", box.Source, "--destination-path", other));
        box.Become("S1");
        AssertOk(ChildProcess.Console("full", box.Source, "--destination-path", box.Bundles));
        var target = box.RestoreFrom(box.Bundles);
        var (old, @new) = (EngineSandbox.Bytes(target), EngineSandbox.Bytes(box.RestoreFrom(other)));
        ChildResult run;
        using (new Opened(target, FileShare.ReadWrite | FileShare.Delete))
        {
            run = ChildProcess.Console("restore", other, "--destination-path", target, "--force");
        }
        var isDone = run.ExitCode == 0;
        Assert.True(isDone || run.Error.Contains($"{ErrorCode.SourceInUse}: ", StringComparison.Ordinal), $"{run}");
        Assert.Equal(isDone ? @new : old, EngineSandbox.Bytes(target));
    }

    [Theory(Skip = Why, SkipUnless = nameof(IsWindows))]
    [InlineData("a|b")]
    [InlineData("a\"")]
    [InlineData("a<b>")]
    [InlineData("b*")]
    [InlineData("b?")]
    public void A_name_that_Windows_does_not_have_is_refused_as_a_destination(string name)
    {
        using var box = new SpgSandbox();
        // What a pattern would match.
        Directory.CreateDirectory(box.At("b1"));
        var before = box.Inventory();
        var run = ChildProcess.Console("full", box.Db, "--destination-path", Path.Join(box.Folder, name));
        Assert.StartsWith($"error {ErrorCode.InvalidOption}: ", run.Error, StringComparison.Ordinal);
        Assert.Contains("Choose another name.", run.Error, StringComparison.Ordinal);
        var source = ChildProcess.Console("full", box.At("?.db"), "--destination-path", box.Bundles);
        Assert.StartsWith($"error {ErrorCode.PathNotFound}: ", source.Error, StringComparison.Ordinal);
        Assert.Equal(before, box.Inventory());
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

    /// <summary>A database as a program has it open: all of its files.</summary>
    private sealed class Opened : IDisposable
    {
        private readonly List<FileStream> _files = [];

        public Opened(string database, FileShare share)
        {
            var files = Directory.Exists(database)
                ? Directory.EnumerateFiles(database, "*", SearchOption.AllDirectories)
                : [database];
            foreach (var file in files)
            {
                _files.Add(new FileStream(file, FileMode.Open, FileAccess.Read, share));
            }
        }

        public void Dispose() => _files.ForEach(f => f.Dispose());
    }

    private static void AssertOk(ChildResult run) => Assert.True(run.ExitCode == 0, run.ToString());
}
