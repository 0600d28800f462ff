using System.Buffers;
using System.IO.Hashing;
using BackupTools.Chains;
using BackupTools.Engines;
using BackupTools.Engines.Alopex;
using BackupTools.Engines.Grafeo;
using BackupTools.Engines.PowDb;
using BackupTools.Engines.Spg;
using BackupTools.Engines.Sqlite;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Alopex;
using BackupTools.Formats.Grafeo;
using BackupTools.Formats.PowDb;
using BackupTools.Tests.Files;
using Blake3;

namespace BackupTools.Fuzz.Parsers;

/// <summary>
/// Whole bundles through their engines: headers, deep verification and restore of a folder in memory in which one file
/// is the input. The manifest is made again to fit it, so that its checksum does not keep it out.
/// </summary>
internal static class BundleParsers
{
    private const string Folder = "/b";
    private const int Inputs = 1_500;

    // What engines hold while they read: blocks, windows, a page table.
    private const long Held = 48 << 20;

    /// <summary>Makes the manifest of a folder fit one file of it.</summary>
    private delegate void Seal(
        MemoryDisk disk,
        Dictionary<string, byte[]> sound,
        string name,
        ReadOnlySpan<byte> input
    );

    public static Dictionary<string, Func<FuzzParser>> All { get; } =
        new[]
        {
            Rows("spg", () => new SpgEngine(), Spg("full-v2", "incr-1"), Everything, static (_, _, _, _) => { }),
            Rows("spg", () => new SpgEngine(), Spg("full-v1"), Everything, static (_, _, _, _) => { }),
            Rows(
                "grafeo-0.5",
                () => new GrafeoEngine(),
                Files("grafeo", "v05-reference", "backups"),
                Everything,
                SealGrafeo
            ),
            Rows(
                "grafeo-0.6",
                () => new GrafeoEngine(),
                Files("grafeo", "v06-native", "backups"),
                Everything,
                SealGrafeo
            ),
            Rows("powdb", () => new PowDbEngine(), Files("powdb", "full_S0"), Few, SealPowDb),
            Rows("sqlite-0.5", () => new SqliteEngine(), Sqlite05(), Everything, static (_, _, _, _) => { }),
            Rows("sqlite", () => new SqliteEngine(), Files("sqlite", "own"), Everything, static (_, _, _, _) => { }),
            Rows("sqlite-0.3", () => new SqliteEngine(), Sqlite03(), Everything, static (_, _, _, _) => { }),
            Rows("alopex", () => new AlopexEngine(), Snapshot(), Few, SealAlopex),
        }
            .SelectMany(r => r)
            .ToDictionary(StringComparer.Ordinal);

    private static IEnumerable<KeyValuePair<string, Func<FuzzParser>>> Rows(
        string name,
        Func<IBackupEngine> engine,
        Dictionary<string, byte[]> sound,
        Func<string, bool> isMutated,
        Seal seal
    ) =>
        sound
            .Keys.Where(isMutated)
            .Select(file =>
            {
                var row = $"bundle-{name}-{Path.GetFileName(file)}";
                return KeyValuePair.Create(row, () => Make(row, engine(), sound, file, seal));
            });

    private static FuzzParser Make(
        string row,
        IBackupEngine engine,
        Dictionary<string, byte[]> sound,
        string file,
        Seal seal
    )
    {
        var disks = new ThreadLocal<MemoryDisk>(() => Put(sound));
        return new FuzzParser(
            row,
            [sound[file]],
            (input, ref _) =>
            {
                var disk = disks.Value!;
                disk.Put($"{Folder}/{file}", input);
                seal(disk, sound, file, input);
                Use(engine, disk);
            }
        )
        {
            Words =
                file.EndsWith("json", StringComparison.Ordinal)
                || file.EndsWith(".ltx.backuptools", StringComparison.Ordinal)
                    ? FuzzParser.JsonWords
                    : [],
            // The checksum of an SPG bundle or an LTX file is its own.
            Repair =
                engine is SpgEngine && !file.Contains("v1") ? Portions.RepairCrc32AtEnd
                : file.EndsWith(".ltx", StringComparison.Ordinal) ? SqliteParsers.RepairLtx
                : file.EndsWith(".ltx.backuptools", StringComparison.Ordinal) ? SqliteParsers.RepairSideFile
                : null,
            Inputs = Inputs,
            Base = Held,
            PerByte = 1000,
        };
    }

    private static MemoryDisk Put(Dictionary<string, byte[]> sound)
    {
        var disk = new MemoryDisk();
        foreach (var (name, bytes) in sound)
        {
            disk.Put($"{Folder}/{name}", bytes);
        }
        return disk;
    }

    private static void Use(IBackupEngine engine, MemoryDisk disk)
    {
        var context = new EngineContext
        {
            Disk = disk,
            Clock = TimeProvider.System,
            Progress = new TransferProgress(),
            ThrottleLimit = 1,
        };
        var readings = engine.ReadBundles(Folder, context).ToList();
        // Engines list by name; a plan begins with its full.
        var headers = readings.Select(r => r.Header).OfType<BundleHeader>().OrderBy(h => h.Kind).ToList();
        if (headers.Count == 0)
        {
            throw readings.FirstOrDefault()?.Error ?? new BackupException(ErrorCode.NoBundles, "nothing is left");
        }
        var problems = engine.Verify(headers, 0, VerifyDepth.Deep, context);
        using var staging = StagingArea.Create(disk, "/r", TimeProvider.System);
        engine.Restore(
            new RestoreRequest { Plan = PlanOf(engine, headers), DestinationPath = "/r/x" },
            staging,
            context
        );
        if (problems.FirstOrDefault(p => p.Severity == ProblemSeverity.Error) is { } problem)
        {
            throw problem.ToException();
        }
        if (headers.SelectMany(h => h.Notes).FirstOrDefault(n => n.Severity == ProblemSeverity.Warning) is { } note)
        {
            throw note.ToException(); // such as a side file that is not used
        }
        // One of several that cannot be read at all: what is left may still restore.
        if (readings.Find(r => r.Error is not null)?.Error is { } error)
        {
            throw error;
        }
    }

    private static RestorePlan PlanOf(IBackupEngine engine, List<BundleHeader> headers) =>
        new()
        {
            Chain = new BackupChain
            {
                ChainId = "fuzz",
                Engine = engine.Name,
                Folder = Folder,
                Full = headers[0],
                Bundles = headers,
                Parents = [.. Enumerable.Range(-1, headers.Count)],
                Problems = [],
            },
            Target = RestoreTarget.Latest,
            Bundles = headers,
        };

    private static bool Everything(string file) => true;

    /// <summary>One file of each kind.</summary>
    private static bool Few(string file) =>
        Path.GetFileName(file)
            is "manifest.json"
                or "catalog.bin"
                or "doomed.heap"
                or "doomed_id.idx"
                or "snapshot.manifest"
                or "checkpoint.meta"
                or "lsm.wal"
                or "3.sst";

    private static Dictionary<string, byte[]> Files(params string[] folder)
    {
        var root = Path.Combine([AppContext.BaseDirectory, "fixtures", .. folder]);
        return Directory
            .EnumerateFiles(root, "*", SearchOption.AllDirectories)
            .Where(f => new FileInfo(f).Length < 110_000)
            .Order(StringComparer.Ordinal)
            .ToDictionary(
                f => Path.GetRelativePath(root, f).Replace('\\', '/'),
                File.ReadAllBytes,
                StringComparer.Ordinal
            );
    }

    private static Dictionary<string, byte[]> Spg(params string[] names) =>
        Files("spg", "bundles")
            .Where(f => names.Contains(Path.GetFileNameWithoutExtension(f.Key)))
            .ToDictionary(StringComparer.Ordinal);

    private static Dictionary<string, byte[]> Snapshot() =>
        Files("alopex", "small", "S1", "snap", "data", ".lifecycle", "backup");

    private static Dictionary<string, byte[]> Sqlite05() =>
        Files("sqlite", "litestream-0.5", "replica")
            .Where(f => f.Key.StartsWith("ltx/1/", StringComparison.Ordinal))
            .ToDictionary(StringComparer.Ordinal);

    /// <summary>A snapshot and what follows it in one WAL file.</summary>
    private static Dictionary<string, byte[]> Sqlite03() =>
        Files("sqlite", "litestream-0.3.13", "replica")
            .Where(f => Path.GetFileName(f.Key).StartsWith("00000002", StringComparison.Ordinal))
            .ToDictionary(StringComparer.Ordinal);

    private static void SealGrafeo(
        MemoryDisk disk,
        Dictionary<string, byte[]> sound,
        string name,
        ReadOnlySpan<byte> input
    )
    {
        const string Name = "backup_manifest.json";
        if (name == Name)
        {
            return;
        }
        var manifest = GrafeoManifest.Read(sound[Name]);
        var (crc, length) = (Crc32.HashToUInt32(input), (ulong)input.Length);
        var segments = manifest.Segments.Select(s =>
            s.FileName == name ? s with { Checksum = crc, SizeBytes = length } : s
        );
        disk.Put($"{Folder}/{Name}", new GrafeoManifest(manifest.Encoding, [.. segments]).Write());
    }

    private static void SealAlopex(
        MemoryDisk disk,
        Dictionary<string, byte[]> sound,
        string name,
        ReadOnlySpan<byte> input
    )
    {
        var path = sound.Keys.Single(k => k.EndsWith("snapshot.manifest", StringComparison.Ordinal));
        if (name == path)
        {
            return;
        }
        var inside = name[(name.IndexOf('/', StringComparison.Ordinal) + 1)..];
        var (crc, length) = (Crc32.HashToUInt32(input), (ulong)input.Length);
        var entries = AlopexManifest
            .Read(sound[path])
            .Entries.Select(e => e.Name == inside ? new AlopexManifestEntry(inside, length, crc) : e);
        disk.Put($"{Folder}/{path}", new AlopexManifest([.. entries]).ToBytes());
    }

    private static void SealPowDb(
        MemoryDisk disk,
        Dictionary<string, byte[]> sound,
        string name,
        ReadOnlySpan<byte> input
    )
    {
        const string Name = "manifest.json";
        if (name == Name)
        {
            return;
        }
        var output = new ArrayBufferWriter<byte>();
        using (var manifest = new PowDbManifestWriter(output))
        {
            manifest.BeginFull(1, 874, 3);
            foreach (var (file, bytes) in sound.Where(f => f.Key != Name))
            {
                var now = file == name ? input : bytes;
                manifest.Whole(file, now.Length, Hasher.Hash(now));
            }
            manifest.End();
        }
        disk.Put($"{Folder}/{Name}", output.WrittenSpan);
    }
}
