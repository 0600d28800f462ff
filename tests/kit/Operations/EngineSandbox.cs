using BackupTools.Engines;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Operations;
using BackupTools.Reports;
using BackupTools.Tests.Conformance.Toy;
using BackupTools.Tests.Engines.PowDb;
using BackupTools.Tests.Files;

namespace BackupTools.Tests.Operations;

/// <summary>
/// A folder with a database of one engine, which goes through states, and its backups. Drives the operations as a front
/// end does and shows what they leave; what differs between the engines is in the classes derived from it.
/// </summary>
internal abstract class EngineSandbox : IDisposable
{
    private static readonly Dictionary<string, Func<EngineSandbox>> Kinds = new(StringComparer.Ordinal)
    {
        [EngineNames.Sqlite] = () => new SqliteSandbox(),
        [EngineNames.Spg] = () => new SpgSandbox(),
        [EngineNames.PowDb] = () => new PowDbSandbox(),
        [EngineNames.Alopex] = () => new AlopexSandbox(),
        [EngineNames.Grafeo] = () => new GrafeoSandbox(),
        [ToyEngine.EngineName] = () => new ToySandbox(),
    };

    /// <summary>Those engines.</summary>
    public static EngineRegistry Engines { get; } = new([.. EngineRegistry.Default.Engines, new ToyEngine()]);

    // In memory where there is such a folder: there are thousands of flushes.
    private readonly TempFolder _folder = new(TempFolder.Memory);

    private int _restores;

    /// <summary>Every engine.</summary>
    public static IEnumerable<string> Names => EngineRegistry.Default.Engines.Select(e => e.Name);

    /// <summary>Every engine, and the toy that stands for those to come.</summary>
    public static IEnumerable<string> All => Engines.Engines.Select(e => e.Name);

    /// <summary>A sandbox of that engine, in which every run is a minute later than the one before.</summary>
    public static EngineSandbox Of(string engine)
    {
        var box = Kinds[engine]();
        box.Clock = new FixedClock(DateTimeOffset.UtcNow);
        return box;
    }

    public string Folder => _folder.Path;

    /// <summary>The database: a file or a folder.</summary>
    public abstract string Source { get; }

    public string Bundles => At("b");

    /// <summary>Where restores go that name no place.</summary>
    public virtual string Restored => At("r", "rec");

    /// <summary>
    /// What a database is called that is restored into a folder: the name that the bundles tell; of others the bundles'
    /// folder has to do.
    /// </summary>
    public virtual string NameInFolder => Path.GetFileName(Bundles);

    public List<string> Warnings { get; } = [];

    /// <summary>Moves a minute with every run; null for the real one.</summary>
    public FixedClock? Clock { get; set; }

    public string At(params string[] parts) => Path.GetFullPath(Path.Combine([Folder, .. parts]));

    /// <summary>Makes the database what it is at a state: S0, S1 or S2, each later than the one before.</summary>
    public abstract void Become(string state);

    /// <summary>Changes the database as its engine may.</summary>
    public abstract void Change(Random random);

    public OperationHost Host(CancellationToken cancellation = default) => Host(null, cancellation);

    public OperationHost Host(IDisk? disk, CancellationToken cancellation = default)
    {
        if (Clock is not null)
        {
            Clock.Now += TimeSpan.FromMinutes(1);
        }
        return new OperationHost
        {
            Cancellation = cancellation,
            Warning = Warnings.Add,
            Engines = Engines,
            Disk = disk ?? LocalDisk.Instance,
            Clock = Clock ?? TimeProvider.System,
            LockTimeout = TimeSpan.Zero,
            ThrottleLimit = 1, // so that the steps of two runs are the same
        };
    }

    /// <summary>Empty increments are bundles too, for what the tests are about.</summary>
    public BackupSettings Settings() =>
        new()
        {
            SourcePath = Source,
            DestinationPath = Bundles,
            AllowEmpty = true,
        };

    public BundleInfo Full(BackupSettings? settings = null, IDisk? disk = null)
    {
        var host = Host(disk);
        return Verbs.Full(settings ?? Settings(), host);
    }

    public BundleInfo Increment(BackupSettings? settings = null, IDisk? disk = null)
    {
        var host = Host(disk);
        return Verbs.Increment(settings ?? Settings(), host);
    }

    /// <summary>A full at S0 and an increment for each of S1 and S2.</summary>
    public IReadOnlyList<BundleInfo> Chain()
    {
        Become("S0");
        var full = Full();
        Become("S1");
        var first = Increment();
        Become("S2");
        return [full, first, Increment()];
    }

    public IReadOnlyList<ChainInfo> Chains() =>
        ReadChains.Read(Bundles, false, null, Host()).Where(r => r.Chain is not null).Select(r => r.Chain!).ToList();

    public RestoreReport Restore(RestoreSettings? settings = null, IDisk? disk = null)
    {
        var host = Host(disk);
        return Verbs.Restore(settings ?? RestoreTo(Restored), host);
    }

    public RestoreSettings RestoreTo(params string[] parts) => new() { Path = Bundles, DestinationPath = At(parts) };

    public ChainReport Test(VerifySettings? settings = null) =>
        Assert.Single(VerifyChain.Run(settings ?? new VerifySettings { Path = Bundles }, Host()));

    /// <summary>Merges into folder m, or the one given.</summary>
    public BundleInfo Merge(
        ulong? position = null,
        string? folder = null,
        BundleInfo? bundle = null,
        IDisk? disk = null
    )
    {
        var host = Host(disk);
        var settings = new MergeSettings
        {
            Path = Bundles,
            ToPosition = position ?? PositionOf(bundle),
            ChainId = bundle?.ChainId,
            PointInTime = position is null ? TimeOf(bundle) : null,
            DestinationPath = folder ?? At("m"),
        };
        return Verbs.Merge(settings, host);
    }

    /// <summary>Copies into folder c.</summary>
    public CopyReport Copy(bool verify = false, IDisk? disk = null) =>
        Verbs.Copy(
            new CopySettings
            {
                Path = Bundles,
                DestinationPath = At("c"),
                Verify = verify,
            },
            Host(disk)
        );

    public ExpiryReport Expire(ExpirySettings? settings = null, IDisk? disk = null) =>
        Verbs.Expire(settings ?? new ExpirySettings { Path = Bundles, KeepLast = 1 }, Host(disk));

    /// <summary>How the database stands, in a report that is not written.</summary>
    public BackupReport Report(TimeSpan recoveryPointObjective) =>
        ExportReport
            .Plan(
                new ReportSettings
                {
                    Folders = [Bundles],
                    DestinationPath = At("report.html"),
                    RecoveryPointObjective = recoveryPointObjective,
                },
                Host()
            )
            .Report;

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
            files[TempFolder.Relative(Folder, path)] = File.Exists(path)
                ? Convert.ToHexString(File.ReadAllBytes(path))
                : "folder";
        }
        return files;
    }

    /// <summary>The database.</summary>
    public virtual string SourceBytes() => Tree(Source);

    /// <summary>What any command would take for bundles, by kind and range: names hold the time and differ by run.</summary>
    public string BundleNames() =>
        string.Join(
            ", ",
            new[] { Bundles, At("m"), At("c") }
                .Where(Directory.Exists)
                .SelectMany(folder =>
                    ReadHeaders
                        .Read(folder, true, null, new OperationHost { Engines = Engines })
                        .Where(r => r.Error?.Code != ErrorCode.BundleNotRecognised)
                        .Select(r => $"{Path.GetFileName(folder)} {Describe(r)}")
                )
                .Order(StringComparer.Ordinal)
        );

    /// <summary>What stands at the destination of restores.</summary>
    public string RestoredBytes() => Tree(Path.GetDirectoryName(Restored)!);

    /// <summary>What a run that ended should not have left. An unlocked lock file is none: the next run takes it.</summary>
    public IEnumerable<string> Leftovers() =>
        Directory
            .EnumerateFileSystemEntries(Folder, "*", SearchOption.AllDirectories)
            .Where(p => StagingArea.IsStagingName(Path.GetFileName(p)));

    /// <summary>Does what every run does first, in every folder that a run may have died in.</summary>
    public void Sweep()
    {
        foreach (var folder in new[] { Bundles, At("m"), At("c"), At("r"), Restored }.Where(Directory.Exists))
        {
            StagingArea.Sweep(LocalDisk.Instance, folder, Warnings.Add);
        }
    }

    /// <summary>What is in a database, told by nothing of ours; null where there is nobody to tell.</summary>
    public abstract string? Content(string database);

    /// <summary>Restores from a folder, to a place of its own; the path of the database.</summary>
    public string RestoreFrom(string folder, BundleInfo? bundle = null, ulong? position = null)
    {
        var destination = At("restored", $"{_restores++}", Path.GetFileName(Restored));
        Restore(
            new RestoreSettings
            {
                Path = folder,
                DestinationPath = destination,
                ChainId = bundle?.ChainId,
                ToPosition = position ?? PositionOf(bundle),
                PointInTime = position is null ? TimeOf(bundle) : null,
            }
        );
        return destination;
    }

    /// <summary>Every byte of what a bundle of a folder restores to, read by whoever has the host's keys.</summary>
    public string RestoredWith(OperationHost host, string folder, BundleInfo bundle)
    {
        var at = At("restored", $"{_restores++}", Path.GetFileName(Restored));
        Verbs.Restore(
            new RestoreSettings
            {
                Path = folder,
                DestinationPath = at,
                PointInTime = new DateTimeOffset(bundle.CreatedUtc),
            },
            host
        );
        return Bytes(at);
    }

    /// <summary>
    /// What leads to one bundle and no other: where positions may stand still, its time; where time cuts inside bundles,
    /// its position.
    /// </summary>
    private static ulong? PositionOf(BundleInfo? bundle) =>
        Can(bundle)?.CutsByTime == true ? bundle!.EndPosition : null;

    private static DateTimeOffset? TimeOf(BundleInfo? bundle) =>
        Can(bundle)?.CutsByTime == false ? new DateTimeOffset(bundle!.CreatedUtc) : null;

    private static EngineCapabilities? Can(BundleInfo? bundle) =>
        bundle is null ? null : Engines.ByName(bundle.Engine).Capabilities;

    /// <summary>How many bundles there are: a full may come with an increment beside it.</summary>
    public int Count() => Chains().Sum(c => c.Bundles.Count);

    /// <summary>Every byte that a restore made: two equal texts are two equal databases.</summary>
    public static string Bytes(string restored) => Tree(Path.GetDirectoryName(restored)!);

    /// <summary>Flips a bit in a bundle's data.</summary>
    public static void Damage(BundleInfo bundle)
    {
        var file = File.Exists(bundle.FullName)
            ? bundle.FullName
            : Directory
                .GetFiles(bundle.FullName, "*", SearchOption.AllDirectories)
                .Where(f => Path.GetFileName(f) is not ("lsm.wal" or ".backuptools.pages"))
                .MaxBy(f => new FileInfo(f).Length)!;
        var bytes = File.ReadAllBytes(file);
        // Of an LTX file, in the text that every database begins with.
        bytes[file.EndsWith(".ltx", StringComparison.Ordinal) ? 116 : ^20] ^= 1;
        File.WriteAllBytes(file, bytes);
    }

    /// <summary>What of the engine's own accounts of its bundles is not true.</summary>
    public virtual IEnumerable<string> Lies() => [];

    /// <summary>What would mislead the engine even before a sweep.</summary>
    public virtual IEnumerable<string> Traps() => [];

    public virtual void Dispose() => _folder.Dispose();

    private static string Describe(HeaderReading r) =>
        r.Bundle is { } b ? $"{b.Kind} {b.StartPosition}..{b.EndPosition} {b.IsValid}" : $"unreadable: {r.Error!.Code}";

    /// <summary>The files and folders below a folder, with their bytes; "-" when it is not there or empty.</summary>
    public static string Tree(string folder)
    {
        if (!Directory.Exists(folder))
        {
            return "-";
        }
        var lines = Directory
            .EnumerateFileSystemEntries(folder, "*", SearchOption.AllDirectories)
            .Where(p => !TempFolder.Relative(folder, p).Split('/').Any(StagingArea.IsStagingName))
            .Where(p => !p.EndsWith(".backuptools.lock", StringComparison.Ordinal))
            .Select(p => TempFolder.Relative(folder, p) + "=" + Hex(p))
            .Order(StringComparer.Ordinal);
        return string.Join('\n', lines.DefaultIfEmpty("-"));
    }

    protected static string Hex(string path) =>
        File.Exists(path) ? Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(path)))
        : Directory.Exists(path) ? "folder"
        : "-";
}
