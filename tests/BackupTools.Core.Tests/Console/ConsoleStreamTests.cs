using BackupTools.Errors;
using BackupTools.Tests.Engines.PowDb;
using BackupTools.Tests.Files;
using BackupTools.Tests.Operations;

namespace BackupTools.Tests.FrontEnds;

/// <summary>A process whose streams, handles or memory are not what it would wish for.</summary>
public sealed class ConsoleStreamTests : IDisposable
{
    private readonly SpgSandbox _sandbox = new();

    public void Dispose() => _sandbox.Dispose();

    [UnixTheory]
    [InlineData(">&-", "")]
    [InlineData(">&-", "--json")]
    [InlineData("| true", "")]
    [InlineData("| true", "--json")]
    public void A_backup_that_nobody_wants_to_read_of_is_a_success(string output, string options)
    {
        // The reader of the pipe is gone before the result is written.
        var run = Shell($"{Full(options)} --checkpoint 'sleep 0.2'", output, pipeStatus: output.StartsWith('|'));

        Assert.True(run.ExitCode == 0, run.ToString());
        var line = Assert.Single(run.ErrorLines);
        Assert.StartsWith("warning: standard output is closed", line, StringComparison.Ordinal);
        Assert.Contains(Published(), line, StringComparison.Ordinal);
        Assert.Single(_sandbox.Chains());
    }

    [UnixTheory]
    [InlineData("")]
    [InlineData("--json")]
    public void A_full_output_is_an_error_that_says_what_was_published(string options)
    {
        if (!File.Exists("/dev/full"))
        {
            return;
        }
        var run = Shell(Full(options), ">/dev/full");

        Assert.Equal((int)ErrorKind.Disk, run.ExitCode);
        var line = Assert.Single(run.ErrorLines);
        Assert.StartsWith("error WriteFailed: standard output cannot be written", line, StringComparison.Ordinal);
        Assert.Contains($"the bundle was published: {Published()}", line, StringComparison.Ordinal);
        Assert.Single(_sandbox.Chains());
    }

    [UnixTheory]
    [InlineData("chain {b}", "chain {b}")]
    [InlineData("restore {b} --destination-path {r}", "the database was restored")]
    [InlineData("copy {b} --destination-path {c}", "2 bundle(s) were copied")]
    [InlineData("prune {b} --keep-last 9", "0 bundle(s) were removed")]
    public void Every_verb_says_what_it_has_done_when_its_output_is_full(string verb, string done)
    {
        if (!File.Exists("/dev/full"))
        {
            return;
        }
        _sandbox.Full();
        _sandbox.GrowTo("S1");
        _sandbox.Increment();
        var command = verb.Replace("{b}", $"'{_sandbox.Bundles}'")
            .Replace("{r}", $"'{_sandbox.At("r", "x.db")}'")
            .Replace("{c}", $"'{_sandbox.At("c")}'");

        var run = Shell(command, ">/dev/full");

        Assert.Equal((int)ErrorKind.Disk, run.ExitCode);
        var line = Assert.Single(run.ErrorLines);
        if (!verb.StartsWith("chain", StringComparison.Ordinal))
        {
            Assert.Contains(done, line, StringComparison.Ordinal);
        }
    }

    [UnixTheory]
    [InlineData("2>&-")]
    [InlineData("2>/dev/full")]
    [InlineData(">&- 2>&-")]
    [InlineData("<&- >&- 2>&-")]
    public void Closed_streams_never_get_into_a_bundle_and_never_stop_a_run(string streams)
    {
        if (streams.Contains("full") && !File.Exists("/dev/full"))
        {
            return;
        }
        // The warning that there is no log is written while files of ours are open.
        File.Delete(_sandbox.Wal);
        var run = Shell(Full("--verbose"), streams);
        Assert.True(run.ExitCode == 0, run.ToString());
        Assert.True(_sandbox.Test().IsValid);
        Assert.Equal(
            (int)ErrorKind.NotFound,
            Shell($"full '{_sandbox.At("nowhere.db")}' --destination-path '{_sandbox.Bundles}'", streams).ExitCode
        );
    }

    [UnixFact]
    public void A_hangup_that_is_ignored_as_by_nohup_does_not_stop_the_run()
    {
        var started = _sandbox.At("started");
        using var process = Posix.Start(
            "sh",
            "-c",
            $"trap '' HUP; exec {Program} {Full("")} --checkpoint 'touch \"{started}\"; sleep 2' 2>/dev/null"
        );
        Assert.True(SpinWait.SpinUntil(() => File.Exists(started), TimeSpan.FromSeconds(60)), "it did not start");
        Assert.Equal(0, Posix.Run("kill", "-HUP", $"{process.Id}").Code);
        Assert.True(process.WaitForExit(TimeSpan.FromSeconds(60)), "it did not end");
        Assert.Equal(0, process.ExitCode);
        Assert.Single(_sandbox.Chains());
    }

    [UnixFact]
    public void Too_few_handles_are_an_error_that_names_their_number()
    {
        var source = PowDbFixtures.Copy(PowDbFixtures.At("S0"), _sandbox.At("data"));
        var seen = new List<string>();
        // Below some number the runtime does not begin; from there on it is ours, until there are enough.
        for (var limit = 12; limit < 200; limit += 2)
        {
            var run = Shell($"full '{source}' --destination-path '{_sandbox.Bundles}'", "", $"ulimit -n {limit}; ");
            if (run.ExitCode == 0)
            {
                break;
            }
            if (seen.Count > 0 || run.Error.StartsWith("error ReadFailed", StringComparison.Ordinal))
            {
                Assert.StartsWith("error ReadFailed", run.Error, StringComparison.Ordinal);
                Assert.Contains($"this process may have {limit} handles", run.Error, StringComparison.Ordinal);
                Assert.Contains("ulimit -n", run.Error, StringComparison.Ordinal);
                Assert.Equal((int)ErrorKind.Disk, run.ExitCode);
                seen.Add(run.Error);
            }
        }
        Assert.InRange(seen.Count, 20, 100);
    }

    [UnixFact]
    public void Too_little_memory_is_an_error_of_its_own()
    {
        // The log is read through pinned blocks of a MiB each. A limit for all memory sometimes hit the runtime's own threads,
        // which then abort the process.
        using (var log = new FileStream(_sandbox.Wal, FileMode.Append))
        {
            for (var i = 0; i < 64; i++)
            {
                log.Write(Formats.Spg.SpgFrames.V3($"INSERT INTO t VALUES ({i}, '{new string('x', 1 << 19)}')"));
            }
        }
        var run = Shell(
            Full(""),
            "",
            "DOTNET_GCHeapHardLimitSOH=0x4000000 DOTNET_GCHeapHardLimitLOH=0x4000000 DOTNET_GCHeapHardLimitPOH=0x200000 "
        );
        Assert.True(run.ExitCode == (int)ErrorKind.Failed, $"{run}");
        Assert.StartsWith("error OutOfMemory: ", run.Error, StringComparison.Ordinal);
        Assert.Contains("--throttle-limit", run.Error, StringComparison.Ordinal);
        Assert.Empty(_sandbox.Leftovers());
    }

    [Fact]
    public void A_name_that_is_too_long_is_an_error_of_its_own()
    {
        _sandbox.Full();
        var name = new string('n', 300);
        foreach (
            var args in new[]
            {
                new[] { "full", _sandbox.At(name), "--destination-path", _sandbox.Bundles },
                ["full", _sandbox.Db, "--destination-path", _sandbox.At(name)],
                ["restore", _sandbox.Bundles, "--destination-path", _sandbox.At("r", name)],
            }
        )
        {
            var run = ChildProcess.Console(args);
            Assert.Equal((int)ErrorKind.Usage, run.ExitCode);
            Assert.StartsWith("error NameTooLong: ", run.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_prune_ends_with_the_code_of_its_first_error()
    {
        _sandbox.Full();
        File.WriteAllText(Path.Combine(_sandbox.Bundles, "a-20260101T000000000Z-full.bkp"), "half");
        var run = ChildProcess.Console("prune", _sandbox.Bundles, "--keep-last", "1");
        Assert.Equal((int)ErrorKind.Damaged, run.ExitCode);
        Assert.Contains("a-20260101T000000000Z-full.bkp", Assert.Single(run.ErrorLines), StringComparison.Ordinal);
        Assert.Equal(
            run.ExitCode,
            ChildProcess.Console("prune", _sandbox.Bundles, "--keep-last", "1", "--dry-run").ExitCode
        );
    }

    [Fact]
    public void A_dry_run_of_a_restore_names_what_it_would_replace_and_keep_and_does_nothing()
    {
        using var box = new PowDbSandbox();
        box.Chain();
        box.Restore();
        File.WriteAllText(Path.Combine(box.Restored, "notes.txt"), "mine");
        var before = box.Inventory();
        string[] args = ["restore", box.Bundles, "--destination-path", box.Restored, "--force", "--dry-run"];

        var run = ChildProcess.Console(args);
        Assert.True(run.ExitCode == 0, run.ToString());
        Assert.Contains($"  replace  {box.Restored}\n", run.Out.ReplaceLineEndings("\n"), StringComparison.Ordinal);
        Assert.Contains($"  keep     {Path.Combine(box.Restored, "notes.txt")}", run.Out, StringComparison.Ordinal);
        var json = ChildProcess.Console([.. args, "--json"]);
        Assert.Equal("[]", json.Out.Trim());
        Assert.Contains("  keep     ", json.Error, StringComparison.Ordinal);
        Assert.Equal(before, box.Inventory());
    }

    private static string Program => $"dotnet exec '{ChildProcess.ConsoleDll}'";

    private string Full(string options) =>
        $"full '{_sandbox.Db}' --destination-path '{_sandbox.Bundles}' {options}".TrimEnd();

    private string Published() => Assert.Single(Assert.Single(_sandbox.Chains()).Bundles).FullName;

    private ChildResult Shell(string command, string streams, string before = "", bool pipeStatus = false)
    {
        // What is piped tells its exit code in a file, as sh tells that of the last command only.
        var code = _sandbox.At("code");
        var script = pipeStatus
            ? $"{{ {before}{Program} {command}; echo $? > '{code}'; }} {streams}; exit $(cat '{code}')"
            : $"{before}{Program} {command} {streams}";
        return ChildProcess.Run("sh", ["-c", script], _sandbox.Folder);
    }
}
