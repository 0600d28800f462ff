using System.Text.Json;
using BackupTools.Errors;
using BackupTools.Reports;
using BackupTools.Tests.Operations;

namespace BackupTools.Tests.FrontEnds;

/// <summary>The verbs that look after chains: merge, copy, prune and report.</summary>
public sealed class ConsoleLifeTests : IDisposable
{
    private readonly SpgSandbox _sandbox = new();

    public void Dispose() => _sandbox.Dispose();

    [Fact]
    public void A_merged_chain_restores_to_the_same_bytes()
    {
        _sandbox.Chain();
        var merge = Ok("merge", _sandbox.Bundles, "--destination-path", _sandbox.At("m"), "--to-position", "166");
        Assert.StartsWith("Full ", merge.Out, StringComparison.Ordinal);
        Ok("restore", _sandbox.At("m"), "--destination-path", _sandbox.At("r", "rec.db"));
        Assert.Equal(SpgSandbox.LogOf("S1"), File.ReadAllBytes(_sandbox.At("r", "rec.wal")));
    }

    [Fact]
    public void A_copy_takes_what_is_missing_and_finds_damage_when_asked_to()
    {
        _sandbox.Chain();
        string[] copy = ["copy", _sandbox.Bundles, "--destination-path", _sandbox.At("c"), "--verify", "--json"];
        Assert.Equal(3, One<CopyReport>(Ok(copy)).GetProperty("Copied").GetArrayLength());
        var again = One<CopyReport>(Ok(copy));
        Assert.Equal(0, again.GetProperty("Copied").GetArrayLength());
        Assert.True(again.GetProperty("IsValid").GetBoolean());

        var victim = Directory.GetFiles(_sandbox.At("c"), "*-full.bkp").Single();
        var bytes = File.ReadAllBytes(victim);
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(victim, bytes);
        var damaged = ChildProcess.Console(copy);
        Assert.Equal((int)ErrorKind.Damaged, damaged.ExitCode);
        Assert.False(One<CopyReport>(damaged).GetProperty("IsValid").GetBoolean());
    }

    [Fact]
    public void Prune_says_what_it_would_do_and_then_does_it()
    {
        _sandbox.Chain();
        _sandbox.Full();
        var before = _sandbox.Inventory();
        string[] prune = ["prune", _sandbox.Bundles, "--keep-last", "1"];
        var plan = Ok([.. prune, "--dry-run"]);
        Assert.Contains("3 bundle(s) to remove, 1 to keep", plan.Out, StringComparison.Ordinal);
        Assert.Equal(3, plan.Out.Split("no rule keeps it").Length - 1);
        Assert.Equal(before, _sandbox.Inventory());

        Assert.Equal(3, One<ExpiryReport>(Ok([.. prune, "--json"])).GetProperty("RemovedCount").GetInt32());
        Assert.Equal(4, before.Count(f => f.Key.EndsWith(".bkp", StringComparison.Ordinal)));
        Assert.Single(Directory.GetFiles(_sandbox.Bundles, "*.bkp"));
        Ok("test", _sandbox.Bundles);
    }

    [Theory]
    [InlineData("SPG full backup of", "full", "{source}", "--destination-path", "{b}")]
    [InlineData("SPG incremental backup of", "incremental", "{source}", "--destination-path", "{b}", "--allow-empty")]
    [InlineData("SPG merge of chain", "merge", "{b}", "--destination-path", "{m}")]
    [InlineData("copy of", "copy", "{b}", "--destination-path", "{m}")]
    [InlineData("3 bundle(s) to remove, 1 to keep", "prune", "{b}", "--keep-last", "1")]
    [InlineData("SPG restore of chain", "restore", "{b}", "--destination-path", "{m}")]
    [InlineData("report on 1 database", "report", "{b}", "--destination-path", "{m}")]
    public void A_dry_run_says_what_would_be_done_and_writes_nothing(string says, params string[] args)
    {
        _sandbox.Chain();
        _sandbox.Full();
        var before = _sandbox.Inventory();
        var given = args.Select(a =>
            a.Replace("{source}", _sandbox.Source, StringComparison.Ordinal)
                .Replace("{b}", _sandbox.Bundles, StringComparison.Ordinal)
                .Replace("{m}", _sandbox.At("m"), StringComparison.Ordinal)
        );
        Assert.Contains(says, Ok([.. given, "--dry-run"]).Out, StringComparison.Ordinal);
        Assert.Equal(before, _sandbox.Inventory());
    }

    [Fact]
    public void A_report_takes_what_test_printed()
    {
        _sandbox.Chain();
        var tests = _sandbox.At("tests.json");
        File.WriteAllText(tests, Ok("test", _sandbox.Bundles, "--restore-drill", "--json").Out);
        var page = _sandbox.At("page.html");
        var run = Ok(
            "report",
            _sandbox.Bundles,
            "--destination-path",
            page,
            "--recovery-point-objective",
            "01:00",
            "--test-report",
            tests,
            "--json"
        );
        var report = One<BackupReport>(run);
        Assert.True(report.GetProperty("IsHealthy").GetBoolean());
        Assert.NotEqual(JsonValueKind.Null, report.GetProperty("Databases")[0].GetProperty("LastDrill").ValueKind);
        Assert.Contains("All in order", File.ReadAllText(page), StringComparison.Ordinal);
    }

    [Fact]
    public void A_report_about_trouble_is_a_success_that_says_so()
    {
        var bundles = _sandbox.Chain();
        File.Delete(bundles[1].FullName);
        var run = Ok(
            "report",
            _sandbox.Bundles,
            _sandbox.At("none"),
            "--destination-path",
            _sandbox.At("page.html"),
            "--note",
            "tonight: nothing"
        );
        Assert.Contains("NOT VALID", run.Out, StringComparison.Ordinal);
        Assert.Contains("PathNotFound", run.Out, StringComparison.Ordinal);
        Assert.Contains("tonight: nothing", File.ReadAllText(_sandbox.At("page.html")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("prometheus", "# BackupTools report\n")]
    [InlineData("JSON", "{\n  \"Report\": \"BackupTools\",")]
    [InlineData("Html", "<!DOCTYPE html>")]
    public void A_report_is_written_in_the_format_that_was_asked_for(string format, string mark)
    {
        _sandbox.Chain();
        var file = _sandbox.At("file");
        Ok("report", _sandbox.Bundles, "--destination-path", file, "--format", format);
        Assert.StartsWith(mark, File.ReadAllText(file), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("7")]
    [InlineData("0")]
    [InlineData("csv")]
    public void A_format_that_there_is_not_is_refused(string format)
    {
        _sandbox.Chain();
        var file = _sandbox.At("file");
        var run = ChildProcess.Console("report", _sandbox.Bundles, "--destination-path", file, "--format", format);
        Assert.Equal((int)ErrorKind.Usage, run.ExitCode);
        Assert.Contains("InvalidOption", run.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(file));
    }

    private static ChildResult Ok(params string[] args)
    {
        var run = ChildProcess.Console(args);
        Assert.True(run.ExitCode == 0, run.ToString());
        Assert.Empty(run.Error);
        return run;
    }

    /// <summary>The one result, which has the properties of the report and no others.</summary>
    private static JsonElement One<T>(ChildResult run)
    {
        using var document = JsonDocument.Parse(run.Out);
        var result = Assert.Single(document.RootElement.EnumerateArray().Select(e => e.Clone()));
        Assert.Equal(
            typeof(T).GetProperties().Select(p => p.Name).Order(),
            result.EnumerateObject().Select(p => p.Name).Order()
        );
        return result;
    }
}
