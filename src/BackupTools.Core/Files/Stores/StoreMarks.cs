using System.Text.Json;
using System.Text.Json.Serialization;
using BackupTools.Errors;

namespace BackupTools.Files.Stores;

/// <summary>
/// How bundles of several objects appear in a store at once, where nothing can be renamed. Before anything of a bundle is
/// put there, <c>.backuptools/NAME.begin</c> says which keys it will have; after all, <c>.backuptools/NAME.end</c> says what
/// they hold. A bundle that was begun and not ended is not shown; one without either was put there by others, and is.
/// </summary>
internal static partial class StoreMarks
{
    /// <summary>The folder beside the bundles that holds what is ours and no bundle's.</summary>
    public const string Folder = ".backuptools";

    private const int Version = 1;
    private const string BeginSuffix = ".begin";
    private const string EndSuffix = ".end";

    /// <summary>The key of something of ours in a folder.</summary>
    public static string In(string folder, string name) => Join(folder, $"{Folder}/{name}");

    public static string BeginOf(string folder, string bundle) => In(folder, bundle + BeginSuffix);

    public static string EndOf(string folder, string bundle) => In(folder, bundle + EndSuffix);

    /// <summary>The key of what lies in a folder, which may be the bucket itself.</summary>
    public static string Join(string folder, string name) => folder.Length == 0 ? name : $"{folder}/{name}";

    /// <summary>What is said before a bundle is put there.</summary>
    /// <param name="keys">What it will consist of; keys are relative to the folder.</param>
    /// <param name="meanwhile">
    /// What it shares with others, and what is to be shown of that until it has its end: the former content, null for nothing.
    /// </param>
    /// <param name="run">The number of the run that says so (<see cref="StoreLease.Number"/>).</param>
    /// <param name="leftUtc">Since when whoever began it is known to have died, by the store's clock; null while it may live.</param>
    public static byte[] WriteBegin(
        IReadOnlyList<string> keys,
        IReadOnlyDictionary<string, byte[]?> meanwhile,
        long run = 0,
        DateTimeOffset? leftUtc = null
    ) =>
        JsonSerializer.SerializeToUtf8Bytes(
            new Begin(
                Version,
                FolderLock.Holder(),
                keys,
                meanwhile.ToDictionary(m => m.Key, m => m.Value is null ? null : Convert.ToBase64String(m.Value)),
                run,
                leftUtc
            ),
            MarkJson.Default.Begin
        );

    /// <summary>What is said when a bundle is complete: all that was put there.</summary>
    public static byte[] WriteEnd(IReadOnlyList<Ended> objects) =>
        JsonSerializer.SerializeToUtf8Bytes(new End(Version, FolderLock.Holder(), objects), MarkJson.Default.End);

    /// <summary>The bundles among the objects that were begun and not ended.</summary>
    /// <exception cref="BackupException">Malformed, UnsupportedVersion; and what reading throws.</exception>
    public static IReadOnlyList<PendingBundle> Pending(
        Func<string, ObjectName> name,
        IReadOnlyCollection<StoreObject> objects,
        Func<StoreObject, byte[]> read
    )
    {
        var begun = objects.Where(o => IsOurs(o.Key) && o.Key.EndsWith(BeginSuffix, StringComparison.Ordinal)).ToList();
        if (begun.Count == 0)
        {
            return [];
        }
        var ended = objects.Select(o => o.Key).Where(k => k.EndsWith(EndSuffix, StringComparison.Ordinal)).ToHashSet();
        var left = begun.Where(b => !ended.Contains(b.Key[..^BeginSuffix.Length] + EndSuffix)).ToList();
        var folders = left.Select(b => FolderOf(b.Key)).ToHashSet(StringComparer.Ordinal);
        var floors = objects
            .Where(o => folders.Contains(FolderOf(o.Key)) && o.Key == FolderOf(o.Key) + StoreLease.Name)
            .ToDictionary(o => FolderOf(o.Key), o => StoreLease.FloorOf(name(o.Key), read(o)));
        return [.. left.Select(b => Read(name(b.Key), b, read(b), floors.GetValueOrDefault(FolderOf(b.Key))))];
    }

    /// <summary>What of the objects is shown, and in place of those that are just being replaced what was there before.</summary>
    public static IEnumerable<StoreObject> Shown(
        IEnumerable<StoreObject> objects,
        IReadOnlyCollection<PendingBundle> pending
    )
    {
        pending = [.. pending.Where(p => !p.IsSuperseded)];
        var hidden = pending.SelectMany(p => p.Keys.Concat(p.Meanwhile.Keys)).ToHashSet(StringComparer.Ordinal);
        var meanwhile = pending.SelectMany(p =>
            p.Meanwhile.Where(m => m.Value is not null)
                .Select(m => new StoreObject(m.Key, m.Value!.Length, p.Begin.ETag, p.Begin.ModifiedUtc, null)
                {
                    Content = m.Value,
                })
        );
        return objects.Where(o => !IsOurs(o.Key) && !hidden.Contains(o.Key)).Concat(meanwhile);
    }

    /// <summary>The folders of marks that the objects tell of; each ends with a separator.</summary>
    public static IReadOnlyList<string> FoldersIn(IEnumerable<StoreObject> objects) =>
        [.. objects.Select(o => o.Key).Where(IsOurs).Select(FolderOf).Distinct(StringComparer.Ordinal)];

    /// <summary>True for what tells that a bundle was begun or ended.</summary>
    public static bool IsMark(StoreObject what) =>
        IsOurs(what.Key)
        && (
            what.Key.EndsWith(BeginSuffix, StringComparison.Ordinal)
            || what.Key.EndsWith(EndSuffix, StringComparison.Ordinal)
        );

    /// <summary>The folder of marks that something of ours is in; empty for what is not ours.</summary>
    private static string FolderOf(string key) =>
        IsOurs(key) ? key[..(key.LastIndexOf(Folder + "/", StringComparison.Ordinal) + Folder.Length + 1)] : "";

    /// <summary>True for what belongs to no bundle.</summary>
    public static bool IsOurs(string key) =>
        key.StartsWith(Folder + "/", StringComparison.Ordinal) || key.Contains($"/{Folder}/", StringComparison.Ordinal);

    private static PendingBundle Read(ObjectName name, StoreObject mark, byte[] content, long floor)
    {
        try
        {
            var begin = JsonSerializer.Deserialize(content, MarkJson.Default.Begin);
            if (begin?.Version != Version)
            {
                throw new BackupException(ErrorCode.UnsupportedVersion, "the mark is of another version", $"{name}");
            }
            var marks = name.Key.LastIndexOf(Folder + "/", StringComparison.Ordinal);
            var folder = name.Key[..marks].TrimEnd('/');
            return new PendingBundle(
                name.Key[(marks + Folder.Length + 1)..^BeginSuffix.Length],
                mark,
                [.. begin.Keys.Select(k => Join(folder, k))],
                begin.Meanwhile.ToDictionary(
                    m => Join(folder, m.Key),
                    m => m.Value is null ? null : Convert.FromBase64String(m.Value),
                    StringComparer.Ordinal
                ),
                begin.LeftUtc,
                begin.Run < floor
            );
        }
        catch (Exception e) when (e is JsonException or FormatException)
        {
            throw new BackupException(
                ErrorCode.Malformed,
                "this is not the mark of a bundle that was begun",
                $"{name}",
                recommendation: "Find out who put it there, and remove it.",
                inner: e
            );
        }
    }

    internal sealed record Begin(
        int Version,
        string Owner,
        IReadOnlyList<string> Keys,
        IReadOnlyDictionary<string, string?> Meanwhile,
        long Run = 0,
        DateTimeOffset? LeftUtc = null
    );

    internal sealed record End(int Version, string Owner, IReadOnlyList<Ended> Objects);

    /// <summary>An object of a bundle.</summary>
    /// <param name="Key">Relative to the folder.</param>
    /// <param name="Length">Bytes.</param>
    /// <param name="ETag">As the store said.</param>
    /// <param name="PartSize">Bytes of each part but the last.</param>
    /// <param name="Sha256">Of each part, in hex.</param>
    internal sealed record Ended(string Key, long Length, string ETag, long PartSize, IReadOnlyList<string> Sha256);

    [JsonSourceGenerationOptions(
        PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
        MaxDepth = 8,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true
    )]
    [JsonSerializable(typeof(Begin))]
    [JsonSerializable(typeof(End))]
    private sealed partial class MarkJson : JsonSerializerContext;
}

/// <summary>A bundle that was begun and has no end: it is being put there, or whoever did so has died.</summary>
/// <param name="Name">Its path below the folder.</param>
/// <param name="Begin">The mark.</param>
/// <param name="Keys">What it will consist of.</param>
/// <param name="Meanwhile">What is to be shown until then of the keys that it shares with others.</param>
/// <param name="LeftUtc">Since when whoever began it is known to have died; null while it may live.</param>
/// <param name="IsSuperseded">
/// The store received the mark only after another run had taken over (<see cref="StoreLease.Fence"/>): it hides nothing.
/// </param>
internal sealed record PendingBundle(
    string Name,
    StoreObject Begin,
    IReadOnlyList<string> Keys,
    IReadOnlyDictionary<string, byte[]?> Meanwhile,
    DateTimeOffset? LeftUtc = null,
    bool IsSuperseded = false
);
