using BackupTools.Errors;
using BackupTools.Operations;
using BackupTools.Reports;

namespace BackupTools.Console;

/// <summary>
/// The main job on a sample that is shipped with the program: an SPG database just after a checkpoint, whose log then
/// grows twice. Everything happens in a temporary folder that is removed at the end; the first thing that is not as
/// it must be ends the demo with an error.
/// </summary>
internal sealed class Demo(Run run, TextWriter output) : IDisposable
{
    /// <summary>Where the log stands after the first batch of changes; at its end after the second.</summary>
    private const int FirstBatch = 166;

    private readonly string _folder = Directory.CreateTempSubdirectory("backuptools-demo-").FullName;
    private readonly byte[] _database = Resource("sample.db");
    private readonly byte[] _log = Resource("sample.wal");

    private string Source => In("shop.db");

    private string Bundles => In("bundles");

    public void Play()
    {
        output.WriteLine($"BackupTools demo, in {_folder}");
        var middle = BackUp();
        Test(Bundles, "the chain");
        CatchDamage();
        Restore("latest.db", null, _log.Length);
        Restore("earlier.db", middle.EndPosition, FirstBatch);
        output.WriteLine("All as it must be.");
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private BundleInfo BackUp()
    {
        Title("1. Back up: a full, and an increment after each of two batches of changes");
        File.WriteAllBytes(Source, _database);
        WriteLog(0);
        var settings = new BackupSettings { SourcePath = Source, DestinationPath = Bundles };
        run.Emit(run.Execute(host => TakeFullBackup.Execute(TakeFullBackup.Plan(settings, host), host)));
        WriteLog(FirstBatch);
        var middle = Increment(settings);
        WriteLog(_log.Length);
        Increment(settings);
        return middle;
    }

    private BundleInfo Increment(BackupSettings settings)
    {
        var bundle = run.Execute(host =>
            TakeIncrementalBackup.Execute(TakeIncrementalBackup.Plan(settings, host), host)
        );
        run.Emit(bundle);
        return bundle;
    }

    private void Test(string folder, string what)
    {
        Title($"2. Test {what}");
        var report = Report(folder);
        run.Emit(report);
        Require(report.IsValid, "the chain that was just taken is not valid");
    }

    private void CatchDamage()
    {
        Title("3. Damage a copy of the last increment by one bit, and test the copy");
        var copies = In("damaged");
        Directory.CreateDirectory(copies);
        foreach (var file in Directory.GetFiles(Bundles))
        {
            File.Copy(file, Path.Combine(copies, Path.GetFileName(file)));
        }
        var victim = run.Execute(host => ReadChains.Read(copies, false, null, host).Single().Chain!).Bundles[^1];
        using (var file = File.Open(victim.FullName, FileMode.Open))
        {
            file.Position = victim.Length / 2;
            var damaged = (byte)(file.ReadByte() ^ 1);
            file.Position--;
            file.WriteByte(damaged);
        }
        var report = Report(copies);
        run.Emit(report);
        Require(!report.IsValid, "one flipped bit went unnoticed by the test");
        var refused = RefusedRestore(copies);
        Require(refused is not null, "one flipped bit went unnoticed by the restore");
        output.WriteLine($"  and a restore is refused: {refused!.Code}: {refused.Message}");
        Require(!File.Exists(In("damaged.db")), "a refused restore left something behind");
    }

    private BackupException? RefusedRestore(string folder)
    {
        try
        {
            run.Execute(host => RestoreTo(folder, "damaged.db", null, host));
            return null;
        }
        catch (BackupException error)
        {
            return error;
        }
    }

    private void Restore(string name, ulong? position, int logLength)
    {
        Title(position is null ? "4. Restore the newest state" : $"5. Restore to position {position}");
        run.Emit(run.Execute(host => RestoreTo(Bundles, name, position, host)));
        var log = File.ReadAllBytes(Path.ChangeExtension(In(name), ".wal"));
        Require(File.ReadAllBytes(In(name)).AsSpan().SequenceEqual(_database), "the database differs");
        Require(log.AsSpan().SequenceEqual(_log.AsSpan(0, logLength)), "the log differs");
        output.WriteLine($"  compared: {_database.Length} bytes of database and {logLength} of log are the same");
    }

    private RestoreReport RestoreTo(string folder, string name, ulong? position, OperationHost host)
    {
        var settings = new RestoreSettings
        {
            Path = folder,
            DestinationPath = In(name),
            ToPosition = position,
        };
        return RestoreChain.Execute(RestoreChain.Plan(settings, host), host);
    }

    private ChainReport Report(string folder) =>
        run.Execute(host => VerifyChain.Run(new VerifySettings { Path = folder, Deep = true }, host).Single());

    private void WriteLog(int length) =>
        File.WriteAllBytes(Path.ChangeExtension(Source, ".wal"), _log.AsSpan(0, length));

    private void Title(string text)
    {
        output.WriteLine();
        output.WriteLine(text);
    }

    private string In(string name) => Path.Combine(_folder, name);

    private static void Require(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new BackupException(ErrorCode.VerificationFailed, $"the demo failed: {otherwise}");
        }
    }

    private static byte[] Resource(string name)
    {
        using var stream = typeof(Demo).Assembly.GetManifestResourceStream(name)!;
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
