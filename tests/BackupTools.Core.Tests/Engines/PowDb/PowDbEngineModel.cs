using System.Buffers.Binary;
using System.Text.Json;
using Blake3;

namespace BackupTools.Tests.Engines.PowDb;

/// <summary>
/// The restore of engine 0.4.7 as the format description tells it (§8): whatever is listed is laid down, deltas are
/// applied where their own indices say, nothing is ever truncated or removed. What it makes of our bundles shows that
/// they are bundles of the engine and not only of ours.
/// </summary>
internal static class PowDbEngineModel
{
    /// <summary>Restores a chain of bundles, each given by its files; the result may hold strays.</summary>
    public static SortedDictionary<string, byte[]> RestoreChain(IEnumerable<IDictionary<string, byte[]>> bundles)
    {
        var result = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        ulong? running = null;
        foreach (var bundle in bundles)
        {
            running = running is null ? Full(bundle, result) : Increment(bundle, result, running.Value);
        }
        return result;
    }

    private static ulong Full(IDictionary<string, byte[]> bundle, SortedDictionary<string, byte[]> result)
    {
        var manifest = JsonDocument.Parse(bundle["manifest.json"]).RootElement;
        Assert.Equal(1u, manifest.GetProperty("format_version").GetUInt32());
        foreach (var file in manifest.GetProperty("files").EnumerateArray())
        {
            Whole(file, bundle, result);
        }
        return manifest.GetProperty("source_lsn").GetUInt64();
    }

    private static ulong Increment(
        IDictionary<string, byte[]> bundle,
        SortedDictionary<string, byte[]> result,
        ulong running
    )
    {
        var manifest = JsonDocument.Parse(bundle["increment.json"]).RootElement;
        Assert.Equal(1u, manifest.GetProperty("format_version").GetUInt32());
        Assert.Equal(running, manifest.GetProperty("base_source_lsn").GetUInt64());
        foreach (var change in manifest.GetProperty("changed").EnumerateArray())
        {
            var variant = Assert.Single(change.EnumerateObject());
            if (variant.Name == "Whole")
            {
                Whole(variant.Value, bundle, result);
            }
            else
            {
                Assert.Equal("Pages", variant.Name);
                Pages(variant.Value, bundle, result);
            }
        }
        return manifest.GetProperty("source_lsn").GetUInt64();
    }

    private static void Whole(
        JsonElement entry,
        IDictionary<string, byte[]> bundle,
        SortedDictionary<string, byte[]> result
    )
    {
        var name = entry.GetProperty("name").GetString()!;
        var bytes = bundle[name];
        Assert.Equal(entry.GetProperty("blake3_hex").GetString(), Hasher.Hash(bytes).ToString());
        Assert.Equal(entry.GetProperty("len").GetInt64(), bytes.Length);
        result[name] = bytes;
    }

    private static void Pages(
        JsonElement entry,
        IDictionary<string, byte[]> bundle,
        SortedDictionary<string, byte[]> result
    )
    {
        var name = entry.GetProperty("name").GetString()!;
        var delta = bundle[entry.GetProperty("delta_file").GetString()!];
        Assert.Equal(entry.GetProperty("delta_blake3_hex").GetString(), Hasher.Hash(delta).ToString());
        var indices = entry.GetProperty("page_indices").EnumerateArray().Select(i => i.GetUInt32()).ToArray();
        Assert.Equal(4100 * indices.Length, delta.Length);
        var length = entry.GetProperty("total_pages").GetInt32() * 4096;
        var target = result.TryGetValue(name, out var old) ? old.ToArray() : [];
        if (target.Length < length)
        {
            Array.Resize(ref target, length);
        }
        for (var record = 0; record < indices.Length; record++)
        {
            var index = BinaryPrimitives.ReadUInt32LittleEndian(delta.AsSpan(record * 4100));
            Assert.Equal(indices[record], index); // the newer engines compare them
            delta.AsSpan((record * 4100) + 4, 4096).CopyTo(target.AsSpan((int)index * 4096));
        }
        result[name] = target;
    }
}
