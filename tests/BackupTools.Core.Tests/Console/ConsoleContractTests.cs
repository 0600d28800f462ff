using System.Text.Json;
using BackupTools.Errors;
using BackupTools.Reports;
using BackupTools.Tests.Engines.PowDb;
using BackupTools.Tests.Files;
using BackupTools.Tests.Operations;

namespace BackupTools.Tests.FrontEnds;

/// <summary>The contract that scripts rely on: verbs, streams, JSON and exit codes of the console program.</summary>
public sealed class ConsoleContractTests : IDisposable
{
    private readonly SpgSandbox _sandbox = new();
    private readonly string _empty;

    public ConsoleContractTests() => _empty = Directory.CreateDirectory(_sandbox.At("empty")).FullName;

    public void Dispose() => _sandbox.Dispose();

    [Fact]
    public void A_full_an_increment_a_test_and_a_restore_give_back_the_same_bytes()
    {
        var full = ChildProcess.Console("full", _sandbox.Db, "--destination-path", _sandbox.Bundles);
        Assert.True(full.ExitCode == 0, full.ToString());
        Assert.StartsWith("Full ", full.Out, StringComparison.Ordinal);
        _sandbox.GrowTo("S1");
        AssertOk("incremental", _sandbox.Db, "--destination-path", _sandbox.Bundles);
        _sandbox.GrowTo("S2");
        AssertOk("incremental", _sandbox.Db, "--destination-path", _sandbox.Bundles, "--since", "166");
        AssertOk("test", _sandbox.Bundles, "--deep");
        AssertOk("restore", _sandbox.Bundles, "--destination-path", _sandbox.At("r", "rec.db"));
        Assert.Equal(File.ReadAllBytes(_sandbox.Db), File.ReadAllBytes(_sandbox.At("r", "rec.db")));
        Assert.Equal(SpgSandbox.LogOf("S2"), File.ReadAllBytes(_sandbox.At("r", "rec.wal")));
        AssertOk("restore", _sandbox.Bundles, "--destination-path", _sandbox.At("e", "rec.db"), "--to-position", "166");
        Assert.Equal(SpgSandbox.LogOf("S1"), File.ReadAllBytes(_sandbox.At("e", "rec.wal")));
    }

    [Fact]
    public void Full_if_needed_takes_a_full_first_and_says_why_on_standard_error()
    {
        string[] increment =
        [
            "incremental",
            _sandbox.Db,
            "--destination-path",
            _sandbox.Bundles,
            "--full-if-needed",
            "--json",
        ];

        var first = ChildProcess.Console(increment);
        _sandbox.GrowTo("S1");
        var second = ChildProcess.Console(increment);

        Assert.Equal((0, "Full"), (first.ExitCode, Results(first)[0].GetProperty("Kind").GetString()));
        Assert.StartsWith("warning", first.Error, StringComparison.Ordinal);
        Assert.Contains("instead of an increment", first.Error, StringComparison.Ordinal);
        Assert.Equal((0, "Incremental"), (second.ExitCode, Results(second)[0].GetProperty("Kind").GetString()));
        Assert.Empty(second.Error);
    }

    [UnixTheory]
    [InlineData("docs/console.md")]
    public void The_script_for_a_schedule_runs_as_it_is_written(string page)
    {
        _sandbox.Full();
        _sandbox.GrowTo("S1");
        var text = File.ReadAllText(Path.Combine(ChildProcess.Root, page));
        var script = text.Split("```sh\n")[1].Split("```")[0];
        (string Said, string Meant)[] places =
        [
            ("/var/lib/shop/shop.db", _sandbox.Db),
            ("/var/log/shop-backup.json", _sandbox.At("log.json")),
            ("/mnt/second", _sandbox.At("second")),
            (" /backups", $" {_sandbox.Bundles}"),
        ];
        foreach (var (said, meant) in places)
        {
            Assert.Contains(said, script, StringComparison.Ordinal);
            script = script.Replace(said, meant, StringComparison.Ordinal);
        }
        // The program as a function, so that nothing has to be installed.
        var program = $"backuptools() {{ dotnet exec '{ChildProcess.ConsoleDll}' \"$@\"; }}\n";
        File.WriteAllText(_sandbox.At("nightly.sh"), program + script);

        var run = ChildProcess.Run("sh", [_sandbox.At("nightly.sh")], _sandbox.Folder);
        Assert.True(run.ExitCode == 0, run.ToString());
        Assert.NotEmpty(File.ReadAllText(_sandbox.At("log.json")));
        Assert.Equal(Bundles(_sandbox.Bundles), Bundles(_sandbox.At("second")));
        static IEnumerable<string?> Bundles(string folder) =>
            Directory.GetFiles(folder, "*.bkp").Select(Path.GetFileName).Order();
    }

    [Fact]
    public void Paths_are_relative_to_the_folder_that_the_program_is_started_in()
    {
        var run = ChildProcess.ConsoleIn(_sandbox.Folder, "full", "a.db", "--destination-path", "b/", "--json");
        Assert.True(run.ExitCode == 0, run.ToString());
        Assert.StartsWith(
            _sandbox.Bundles,
            Results(run)[0].GetProperty("FullName").GetString(),
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("header", typeof(BundleInfo))]
    [InlineData("chain", typeof(ChainInfo))]
    [InlineData("test", typeof(ChainReport))]
    public void Json_is_one_array_with_the_property_names_of_the_reports(string verb, Type type)
    {
        _sandbox.Chain();
        var run = ChildProcess.Console(verb, _sandbox.Bundles, "--json");
        Assert.True(run.ExitCode == 0, run.ToString());
        Assert.Empty(run.Error);
        var results = Results(run);
        Assert.Equal(verb == "header" ? 3 : 1, results.Count);
        Assert.Equal(
            type.GetProperties().Select(p => p.Name).Order(),
            results[0].EnumerateObject().Select(p => p.Name).Order()
        );
    }

    [Fact]
    public void Json_has_times_in_UTC_and_checksums_in_hex()
    {
        _sandbox.Full();
        var header = Results(ChildProcess.Console("header", _sandbox.Bundles, "--verify", "--json"))[0];
        Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$", header.GetProperty("CreatedUtc").GetString());
        Assert.Matches("^[0-9a-f]+$", header.GetProperty("Checksum").GetString());
        Assert.Equal("Full", header.GetProperty("Kind").GetString());
        Assert.True(header.GetProperty("IsValid").GetBoolean());
    }

    [Fact]
    public void Json_on_standard_output_stays_an_array_when_the_run_fails()
    {
        var run = ChildProcess.Console("header", _sandbox.At("none"), "--json");
        Assert.Equal((int)ErrorKind.NotFound, run.ExitCode);
        Assert.Empty(Results(run));
        AssertOneError(run, ErrorCode.PathNotFound);
    }

    [UnixFact]
    public void Names_that_would_steer_the_terminal_are_shown_without_that()
    {
        var bundle = _sandbox.Full().FullName;
        File.Move(bundle, Path.Combine(_sandbox.Bundles, "a\u001b[2J\u202Eb.bkp"));
        foreach (var verb in new[] { "header", "chain", "test" })
        {
            var run = ChildProcess.Console(verb, _sandbox.Bundles);
            Assert.True(run.ExitCode == 0, run.ToString());
            Assert.DoesNotContain('\u001b', run.Out + run.Error);
            Assert.DoesNotContain('\u202E', run.Out + run.Error);
        }
    }

    [Fact]
    public void Header_goes_on_after_a_bad_path_and_ends_with_its_code()
    {
        var full = _sandbox.Full();
        var run = ChildProcess.Console("header", _sandbox.At("none"), full.FullName, "--json");
        Assert.Equal((int)ErrorKind.NotFound, run.ExitCode);
        Assert.Single(Results(run));
        AssertOneError(run, ErrorCode.PathNotFound);
    }

    [Fact]
    public void A_damaged_bundle_makes_test_and_header_fail_with_the_code_of_the_damage()
    {
        _sandbox.Chain();
        Damage(_sandbox.Chains()[0].Bundles[2].FullName);
        var test = ChildProcess.Console("test", _sandbox.Bundles, "--json");
        Assert.Equal((int)ErrorKind.Damaged, test.ExitCode);
        Assert.False(Results(test)[0].GetProperty("IsValid").GetBoolean());
        AssertOneError(test, ErrorCode.ChecksumMismatch);
        Assert.Equal((int)ErrorKind.Damaged, ChildProcess.Console("header", _sandbox.Bundles, "--verify").ExitCode);
        // The state before the damage can still be had.
        Assert.Equal(0, ChildProcess.Console("test", _sandbox.Bundles, "--to-position", "166").ExitCode);
    }

    [Fact]
    public void A_gap_makes_test_fail_with_the_code_of_chains()
    {
        var bundles = _sandbox.Chain();
        File.Delete(bundles[1].FullName);
        Assert.Equal((int)ErrorKind.Chain, ChildProcess.Console("test", _sandbox.Bundles).ExitCode);
    }

    [Theory]
    [InlineData(ErrorKind.NotFound, "full", "{none}", "--destination-path", "{b}")]
    [InlineData(ErrorKind.NotFound, "full", "{folder}", "--destination-path", "{b}")]
    [InlineData(ErrorKind.NotFound, "incremental", "{db}", "--destination-path", "{b}")]
    [InlineData(ErrorKind.NotFound, "header", "{db}")]
    [InlineData(ErrorKind.NotFound, "chain", "{folder}")]
    [InlineData(ErrorKind.NotFound, "test", "{none}")]
    [InlineData(ErrorKind.NotFound, "restore", "{folder}", "--destination-path", "{none}")]
    [InlineData(ErrorKind.NotFound, "full", "none*", "--destination-path", "{b}")]
    [InlineData(ErrorKind.NotFound, "incremental", "none*", "--destination-path", "{b}")]
    [InlineData(ErrorKind.NotFound, "restore", "none*", "--destination-path", "{b}")]
    [InlineData(ErrorKind.NotFound, "copy", "none*", "--destination-path", "{b}")]
    [InlineData(ErrorKind.NotFound, "prune", "none*", "--keep-last", "1")]
    [InlineData(ErrorKind.NotFound, "merge", "{none}", "--destination-path", "{b}")]
    [InlineData(ErrorKind.NotFound, "copy", "{folder}", "--destination-path", "{b}")]
    [InlineData(ErrorKind.NotFound, "prune", "{none}", "--keep-last", "1")]
    [InlineData(ErrorKind.NotFound, "report", "{folder}", "--destination-path", "{b}/r", "--test-report", "{none}")]
    [InlineData(ErrorKind.Damaged, "report", "{folder}", "--destination-path", "{b}/r", "--test-report", "{db}")]
    [InlineData(ErrorKind.Usage, "report", "{folder}", "--destination-path", "{b}/r", "--test-report", "{folder}")]
    [InlineData(ErrorKind.Exists, "report", "{folder}", "--destination-path", "{db}")]
    [InlineData(ErrorKind.Usage, "copy", "{folder}", "--destination-path", "{folder}")]
    [InlineData(ErrorKind.Usage, "prune", "{folder}")]
    [InlineData(ErrorKind.Usage, "prune", "{folder}", "--keep-last", "many")]
    [InlineData(ErrorKind.Usage, "prune", "{folder}", "--keep-last", "-1")]
    [InlineData(ErrorKind.Usage, "prune", "{folder}", "--keep-within", "7")]
    [InlineData(ErrorKind.Usage, "report", "{folder}")]
    [InlineData(ErrorKind.Usage, "report", "--destination-path", "{b}/r")]
    [InlineData(ErrorKind.Usage, "full", "{db}", "--destination-path", "{db}")]
    [InlineData(ErrorKind.Usage, "full", "{db}", "--destination-path", "{b}", "--engine", "Oracle")]
    [InlineData(ErrorKind.Usage, "full", "{db}", "--destination-path", "{b}", "--include-wal")]
    [InlineData(ErrorKind.Usage, "full", "{db}", "--destination-path", "{b}", "--no-cursor")]
    [InlineData(ErrorKind.Usage, "full", "{db}", "--destination-path", "{b}", "--engine-layout")]
    [InlineData(ErrorKind.Usage, "full", "{db}", "--destination-path", "{b}", "--forget-destination", "{none}")]
    [InlineData(ErrorKind.Usage, "incremental", "{db}", "--destination-path", "{b}", "--differential")]
    [InlineData(ErrorKind.Usage, "incremental", "{db}", "--destination-path", "{b}", "--since", "1.5")]
    [InlineData(
        ErrorKind.Usage,
        "incremental",
        "{db}",
        "--destination-path",
        "{b}",
        "--full-if-needed",
        "--since",
        "1"
    )]
    [InlineData(ErrorKind.Usage, "test", "{folder}", "--to-position", "-1")]
    [InlineData(ErrorKind.Usage, "test", "{folder}", "--point-in-time", "03/04/2026")]
    [InlineData(ErrorKind.Usage, "test", "{folder}", "--to-position", "1", "--point-in-time", "2026-11-20T00:00:00Z")]
    [InlineData(ErrorKind.Usage)]
    [InlineData(ErrorKind.Usage, "bogus")]
    [InlineData(ErrorKind.Usage, "header")]
    [InlineData(ErrorKind.Usage, "full", "{db}")]
    [InlineData(ErrorKind.Usage, "restore", "{b}", "--destination-path", "{none}", "--bogus")]
    [InlineData(ErrorKind.Failed, "full", "{db}", "--destination-path", "{b}", "--checkpoint", "exit 3")]
    public void A_failure_is_one_line_with_the_exit_code_of_its_family_and_leaves_nothing(
        ErrorKind kind,
        params string[] args
    )
    {
        var before = _sandbox.Inventory();
        var run = ChildProcess.Console(args.Select(Fill).ToArray());
        Assert.True(run.ExitCode == (int)kind, run.ToString());
        Assert.Empty(run.Out);
        Assert.Matches(@"^error [A-Z]\w+: [^\n]+\.( [^\n]+\.)?$", Assert.Single(run.ErrorLines));
        Assert.Equal(before, _sandbox.Inventory());
    }

    /// <summary>Also in the message, and in what a program reads.</summary>
    [Fact]
    public void What_it_says_of_options_is_spelled_as_it_has_them()
    {
        _sandbox.Chain();
        string[] increment = ["incremental", _sandbox.Source, "--destination-path", _sandbox.Bundles];
        var contradiction = ChildProcess.Console([.. increment, "--full-if-needed", "--since", "1"]);
        Assert.Contains("--full-if-needed leaves open", contradiction.Error, StringComparison.Ordinal);
        Assert.Contains("--since or --chain-id", contradiction.Error, StringComparison.Ordinal);
        var foreign = ChildProcess.Console([.. increment, "--forget-destination", _sandbox.At("x")]);
        Assert.Contains("SPG has no option --forget-destination,", foreign.Error, StringComparison.Ordinal);
        using var ahead = new SpgSandbox { Clock = new FixedClock(DateTimeOffset.UtcNow.AddDays(2)) };
        ahead.Full();
        var doubt = ChildProcess.Console("chain", ahead.Bundles, "--json");
        Assert.Contains("--point-in-time may not find", doubt.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void A_restore_into_a_folder_has_the_name_of_the_database()
    {
        _sandbox.Chain();
        AssertOk("restore", _sandbox.Bundles, "--destination-path", _sandbox.At("new") + "/");
        Assert.True(File.Exists(_sandbox.At("new", "a.db")));
        Directory.CreateDirectory(_sandbox.At("there"));
        AssertOk("restore", _sandbox.Bundles, "--destination-path", _sandbox.At("there"));
        Assert.True(File.Exists(_sandbox.At("there", "a.db")));
    }

    [Fact]
    public void A_destination_that_is_taken_says_which_option_replaces_it()
    {
        _sandbox.Chain();
        var to = new[] { "restore", _sandbox.Bundles, "--destination-path", _sandbox.At("r", "rec.db") };
        AssertOk(to);
        var again = ChildProcess.Console(to);
        Assert.Equal((int)ErrorKind.Exists, again.ExitCode);
        AssertOneError(again, ErrorCode.DestinationExists);
        Assert.Contains("--force", again.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("-Force", again.Error, StringComparison.Ordinal);
        AssertOk([.. to, "--force"]);
    }

    [Fact]
    public void A_checkpoint_is_a_shell_command_whose_output_stays_off_standard_output()
    {
        var run = ChildProcess.Console(
            "full",
            _sandbox.Db,
            "--destination-path",
            _sandbox.Bundles,
            "--checkpoint",
            "echo checkpointed",
            "--json"
        );
        Assert.True(run.ExitCode == 0, run.ToString());
        Assert.Single(Results(run));
        Assert.Contains("checkpointed", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void The_story_of_a_run_is_told_on_standard_error_when_asked_for()
    {
        var run = ChildProcess.Console("full", _sandbox.Db, "--destination-path", _sandbox.Bundles, "--verbose");
        Assert.Contains("published", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("published", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Help_and_version_are_no_errors()
    {
        Assert.Equal(0, ChildProcess.Console("--help").ExitCode);
        var help = ChildProcess.Console("restore", "--help");
        Assert.Equal(0, help.ExitCode);
        foreach (var option in new[] { "--destination-path", "--to-position", "--point-in-time", "--force", "--json" })
        {
            Assert.Contains(option, help.Out, StringComparison.Ordinal);
        }
    }

    [UnixTheory]
    [InlineData("INT", 130)]
    [InlineData("TERM", 143)]
    [InlineData("HUP", 129)]
    public void A_signal_ends_a_run_cleanly(string signal, int exitCode)
    {
        var before = _sandbox.Inventory();
        // A shell starts what runs in its background with INT ignored, and who ignores a signal hands that on: to the
        // tests, and to what they start.
        string[] command =
        [
            .. OperatingSystem.IsLinux() ? ["env", "--default-signal=INT,TERM,HUP"] : Array.Empty<string>(),
            "dotnet",
            "exec",
            ChildProcess.ConsoleDll,
            "full",
            _sandbox.Db,
            "--destination-path",
            _sandbox.Bundles,
            "--checkpoint",
            "echo waiting; exec sleep 300",
        ];
        using var process = ChildProcess.Start(command[0], command[1..], Path.GetTempPath());
        Assert.Equal("waiting", process.StandardError.ReadLine());
        Assert.Equal(0, ChildProcess.Run("kill", [$"-{signal}", $"{process.Id}"], Path.GetTempPath()).ExitCode);
        Assert.True(process.WaitForExit(TimeSpan.FromSeconds(30)), "it did not end");
        Assert.Equal(exitCode, process.ExitCode);
        Assert.Equal(before, _sandbox.Inventory());
    }

    private string Fill(string arg) =>
        arg switch
        {
            "{db}" => _sandbox.Db,
            "{b}" => _sandbox.Bundles,
            "{none}" => _sandbox.At("none"),
            "{folder}" => _empty,
            "{b}/r" => Path.Combine(_sandbox.Bundles, "r"),
            _ => arg,
        };

    private static void AssertOk(params string[] args)
    {
        var run = ChildProcess.Console(args);
        Assert.True(run.ExitCode == 0, run.ToString());
        Assert.Empty(run.Error);
    }

    private static void AssertOneError(ChildResult run, ErrorCode code) =>
        Assert.StartsWith($"error {code}: ", Assert.Single(run.ErrorLines), StringComparison.Ordinal);

    private static List<JsonElement> Results(ChildResult run)
    {
        using var document = JsonDocument.Parse(run.Out);
        Assert.Equal(JsonValueKind.Array, document.RootElement.ValueKind);
        return document.RootElement.EnumerateArray().Select(e => e.Clone()).ToList();
    }

    private static void Damage(string path)
    {
        var bytes = File.ReadAllBytes(path);
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(path, bytes);
    }
}
