using BackupTools.Operations;
using BackupTools.Reports;

namespace BackupTools.Tests.Operations;

/// <summary>
/// A folder with the SPG database of state S0 as on disk after a checkpoint, whose log grows from empty through S1 to
/// S2. Drives the operations as a front end does.
/// </summary>
internal sealed class SpgSandbox : IDisposable
{
    private const int Checkpointed = 262;
    private static readonly string Fixtures = Path.Combine(AppContext.BaseDirectory, "fixtures", "spg");

    public SpgSandbox()
    {
        Folder = Directory.CreateTempSubdirectory("backuptools-ops-").FullName;
        File.Copy(Path.Combine(Fixtures, "states", "S0.v59.db"), Db);
        File.WriteAllBytes(Wal, []);
    }

    public string Folder { get; }

    public string Db => At("a.db");

    public string Wal => At("a.wal");

    public string Bundles => At("b");

    public List<string> Warnings { get; } = [];

    public static byte[] LogOf(string state) =>
        File.ReadAllBytes(Path.Combine(Fixtures, "states", $"{state}.wal"))[Checkpointed..];

    public static byte[] Fixture(string name) => File.ReadAllBytes(Path.Combine(Fixtures, name));

    public string At(params string[] parts) => Path.Combine([Folder, .. parts]);

    /// <summary>The log grows to what it is at that state.</summary>
    public void GrowTo(string state) => File.WriteAllBytes(Wal, LogOf(state));

    public OperationHost Host(CancellationToken cancellation = default) =>
        new() { Cancellation = cancellation, Warning = Warnings.Add };

    public BackupSettings Settings() => new() { SourcePath = Db, DestinationPath = Bundles };

    public BundleInfo Full(BackupSettings? settings = null)
    {
        var host = Host();
        return TakeFullBackup.Execute(TakeFullBackup.Plan(settings ?? Settings(), host), host);
    }

    public BundleInfo Increment(BackupSettings? settings = null)
    {
        var host = Host();
        return TakeIncrementalBackup.Execute(TakeIncrementalBackup.Plan(settings ?? Settings(), host), host);
    }

    /// <summary>A full at S0 and an increment for each of S1 and S2.</summary>
    public IReadOnlyList<BundleInfo> Chain()
    {
        var full = Full();
        GrowTo("S1");
        var first = Increment();
        GrowTo("S2");
        return [full, first, Increment()];
    }

    public IReadOnlyList<ChainInfo> Chains() =>
        ReadChains.Read(Bundles, false, null, Host()).Where(r => r.Chain is not null).Select(r => r.Chain!).ToList();

    public RestoreReport Restore(RestoreSettings? settings = null)
    {
        var host = Host();
        return RestoreChain.Execute(RestoreChain.Plan(settings ?? RestoreTo("r", "rec.db"), host), host);
    }

    public RestoreSettings RestoreTo(params string[] parts) => new() { Path = Bundles, DestinationPath = At(parts) };

    public ChainReport Test(VerifySettings? settings = null) =>
        Assert.Single(VerifyChain.Run(settings ?? new VerifySettings { Path = Bundles }, Host()));

    /// <summary>Every file below the sandbox with its content, for "nothing was left behind" and "nothing was touched".</summary>
    public SortedDictionary<string, string> Inventory()
    {
        var files = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var noLinks = new EnumerationOptions
        {
            RecurseSubdirectories = true,
            AttributesToSkip = FileAttributes.ReparsePoint,
            IgnoreInaccessible = false,
        };
        foreach (var path in Directory.EnumerateFileSystemEntries(Folder, "*", noLinks))
        {
            if (Path.GetFileName(path) == ".backuptools.lock")
            {
                continue; // held by a test; only its holder can read it
            }
            files[Path.GetRelativePath(Folder, path)] = File.Exists(path)
                ? Convert.ToHexString(File.ReadAllBytes(path))
                : "folder";
        }
        return files;
    }

    /// <summary>The database and its log.</summary>
    public string SourceBytes() => Hex(Db) + "/" + Hex(Wal);

    /// <summary>What any command would take for bundles, by kind and range: names hold the time and differ by run.</summary>
    public string BundleNames() =>
        string.Join(
            ", ",
            new[] { Bundles, At("m") }
                .Where(Directory.Exists)
                .SelectMany(folder => ReadHeaders.Read(folder, true, null, Host()))
                .Select(r => r.Bundle)
                .OfType<BundleInfo>()
                .Select(b => $"{b.Kind} {b.StartPosition}..{b.EndPosition} {b.IsValid}")
                .Order(StringComparer.Ordinal)
        );

    /// <summary>What stands at the destination of restores.</summary>
    public string RestoredBytes() => Hex(At("r", "rec.db")) + "/" + Hex(At("r", "rec.wal"));

    /// <summary>What a run that ended should not have left. An unlocked lock file is none: the next run takes it.</summary>
    public IEnumerable<string> Leftovers() =>
        Directory
            .EnumerateFileSystemEntries(Folder, "*", SearchOption.AllDirectories)
            .Where(p => BackupTools.Files.StagingArea.IsStagingName(Path.GetFileName(p)));

    private static string Hex(string path) => File.Exists(path) ? Convert.ToHexString(File.ReadAllBytes(path)) : "-";

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
