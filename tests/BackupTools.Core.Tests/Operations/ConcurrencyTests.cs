using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Operations;
using BackupTools.Tests.Engines.Alopex;
using BackupTools.Tests.FrontEnds;

namespace BackupTools.Tests.Operations;

/// <summary>Many at once in one folder: whoever may not go on says so, and nobody sees anything half-made.</summary>
public sealed class ConcurrencyTests(ITestOutputHelper output) : IDisposable
{
    private const int Processes = 4;
    private const int Busy = 6;
    private const int EverydaySteps = 12;

    private readonly string _folder = Directory.CreateTempSubdirectory("backuptools-many-").FullName;

    public static TheoryData<string> Engines => [.. EngineSample.All.Select(s => s.Name)];

    private string Bundles => At("b");

    private OperationHost Host { get; } = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task Of_many_processes_that_back_up_into_one_folder_each_waits_for_the_others(string engine)
    {
        var sample = Sample(engine);
        await AllAtOnce("full", sample);
        var fulls = ReadHeaders
            .Read(Bundles, verify: true, engine: null, Host)
            .Count(r => r.Bundle is { Kind: "Full" });
        Assert.Equal(Processes, fulls);
        sample.SetState(At("s"), 1);

        await AllAtOnce("incremental", sample);

        var readings = ReadHeaders.Read(Bundles, verify: true, engine: null, Host).ToList();
        Assert.True(readings.Count > fulls, "no increment was taken");
        Assert.All(readings, r => Assert.True(r.Bundle?.IsValid, $"{r.Error}"));
        Assert.All(
            VerifyChain.Run(new VerifySettings { Path = Bundles, Deep = true }, Host),
            r => Assert.True(r.IsValid, string.Join("; ", r.Problems))
        );
        Assert.DoesNotContain(
            Directory.GetFileSystemEntries(Bundles),
            e => StagingArea.IsStagingName(Path.GetFileName(e))
        );
        Assert.False(File.Exists(Path.Combine(Bundles, ".backuptools.lock")), "the lock was left");
        output.WriteLine($"{engine}: {fulls} fulls, {readings.Count - fulls} increments");
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task Whoever_reads_while_others_write_sees_whole_bundles_only(string engine)
    {
        var sample = Sample(engine);
        Verbs.Full(sample.Settings(At("s"), Bundles), Host);
        var writing = Task.Run(() =>
        {
            for (var round = 0; round < 6; round++)
            {
                sample.SetState(At("s"), 1 + (round % 2));
                var settings = sample.Settings(At("s"), Bundles);
                _ = Record.Exception(() => Verbs.Increment(settings, Host)) is { } e and not BackupException
                    ? throw new InvalidOperationException("increment", e)
                    : 0;
                Verbs.Full(settings, Host);
            }
        });
        var looks = 0;
        var seen = 0;
        while (!writing.IsCompleted || looks == 0)
        {
            var readings = ReadHeaders.Read(Bundles, verify: true, engine: null, Host).ToList();
            Assert.All(readings, r => Assert.True(r.Bundle?.IsValid, $"{r.Error ?? (object)r.Bundle!}"));
            Assert.True(readings.Count >= seen, "a bundle was there and is gone");
            seen = readings.Count;
            looks++;
        }
        await writing;
        output.WriteLine($"{engine}: looked {looks} times, {seen} bundles in the end");
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void A_bundle_that_is_deleted_while_it_is_restored_ends_in_a_refusal_or_in_the_whole_database(string engine)
    {
        var sample = Sample(engine);
        Verbs.Full(sample.Settings(At("s"), Bundles), Host);
        var restore = new RestoreSettings { Path = Bundles, DestinationPath = At("r", sample.SourceName) };
        Verbs.Restore(restore, Host);
        var older = Restored();
        Directory.Delete(At("r"), recursive: true);
        sample.SetState(At("s"), 1);
        Verbs.Increment(sample.Settings(At("s"), Bundles), Host);
        var counting = new SteppingDisk(LocalDisk.Instance, _ => { });
        Verbs.Restore(restore, new OperationHost { Disk = counting });
        var whole = Restored();
        Copy(Bundles, At("kept"));
        var (refused, done) = (0, 0);
        foreach (var step in SoakBudget.Sample(counting.Steps, EverydaySteps).Select(i => i + 1))
        {
            Directory.Delete(At("r"), recursive: true);
            var disk = new SteppingDisk(LocalDisk.Instance, s => Delete(s, step));
            var error = Record.Exception(() => Verbs.Restore(restore, new OperationHost { Disk = disk }));
            if (error is null)
            {
                // Before the restore has looked, the bundle was never there.
                Assert.Contains(Restored(), new[] { whole, older });
                done++;
            }
            else
            {
                Assert.True(error is BackupException { Code: not ErrorCode.Unexpected }, $"step {step}: {error}");
                Assert.False(Directory.Exists(At("r")), $"step {step}: something is left");
                Directory.CreateDirectory(At("r"));
                refused++;
            }
            Directory.Delete(Bundles, recursive: true);
            Copy(At("kept"), Bundles);
        }
        output.WriteLine($"{engine}: {counting.Steps} steps, {refused} refused, {done} done");
        Assert.NotEqual(0, refused);
    }

    private void Delete(int step, int at)
    {
        if (step != at)
        {
            return;
        }
        // What was taken last: a file, or a folder; of several files with one manifest, one of them.
        var newest = Directory
            .GetFileSystemEntries(Bundles)
            .Where(e => Path.GetFileName(e) is not ("latest" or "backup_manifest.json"))
            .Max(StringComparer.Ordinal)!;
        if (Directory.Exists(newest))
        {
            Directory.Delete(newest, recursive: true);
        }
        else
        {
            File.Delete(newest);
        }
    }

    private async Task AllAtOnce(string verb, EngineSample sample)
    {
        string[] arguments = [verb, Path.Combine(At("s"), sample.SourceName), "--destination-path", Bundles];
        var runs = await Task.WhenAll(
            Enumerable.Range(0, Processes).Select(_ => Task.Run(() => ChildProcess.ConsoleIn(_folder, arguments)))
        );
        Assert.All(runs, r => Assert.True(r.ExitCode == 0, r.ToString()));
    }

    [Fact]
    public async Task Of_many_processes_that_do_not_wait_each_succeeds_or_is_told_that_another_runs()
    {
        var sample = Sample("SPG");
        using (FolderLock.Acquire(LocalDisk.Instance, Bundles))
        {
            var run = ChildProcess.ConsoleIn(_folder, [.. Full(sample), "--lock-timeout", "0"]);
            Assert.True(run.ExitCode == Busy && run.Out.Length == 0, run.ToString());
            Assert.Contains("--lock-timeout", run.Error, StringComparison.Ordinal);
        }
        var runs = await Task.WhenAll(
            Enumerable
                .Range(0, Processes)
                .Select(_ => Task.Run(() => ChildProcess.ConsoleIn(_folder, [.. Full(sample), "--lock-timeout", "0"])))
        );
        Assert.Contains(runs, r => r.ExitCode == 0);
        Assert.All(runs, r => Assert.True(r.ExitCode is 0 or Busy, r.ToString()));
    }

    private string[] Full(EngineSample sample) =>
        ["full", Path.Combine(At("s"), sample.SourceName), "--destination-path", Bundles];

    private EngineSample Sample(string engine)
    {
        var sample = EngineSample.Of(engine);
        Directory.CreateDirectory(At("s"));
        sample.SetState(At("s"), 0);
        return sample;
    }

    private string Restored() => string.Join('\n', EngineSample.Inventory(At("r")).Select(f => $"{f.Key} {f.Value}"));

    private static void Copy(string from, string to)
    {
        foreach (var folder in Directory.GetDirectories(from, "*", SearchOption.AllDirectories).Prepend(from))
        {
            Directory.CreateDirectory(Path.Combine(to, Path.GetRelativePath(from, folder)));
        }
        foreach (var file in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
        {
            File.Copy(file, Path.Combine(to, Path.GetRelativePath(from, file)));
        }
    }

    private string At(params string[] parts) => Path.GetFullPath(Path.Combine([_folder, .. parts]));
}
