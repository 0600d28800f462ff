using System.Diagnostics;
using BackupTools.Chains;
using BackupTools.Engines;
using BackupTools.Engines.PowDb;
using BackupTools.Errors;
using BackupTools.Tests.Formats;
using BackupTools.Tests.FrontEnds;

namespace BackupTools.Tests.Engines.PowDb;

/// <summary>Data directories whose log is not empty, and those whose engine is running.</summary>
public sealed class PowDbWalTests : IDisposable
{
    private static readonly EngineOptions WithWal = new() { IncludeWal = true };
    private readonly FixedClock _clock = new(PowDbFixtures.EngineTime);
    private readonly EngineHarness _harness;

    public PowDbWalTests() => _harness = new EngineHarness(new PowDbEngine(), clock: _clock);

    public void Dispose() => _harness.Dispose();

    [Fact]
    public void A_log_that_is_not_empty_is_refused_with_the_ways_out()
    {
        var error = Assert.Throws<BackupException>(() => _harness.Full(PowDbFixtures.At("W"), _harness.At("backups")));

        Assert.Equal(ErrorCode.WalNotEmpty, error.Code);
        Assert.Contains("Checkpoint", error.Recommendation, StringComparison.Ordinal);
        Assert.Contains("IncludeWal", error.Recommendation, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_harness.At("backups")));
    }

    [Fact]
    public void With_its_log_a_crashed_directory_restores_whole()
    {
        var full = _harness.Full(PowDbFixtures.At("W"), _harness.At("backups"), WithWal);

        _harness.Restore([full], _harness.At("restored"), deep: true);

        PowDbFixtures.AssertSame(PowDbFixtures.At("W"), _harness.At("restored"));
        Assert.Equal(PowDbDump.Expected("W.dump.txt"), PowDbDump.Of(_harness.At("restored")));
        Assert.Empty(_harness.Verify([full]));
    }

    [PythonFact]
    public void The_independent_reader_finds_the_same_records_in_the_restored_log()
    {
        var full = _harness.Full(PowDbFixtures.At("W"), _harness.At("backups"), WithWal);
        _harness.Restore([full], _harness.At("restored"));

        var report = PowDbChecker.Run(_harness.At("restored"));

        Assert.Contains("wal 35 records ((1, 1, 992), (35, 3, 1026))", report, StringComparison.Ordinal);
        Assert.Contains("heap users max_lsn 894 rows 320", report, StringComparison.Ordinal);
    }

    [Fact]
    public void The_log_of_a_state_does_not_survive_into_the_next()
    {
        var source = PowDbFixtures.Copy(PowDbFixtures.At("W"), _harness.At("data"));
        var path = new List<BundleHeader> { _harness.Full(source, _harness.At("backups"), WithWal) };
        PowDbFixtures.Copy(PowDbFixtures.At("S2"), source); // its log is empty
        path.Add(_harness.Increment(source, _harness.At("backups"), path));
        File.Copy(PowDbFixtures.At("W", "wal.log"), Path.Combine(source, "wal.log"), overwrite: true);
        path.Add(_harness.Increment(source, _harness.At("backups"), path, WithWal));

        for (var i = 0; i < path.Count; i++)
        {
            _harness.Restore(path.Take(i + 1).ToArray(), _harness.At($"restored{i}"));
        }

        PowDbFixtures.AssertSame(PowDbFixtures.At("W"), _harness.At("restored0"));
        PowDbFixtures.AssertSame(PowDbFixtures.At("S2"), _harness.At("restored1"));
        PowDbFixtures.AssertSame(PowDbFixtures.At("W"), _harness.At("restored2"));
        var byEngine = PowDbEngineModel.RestoreChain(path.Take(2).Select(b => PowDbFixtures.Files(b.FullName)));
        Assert.Empty(byEngine["wal.log"]);
        Assert.Empty(_harness.Verify(path));
        // For the engine's own restore, which never removes a file: an empty log takes the place of the full's.
        Assert.Equal(0, new FileInfo(Path.Combine(path[1].FullName, "wal.log")).Length);
        Assert.Contains(
            "\"name\": \"wal.log\",\n        \"len\": 0",
            File.ReadAllText(Path.Combine(path[1].FullName, "increment.json")),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_checkpoint_that_empties_the_log_lets_the_backup_through()
    {
        var source = PowDbFixtures.Copy(PowDbFixtures.At("W"), _harness.At("data"));
        var log = Path.Combine(source, "wal.log");

        var full = _harness.Full(
            source,
            _harness.At("backups"),
            new EngineOptions { Checkpoint = () => File.WriteAllBytes(log, []) }
        );

        Assert.False(File.Exists(Path.Combine(full.FullName, "wal.log")));
        _harness.Restore([full], _harness.At("restored"));
        PowDbFixtures.AssertSame(source, _harness.At("restored"));
    }

    [Fact]
    public void A_checkpoint_that_leaves_the_log_does_not()
    {
        var error = Assert.Throws<BackupException>(() =>
            _harness.Full(PowDbFixtures.At("W"), _harness.At("backups"), new EngineOptions { Checkpoint = () => { } })
        );

        Assert.Equal(ErrorCode.WalNotEmpty, error.Code);
    }

    [Fact]
    public void A_half_written_record_at_the_end_is_left_out_and_said()
    {
        var source = PowDbFixtures.Copy(PowDbFixtures.At("W"), _harness.At("data"));
        File.AppendAllText(Path.Combine(source, "wal.log"), "half a record");

        var full = _harness.Full(source, _harness.At("backups"), WithWal);
        _harness.Restore([full], _harness.At("restored"));

        PowDbFixtures.AssertSame(PowDbFixtures.At("W"), _harness.At("restored"));
        Assert.Contains(_harness.Warnings, w => w.Contains("13 bytes", StringComparison.Ordinal));
    }

    [Fact]
    public void The_log_of_a_newer_engine_goes_beside_the_manifest_and_comes_back()
    {
        var database = new PowDbNewTestDatabase();
        var source = database.WriteTo(_harness.At("data"));
        File.WriteAllBytes(Path.Combine(source, "wal.log"), PowDbNewTestDatabase.Wal(3));

        var full = _harness.Full(source, _harness.At("backups"), WithWal);
        _harness.Restore([full], _harness.At("restored"), deep: true);

        Assert.DoesNotContain(
            "wal.log",
            File.ReadAllText(Path.Combine(full.FullName, "manifest.json")),
            StringComparison.Ordinal
        );
        PowDbFixtures.AssertSame(source, _harness.At("restored"));
        Assert.DoesNotContain(_harness.Verify([full]), p => p.Severity == ProblemSeverity.Error);

        File.Delete(Path.Combine(full.FullName, ".backuptools.json"));
        File.Delete(Path.Combine(full.FullName, ".backuptools.pages"));
        var error = Assert.Throws<BackupException>(() =>
            _harness.Restore(_harness.Read(full.FullName), _harness.At("again"))
        );
        Assert.Equal(ErrorCode.MissingFile, error.Code);
    }

    [Fact]
    public void The_lock_of_a_running_engine_is_respected()
    {
        var source = PowDbFixtures.Copy(PowDbFixtures.At("S0"), _harness.At("data"));
        File.WriteAllText(Path.Combine(source, "LOCK"), $"{Environment.ProcessId}");

        var error = Assert.Throws<BackupException>(() => _harness.Full(source, _harness.At("backups")));
        var live = _harness.Full(source, _harness.At("backups"), WithWal);

        Assert.Equal(ErrorCode.SourceInUse, error.Code);
        Assert.Contains($"process {Environment.ProcessId}", error.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(live.FullName, "LOCK")));
    }

    [Fact]
    public void The_lock_of_a_dead_engine_is_noted_and_passed()
    {
        var source = PowDbFixtures.Copy(PowDbFixtures.At("S0"), _harness.At("data"));
        using (
            var ended = Process.Start(
                new ProcessStartInfo(ChildProcess.ConsoleProgram, [.. ChildProcess.ConsoleArguments, "--version"])
                {
                    RedirectStandardOutput = true,
                    UseShellExecute = false,
                }
            )!
        )
        {
            ended.WaitForExit();
            File.WriteAllText(Path.Combine(source, "LOCK"), $"{ended.Id}");
        }

        var plan = _harness.Engine.PlanCapture(
            new CaptureRequest
            {
                SourcePath = source,
                DestinationFolder = _harness.At("backups"),
                Kind = BundleKind.Full,
                Options = new EngineOptions(),
            },
            _harness.Context()
        );

        Assert.Contains(
            plan.Warnings,
            w => w.Code == ErrorCode.SourceInUse && w.Message.Contains("stale", StringComparison.Ordinal)
        );
    }
}
