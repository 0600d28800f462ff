using System.Text.Json;
using BackupTools.Operations;

namespace BackupTools.Tests.Operations;

/// <summary>
/// A small database of an engine in three states of its life, one grown out of the other, for what every engine must
/// stand: a row of fixtures/samples.json, which the Pester suite reads too. Drives the operations as a front end does.
/// </summary>
/// <param name="Name">The engine, and its generation where that makes a difference.</param>
/// <param name="SourceName">The database below the folder that it is put in.</param>
internal sealed record EngineSample(string Name, string SourceName)
{
    private const string Stem = "a";

    private static readonly string s_fixtures = Path.Combine(AppContext.BaseDirectory, "fixtures");

    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web)
    {
        ReadCommentHandling = JsonCommentHandling.Skip,
    };

    private static readonly Dictionary<string, Row> s_rows = JsonSerializer.Deserialize<Dictionary<string, Row>>(
        File.ReadAllText(Path.Combine(s_fixtures, "samples.json")),
        s_json
    )!;

    public static IReadOnlyList<EngineSample> All { get; } =
    [.. s_rows.Select(r => new EngineSample(r.Key, r.Value.Source.Replace("*", Stem, StringComparison.Ordinal)))];

    public static EngineSample Of(string name) => All.Single(s => s.Name == name);

    /// <summary>Makes the database in a folder be in state 0, 1 or 2.</summary>
    public void SetState(string folder, int state, string name = Stem)
    {
        foreach (var part in s_rows[Name].Files)
        {
            var target = Path.Combine(folder, part.To.Replace("*", name, StringComparison.Ordinal));
            var from = Path.Combine(s_fixtures, part.From[state]);
            if (File.Exists(from))
            {
                File.WriteAllBytes(target, part.Bytes(state));
            }
            else
            {
                Become(target, from, part);
            }
        }
    }

    /// <summary>The bytes of the log that SPG has in a state.</summary>
    public static byte[] SpgLogOf(int state) => s_rows["SPG"].Files.Single(f => f.Skip > 0).Bytes(state);

    /// <summary>The log of a state of Grafeo's fixtures, without what a sample of theirs leaves out.</summary>
    public static IEnumerable<string> GrafeoLogOf(string set, string state)
    {
        var log = $"grafeo/{set}/{state}.grafeo.wal";
        var part = s_rows.Values.SelectMany(r => r.Files).FirstOrDefault(f => f.From.Contains(log));
        return (part ?? new Part("", [], Only: "*.log")).In(Path.Combine(s_fixtures, log));
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

    /// <summary>Makes the files of a folder those of another; files that stay the same are not written.</summary>
    private static void Become(string folder, string from, Part part)
    {
        Directory.CreateDirectory(folder);
        var wanted = part.In(from).ToDictionary(f => Path.GetRelativePath(from, f));
        foreach (var file in part.In(folder).ToList())
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
                File.Copy(file, target, overwrite: true);
                File.SetLastWriteTimeUtc(target, DateTime.UtcNow);
            }
        }
    }

    /// <summary>What of a row says how the states are made; the rest is what a backup of them is expected to be.</summary>
    private sealed record Row(string Source, IReadOnlyList<Part> Files);

    /// <summary>A file, or the files of a folder, for each state; "*" is the name of the database.</summary>
    private sealed record Part(
        string To,
        IReadOnlyList<string> From,
        int Skip = 0,
        string Only = "*",
        string? Except = null
    )
    {
        public byte[] Bytes(int state) => File.ReadAllBytes(Path.Combine(s_fixtures, From[state]))[Skip..];

        public IEnumerable<string> In(string folder) =>
            Directory
                .EnumerateFiles(folder, Only, SearchOption.AllDirectories)
                .Where(f => Path.GetFileName(f) != Except);
    }
}
