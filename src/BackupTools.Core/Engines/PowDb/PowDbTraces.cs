using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using BackupTools.Chains;
using BackupTools.Files;
using BackupTools.Formats.PowDb;

namespace BackupTools.Engines.PowDb;

/// <summary>
/// What of the pages of a state shows that a database follows it (<see cref="PowDbSuccession"/>), where the pages cannot be
/// read: their LSNs, and of small heaps a keyed hash of each row.
/// </summary>
/// <param name="Key">Secret of the hashes.</param>
/// <param name="Heaps">By name.</param>
/// <param name="FirstOfLog">The first LSN of the log in the bundle; null without one.</param>
internal sealed partial record PowDbTraces(
    byte[] Key,
    IReadOnlyDictionary<string, PowDbHeapTraces> Heaps,
    ulong? FirstOfLog
)
{
    /// <summary>Pages of a heap of which rows are kept: of larger ones some page is what it was.</summary>
    private const int MostPagesWithRows = 64;

    private const int KeyLength = 32;

    /// <summary>The traces of a bundle that can be read; null where those of its parent are missing.</summary>
    public static BundleTraces? Of(BundleHeader header, BundleHeader? parent, EngineContext context)
    {
        var bundle = PowDbBundle.Open(header, context);
        var before = parent is null ? null : Behind(parent.FullName, context);
        if (bundle.ReadState(context) is not { } state || (parent is not null && before is null))
        {
            return null;
        }
        var key = before?.Key ?? RandomNumberGenerator.GetBytes(KeyLength);
        var entries = bundle.Manifest.Entries.ToDictionary(e => e.Name, StringComparer.Ordinal);
        var heaps = new Dictionary<string, PowDbHeapTraces>(StringComparer.Ordinal);
        foreach (var file in state.Where(f => PowDbNames.IsHeap(f.Name) && f.Length % PowDbPage.Size == 0))
        {
            var was = before?.Heaps.GetValueOrDefault(file.Name);
            if (entries.GetValueOrDefault(file.Name) is PowDbEntry entry)
            {
                heaps[file.Name] = PowDbHeapTraces.Of(bundle, entry, file.Length, was, key, MostPagesWithRows, context);
            }
            else if (was is not null)
            {
                heaps[file.Name] = was;
            }
        }
        var facts = new PowDbTraces(key, heaps, FirstOf(bundle, context));
        return new BundleTraces(
            [.. KeptOf(bundle, context.Disk)],
            JsonSerializer.SerializeToUtf8Bytes(facts, PowDbTracesJson.Default.PowDbTraces)
        );
    }

    /// <summary>The traces of a bundle that cannot be read; null where it can be.</summary>
    public static PowDbTraces? Behind(string path, EngineContext context) =>
        context.FactsOf(path) is { } facts
            ? JsonSerializer.Deserialize(facts, PowDbTracesJson.Default.PowDbTraces)
            : null;

    /// <summary>The first LSN of the log that a bundle carries; null without one.</summary>
    public static ulong? FirstOf(PowDbBundle bundle, EngineContext context)
    {
        var listed = bundle.Manifest.Entries.FirstOrDefault(e => e.Name == PowDbNames.Wal) as PowDbWhole;
        if ((bundle.SideWal ?? listed) is not { Length: > 0 })
        {
            return null;
        }
        using var file = bundle.OpenFile(PowDbNames.Wal, context);
        return PowDbWalCapture.FirstLsn(file, context) is { } lsn and > 0 ? lsn : null;
    }

    /// <summary>Manifest, side files, and the durable LSN, which is all that its file holds.</summary>
    private static IEnumerable<KeptFile> KeptOf(PowDbBundle bundle, IReadingDisk disk) =>
        new[]
        {
            bundle.ManifestPath,
            bundle.PathOf(PowDbSideFile.FileName),
            bundle.PathOf(PowDbSideFile.TableFileName),
            bundle.PathOf(PowDbNames.CatalogLsn),
        }
            .Where(p => disk.Stat(p) is not null)
            .Select(p => KeptFile.Whole(p, disk));

    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
    [JsonSerializable(typeof(PowDbTraces))]
    private sealed partial class PowDbTracesJson : JsonSerializerContext;
}

/// <summary>What of a heap's pages is kept.</summary>
/// <param name="Lsns">Of each page, 8 bytes little-endian.</param>
/// <param name="Rows">By page, a hash of each slot's row, 0 for none; pages that are not here tell nothing of their rows.</param>
internal sealed record PowDbHeapTraces(byte[] Lsns, IReadOnlyDictionary<long, ulong[]> Rows)
{
    /// <summary>Pages that are known.</summary>
    [JsonIgnore]
    public long Pages => Lsns.Length / sizeof(ulong);

    public ulong LsnOf(long page) => BinaryPrimitives.ReadUInt64LittleEndian(Lsns.AsSpan((int)page * sizeof(ulong)));

    /// <summary>The keyed hash of a row; never 0.</summary>
    public static ulong HashOf(ReadOnlySpan<byte> row, byte[] key)
    {
        using var hasher = Blake3.Hasher.NewKeyed(key);
        hasher.Update(row);
        return BinaryPrimitives.ReadUInt64LittleEndian(hasher.Finalize().AsSpan()) | 1;
    }

    /// <summary>The traces of a heap after a bundle that holds it, or pages of it.</summary>
    public static PowDbHeapTraces Of(
        PowDbBundle bundle,
        PowDbEntry entry,
        long length,
        PowDbHeapTraces? before,
        byte[] key,
        int mostPagesWithRows,
        EngineContext context
    )
    {
        var pages = length / PowDbPage.Size;
        var lsns = new byte[checked(pages * sizeof(ulong))];
        var rows = new Dictionary<long, ulong[]>();
        var delta = entry as PowDbPages;
        if (delta is not null && before is not null)
        {
            before.Lsns.AsSpan(0, Math.Min(before.Lsns.Length, lsns.Length)).CopyTo(lsns);
            foreach (var (page, hashes) in before.Rows.Where(r => r.Key < pages))
            {
                rows[page] = hashes;
            }
        }
        using var file = bundle.OpenFile(delta?.DeltaFile ?? entry.Name, context);
        var (size, head) = delta is null ? (PowDbPage.Size, 0) : (PowDbDelta.RecordSize, sizeof(uint));
        var record = new byte[size];
        for (long at = 0; at + size <= file.Length; at += size)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            HashingCopy.ReadExactly(file, record, at);
            var page = delta is null ? at / size : PowDbDelta.IndexOf(record);
            var bytes = record.AsSpan(head);
            BinaryPrimitives.WriteUInt64LittleEndian(
                lsns.AsSpan((int)page * sizeof(ulong)),
                PowDbPageHeader.Read(bytes).Lsn
            );
            rows.Remove(page);
            if (page < mostPagesWithRows && PowDbHeapEvidence.RowHashesOf(bytes, key) is { } hashes)
            {
                rows[page] = hashes;
            }
        }
        return new PowDbHeapTraces(lsns, rows);
    }
}
