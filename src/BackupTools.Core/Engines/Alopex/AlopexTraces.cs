using System.Text.Json;
using System.Text.Json.Serialization;
using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Files;

namespace BackupTools.Engines.Alopex;

/// <summary>What of a snapshot stands for its bytes where they cannot be read: their digests, BLAKE3 in lower-case hex.</summary>
/// <param name="LastLsn">The last in its log; null for none.</param>
/// <param name="Origin">As <see cref="AlopexContinuation.OriginOf"/> has it.</param>
/// <param name="Files">Of each file, whole.</param>
/// <param name="Ends">Of the footer of each table.</param>
internal sealed partial record AlopexTraces(
    ulong? LastLsn,
    string? Origin,
    IReadOnlyDictionary<string, string> Files,
    IReadOnlyDictionary<string, string> Ends
)
{
    /// <summary>The traces of a snapshot that can be read, but perhaps for the tables that it shares with the one before.</summary>
    public static BundleTraces Of(BundleHeader bundle, BundleHeader? parent, EngineContext context)
    {
        var snapshot = AlopexSnapshot.Open(bundle.FullName, context);
        var before = parent is null ? null : Behind(parent.FullName, context);
        var files = new Dictionary<string, string>(StringComparer.Ordinal);
        var ends = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var file in snapshot.Folder.Files)
        {
            var isShared =
                before?.Files.ContainsKey(file.Name) == true
                && context.Disk.Stat(Path.Combine(parent!.FullName, file.Name)) is { } same
                && same.IsSameFileAs(file.Entry);
            files[file.Name] = isShared ? before!.Files[file.Name] : DigestOf(file.FullName, context);
            if (file.IsTable && EndOf(file, isShared ? before : null, context) is { } end)
            {
                ends[file.Name] = end;
            }
        }
        using var wal = AlopexWalFile.Open(context.Disk, snapshot.Folder.Find(AlopexNames.Wal)!.FullName);
        var facts = new AlopexTraces(
            wal.Frames(context.Cancellation).LastLsn,
            before?.Origin ?? AlopexContinuation.OriginOf(snapshot.Folder, context),
            files,
            ends
        );
        return new BundleTraces(
            [
                KeptFile.Whole(Path.Combine(bundle.FullName, AlopexNames.Manifest), context.Disk),
                KeptFile.Whole(Path.Combine(bundle.FullName, AlopexNames.Meta), context.Disk),
            ],
            JsonSerializer.SerializeToUtf8Bytes(facts, AlopexTracesJson.Default.AlopexTraces)
        );
    }

    /// <summary>The traces of a snapshot that cannot be read; null where it can be.</summary>
    public static AlopexTraces? Behind(string path, EngineContext context) =>
        context.FactsOf(path) is { } facts
            ? JsonSerializer.Deserialize(facts, AlopexTracesJson.Default.AlopexTraces)
            : null;

    /// <summary>Of a file.</summary>
    public static string DigestOf(string path, EngineContext context)
    {
        using var file = context.Disk.OpenRead(path);
        return context.Uncounted.DigestOf(file, new FileRange(0, file.Length)).ToString();
    }

    /// <summary>Of the footer of a table; null where it has none.</summary>
    public static string? EndOf(string path, IDisk disk)
    {
        try
        {
            using var table = AlopexTableFile.Open(disk, path);
            return Blake3.Hasher.Hash(table.ReadFooter()).ToString();
        }
        catch (BackupException e) when (e.Kind == ErrorKind.Damaged)
        {
            return null;
        }
    }

    private static string? EndOf(AlopexFile table, AlopexTraces? shared, EngineContext context) =>
        shared is null ? EndOf(table.FullName, context.Disk) : shared.Ends.GetValueOrDefault(table.Name);

    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
    [JsonSerializable(typeof(AlopexTraces))]
    private sealed partial class AlopexTracesJson : JsonSerializerContext;
}
