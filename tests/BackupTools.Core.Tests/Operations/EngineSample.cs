using BackupTools.Operations;

namespace BackupTools.Tests.Operations;

/// <summary>
/// A small database of an engine in three states of its life, one grown out of the other, for what every engine must
/// stand. Drives the operations as a front end does.
/// </summary>
/// <param name="Name">The engine, and its generation where that makes a difference.</param>
/// <param name="SourceName">The database below the folder that it is put in.</param>
internal sealed record EngineSample(string Name, string SourceName)
{
    /// <summary>Bytes of SPG's fixture log that a checkpoint has taken into the state of the fixture database.</summary>
    private const int SpgCheckpointed = 262;

    private static readonly string s_fixtures = Path.Combine(AppContext.BaseDirectory, "fixtures");

    public static IReadOnlyList<EngineSample> All { get; } =
    [
        new("SQLite", "a.db"),
        new("SPG", "a.db"),
        new("Grafeo 0.5", "a.grafeo"),
        new("Grafeo 0.6", "a.grafeo"),
        new("PowDB", "a"),
        new("Alopex", "a"),
    ];

    public static EngineSample Of(string name) => All.Single(s => s.Name == name);

    /// <summary>Makes the database in a folder be in state 0, 1 or 2.</summary>
    public void SetState(string folder, int state)
    {
        var source = Path.Combine(folder, SourceName);
        switch (Name)
        {
            case "SQLite":
                Copy(Fixture("sqlite", "handmade", "states", $"s{(state == 2 ? 4 : state + 1)}.db"), source);
                break;
            case "SPG":
                Copy(Fixture("spg", "states", "S0.v59.db"), source);
                var log = File.ReadAllBytes(Fixture("spg", "states", $"S{state}.wal"))[SpgCheckpointed..];
                File.WriteAllBytes(Path.ChangeExtension(source, ".wal"), log);
                break;
            case "PowDB":
                Become(source, Fixture("powdb", $"S{state}"), "*");
                break;
            case "Alopex":
                Become(source, Fixture("alopex", "small", $"S{state}", "data"), "*");
                break;
            default:
                var set = Name.EndsWith('5') ? "v05-reference" : "v06-native";
                Copy(Fixture("grafeo", set, $"S{state}.grafeo"), source);
                Become($"{source}.wal", Fixture("grafeo", set, $"S{state}.grafeo.wal"), "*.log");
                break;
        }
    }

    /// <summary>Every file below a folder with its content, but for locks; Grafeo's cursor, which backups move, too.</summary>
    public static SortedDictionary<string, string> Inventory(string folder)
    {
        var files = new SortedDictionary<string, string>(StringComparer.Ordinal);
        if (Directory.Exists(folder))
        {
            foreach (var path in Directory.EnumerateFileSystemEntries(folder, "*", SearchOption.AllDirectories))
            {
                var name = Path.GetFileName(path);
                if (
                    !name.EndsWith(".lock", StringComparison.Ordinal)
                    && !name.StartsWith("backup_cursor", StringComparison.Ordinal)
                )
                {
                    files[Path.GetRelativePath(folder, path)] = File.Exists(path)
                        ? Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(path)))
                        : "folder";
                }
            }
        }
        return files;
    }

    /// <summary>The settings of a backup from one folder into another.</summary>
    public BackupSettings Settings(string folder, string destination) =>
        new() { SourcePath = Path.Combine(folder, SourceName), DestinationPath = destination };

    public static void Full(BackupSettings settings, OperationHost host) => Verbs.Full(settings, host);

    public static void Increment(BackupSettings settings, OperationHost host) => Verbs.Increment(settings, host);

    public static void Restore(RestoreSettings settings, OperationHost host) => Verbs.Restore(settings, host);

    /// <summary>
    /// The log of a state of the fixtures. Those of v05-reference also hold, in their first file, what the image holds
    /// already; only a checkpoint in the middle of a session leaves that, and which it is the files do not say.
    /// </summary>
    public static IEnumerable<string> GrafeoLogOf(string folder) =>
        Directory
            .EnumerateFiles(folder, "*.log")
            .Where(f =>
                !folder.Contains("v05-reference", StringComparison.Ordinal) || Path.GetFileName(f) != "wal_00000000.log"
            );

    private static string Fixture(params string[] parts) => Path.Combine([s_fixtures, .. parts]);

    private static void Copy(string from, string to)
    {
        File.Copy(from, to, overwrite: true);
        File.SetLastWriteTimeUtc(to, DateTime.UtcNow);
    }

    /// <summary>Makes the files of a folder those of another; files that stay the same are not written.</summary>
    private static void Become(string folder, string from, string pattern)
    {
        Directory.CreateDirectory(folder);
        var wanted = (
            pattern == "*.log"
                ? GrafeoLogOf(from)
                : Directory.EnumerateFiles(from, pattern, SearchOption.AllDirectories)
        ).ToDictionary(f => Path.GetRelativePath(from, f));
        foreach (var file in Directory.EnumerateFiles(folder, pattern, SearchOption.AllDirectories))
        {
            if (!wanted.ContainsKey(Path.GetRelativePath(folder, file)))
            {
                File.Delete(file);
            }
        }
        foreach (var (name, file) in wanted)
        {
            var target = Path.Combine(folder, name);
            if (!File.Exists(target) || !File.ReadAllBytes(target).AsSpan().SequenceEqual(File.ReadAllBytes(file)))
            {
                Directory.CreateDirectory(Path.GetDirectoryName(target)!);
                Copy(file, target);
            }
        }
    }
}
