using System.Buffers;
using System.Reflection;
using BackupTools.Files;
using BackupTools.Formats.PowDb;
using Blake3;

namespace BackupTools.Engines.PowDb;

/// <summary>What a bundle is made of, once every file is in staging.</summary>
internal sealed record PowDbBundleContent
{
    public required CaptureFacts Facts { get; init; }

    /// <summary>Every file of the state, sorted by name bytewise.</summary>
    public required IReadOnlyList<PowDbCaptured> Files { get; init; }

    /// <summary>The state's log; null when it is empty.</summary>
    public required PowDbSideWal? Wal { get; init; }

    public required PowDbPageTable Pages { get; init; }
}

/// <summary>What is said about a capture beside its files.</summary>
/// <param name="CreatedUtc">When it was taken.</param>
/// <param name="TakenAfterUtc">What it has to say about its order.</param>
/// <param name="Series">Which database it is of.</param>
/// <param name="MaxLsn">The highest LSN of its pages.</param>
/// <param name="Position">Its position: that LSN, or for a merge what its last bundle says.</param>
/// <param name="CatalogVersion">Of the captured catalogue.</param>
/// <param name="IsLegacy">
/// The manifest may list a log: catalogue of version 3 at most, no durable LSN, no header in the log.
/// </param>
/// <param name="Baseline">What an increment was compared with; null for a full.</param>
internal sealed record CaptureFacts(
    DateTimeOffset CreatedUtc,
    DateTimeOffset? TakenAfterUtc,
    string Series,
    ulong MaxLsn,
    ulong Position,
    ushort CatalogVersion,
    bool IsLegacy,
    PowDbBaseline? Baseline
);

/// <summary>Writes manifest and side file, which make a folder of files a bundle (PowDB format, §6, §7).</summary>
internal static class PowDbBundleWriter
{
    private const int DrainAt = 64 * 1024;

    /// <summary>
    /// Writes both and returns the bundle's id. <paramref name="taken"/> says which ids the chain has already: two
    /// increments without a change in the same second would otherwise be the same bundle, so the later one is dated a
    /// second later.
    /// </summary>
    public static string Write(
        PowDbBundleContent content,
        Func<string, bool> taken,
        Func<string, IDiskFile> create,
        Action<string> delete
    )
    {
        if (LegacyWal(content) is { Length: 0 })
        {
            create(PowDbNames.Wal).Dispose();
        }
        var seconds = (ulong)content.Facts.CreatedUtc.ToUnixTimeSeconds();
        var name = content.Facts.Baseline is null ? PowDbNames.Manifest : PowDbNames.Increment;
        string id;
        while (taken(id = WriteManifest(content, seconds, name, create).ToString()))
        {
            delete(name);
            seconds++;
        }
        using var side = create(PowDbSideFile.FileName);
        side.Write(Side(content, id).Write(), 0);
        return id;
    }

    private static Hash WriteManifest(
        PowDbBundleContent content,
        ulong seconds,
        string name,
        Func<string, IDiskFile> create
    )
    {
        using var file = create(name);
        var buffer = new ArrayBufferWriter<byte>(DrainAt);
        var hasher = Hasher.New();
        long length = 0;
        void Drain(int atLeast)
        {
            if (buffer.WrittenCount < atLeast)
            {
                return;
            }
            hasher.Update(buffer.WrittenSpan);
            file.Write(buffer.WrittenSpan, length);
            length += buffer.WrittenCount;
            buffer.ResetWrittenCount();
        }
        using var writer = new PowDbManifestWriter(buffer);
        Begin(writer, content.Facts, seconds);
        foreach (var entry in Listed(content))
        {
            if (entry.Pages is null)
            {
                writer.Whole(entry.Name, entry.Length, entry.Blake3);
            }
            else
            {
                writer.BeginPages(entry.Name, checked((uint)(entry.Length / PowDbPage.Size)));
                foreach (var index in entry.Pages.Indices.All())
                {
                    writer.PageIndex((uint)index);
                    Drain(DrainAt);
                }
                writer.EndPages(PowDbDelta.DeltaOf(entry.Name), entry.Pages.DeltaLength, entry.Pages.DeltaBlake3);
            }
            Drain(DrainAt);
        }
        writer.End();
        Drain(0);
        return hasher.Finalize();
    }

    private static void Begin(PowDbManifestWriter writer, CaptureFacts facts, ulong seconds)
    {
        // Below the default the newest engine refuses what it reads here, and 0.4.7 does not look (§6).
        var version = facts.CatalogVersion >= PowDbCatalog.DefaultVersion ? facts.CatalogVersion : (ushort?)null;
        if (facts.Baseline is null)
        {
            writer.BeginFull(seconds, facts.Position, version);
            return;
        }
        writer.BeginIncrement(seconds, facts.Baseline.Parent.Manifest.SourceLsn, facts.Position, version);
    }

    /// <summary>The state is that of the baseline, byte for byte.</summary>
    public static bool IsUnchanged(PowDbBundleContent content) =>
        content is { Wal: null, Facts.Baseline: { Parent.SideWal: null } before }
        && !Listed(content).Any()
        && before.Files.Count == content.Files.Count
        && content.Files.All(f => before.Files.ContainsKey(f.Name));

    /// <summary>What the manifest lists: everything in a full, what changed in an increment, and a log of 0.4.x.</summary>
    private static IEnumerable<PowDbCaptured> Listed(PowDbBundleContent content)
    {
        var files = content.Files.Where(f => f.IsWhole || f.Pages is not null);
        return LegacyWal(content) is { } wal ? files.Append(wal).OrderBy(f => f.Name, StringComparer.Ordinal) : files;
    }

    /// <summary>
    /// Engine 0.4.7 restores whatever a manifest lists and replays it, so its log is listed. Newer engines refuse the name:
    /// theirs lies beside the manifest, the side file has its digest, and only our restore writes it. Where the state
    /// before listed one and this one has none, an empty one replaces it: otherwise the engine's own restore would replay
    /// it on newer pages.
    /// </summary>
    private static PowDbCaptured? LegacyWal(PowDbBundleContent content)
    {
        var isListed = content.Facts.IsLegacy && content.Wal is not null;
        var before = content.Facts.Baseline?.Parent.Manifest.Entries.FirstOrDefault(e => e.Name == PowDbNames.Wal);
        if (!isListed && before is not PowDbWhole { Length: > 0 })
        {
            return null;
        }
        return new PowDbCaptured
        {
            Name = PowDbNames.Wal,
            Length = isListed ? content.Wal!.Length : 0,
            Blake3 = isListed ? content.Wal!.Blake3 : Hasher.Hash([]),
            IsWhole = true,
        };
    }

    private static PowDbSideFile Side(PowDbBundleContent content, string id)
    {
        var facts = content.Facts;
        var names = content.Files.Select(f => f.Name).ToHashSet(StringComparer.Ordinal);
        return new PowDbSideFile
        {
            Tool = typeof(PowDbBundleWriter).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()
                is { } version
                ? version.InformationalVersion
                : "",
            BundleId = id,
            ParentId = facts.Baseline?.Parent.Id,
            Series = facts.Series,
            CreatedUtc = facts.CreatedUtc,
            TakenAfterUtc = facts.TakenAfterUtc,
            MaxLsn = facts.MaxLsn,
            Files = content.Files.Select(f => new PowDbStateFile(f.Name, f.Length, f.Blake3)).ToArray(),
            Dropped =
                facts.Baseline?.Files.Keys.Where(n => !names.Contains(n)).Order(StringComparer.Ordinal).ToArray() ?? [],
            Wal = facts.IsLegacy ? null : content.Wal,
            Pages = content.Pages,
        };
    }
}
