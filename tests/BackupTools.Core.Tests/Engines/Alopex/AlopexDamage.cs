using System.Buffers.Binary;
using System.Text;
using BackupTools.Files;
using BackupTools.Formats.Alopex;
using BackupTools.Formats.Primitives;
using BackupTools.Tests.Formats.Alopex;

namespace BackupTools.Tests.Engines.Alopex;

/// <summary>
/// Does to a snapshot what the name of a log says was done before the engine was asked for its verdict. The first line
/// of each log words it.
/// </summary>
internal sealed class AlopexDamage(string snapshot)
{
    private string Manifest => Path.Combine(snapshot, "snapshot.manifest");

    private string Table => Path.Combine(snapshot, "sst", "2.sst");

    public void Do(string name)
    {
        switch (name)
        {
            case "crc_mismatch":
                Change(Path.Combine(snapshot, "checkpoint.meta"), b => b[4] ^= 1);
                break;
            case "extra_file_not_in_manifest":
                File.Copy(Path.Combine(snapshot, "sst", "1.sst"), Path.Combine(snapshot, "sst", "8.sst"));
                break;
            case "manifest_bom":
                File.WriteAllBytes(Manifest, [0xEF, 0xBB, 0xBF, .. File.ReadAllBytes(Manifest)]);
                break;
            case "manifest_dotdot_path":
                File.Copy(Path.Combine(snapshot, "checkpoint.meta"), Path.Combine(snapshot, "..", "outside"));
                Text(t => t.Replace("\"checkpoint.meta\"", "\"../outside\"", StringComparison.Ordinal));
                break;
            case "manifest_duplicate_field":
                Text(t =>
                    t.Replace("  \"version\": 1,\n", "  \"version\": 1,\n  \"version\": 1,\n", StringComparison.Ordinal)
                );
                break;
            case "manifest_empty_entries":
                Write([]);
                break;
            case "manifest_missing":
                File.Delete(Manifest);
                break;
            case "manifest_not_json":
                File.WriteAllText(Manifest, "hello");
                break;
            case "manifest_unknown_field":
                Text(t =>
                    t.Replace(
                        "  \"version\": 1,\n",
                        "  \"version\": 1,\n  \"made_by\": [1, {}],\n",
                        StringComparison.Ordinal
                    )
                );
                break;
            case "manifest_version2":
                Text(t => t.Replace("\"version\": 1", "\"version\": 2", StringComparison.Ordinal));
                break;
            case "size_mismatch":
                Text(t => t.Replace("\"size\": 24", "\"size\": 25", StringComparison.Ordinal));
                break;
            case "sst_missing":
                File.Delete(Path.Combine(snapshot, "sst", "1.sst"));
                break;
            case "sst_flip_byte":
                Change(Table, b => b[60] ^= 1);
                break;
            default:
                DoAndListAgain(name);
                ListAgain();
                break;
        }
    }

    private void DoAndListAgain(string name)
    {
        switch (name)
        {
            case "meta_missing_remanifest":
                File.Delete(Path.Combine(snapshot, "checkpoint.meta"));
                break;
            case "wal_missing_remanifest":
                File.Delete(Path.Combine(snapshot, "lsm.wal"));
                break;
            case "sst_dir_missing_remanifest":
                Directory.Delete(Path.Combine(snapshot, "sst"), recursive: true);
                break;
            case "sst_missing_remanifest":
                File.Delete(Path.Combine(snapshot, "sst", "1.sst"));
                break;
            case "wal_torn_remanifest":
                Patch(Path.Combine(snapshot, "lsm.wal"), 8, [200]);
                break;
            case "sst_stray_uppercase":
                File.WriteAllText(Path.Combine(snapshot, "sst", "stray.SST"), "stray");
                break;
            case "sst_truncated":
                File.WriteAllBytes(Table, File.ReadAllBytes(Table)[..5000]);
                break;
            case "sst_79_bytes":
                File.WriteAllBytes(Table, File.ReadAllBytes(Table)[..79]);
                break;
            case "sst_flip_byte_remanifest":
                Change(Table, b => b[60] ^= 1);
                break;
            case "sst_footer_magic":
                Change(Table, b => b[^1] ^= 1);
                break;
            case "sst_header_magic":
                Change(Table, b => b[0] ^= 1, reseal: true);
                break;
            case "sst_version2":
                Change(Table, b => b[4] = 2, reseal: true);
                break;
            case "sst_bloom_flag_cleared":
                Change(Table, b => b[6] &= 0xFE, reseal: true);
                break;
            case "sst_codec3":
                Change(Table, b => b[6] |= 6, reseal: true);
                break;
            case "sst_block_crc_only":
                Change(Table, b => b[60] ^= 1, reseal: true);
                break;
            case "sst_index_out_of_range":
                Change(Table, b => BinaryPrimitives.WriteInt64LittleEndian(b.AsSpan(b.Length - 48), 1L << 40));
                break;
            case "sst_index_size_minus1":
                Change(Table, b => b[^40]--);
                break;
            case "sst_bloom_overlaps_index":
                Change(Table, b => b.AsSpan(b.Length - 48, 8).CopyTo(b.AsSpan(b.Length - 36)));
                break;
            default:
                throw new ArgumentException($"nobody says how to do '{name}'", nameof(name));
        }
    }

    /// <summary>Writes a manifest of what is there now, as a faker would.</summary>
    public void ListAgain() =>
        Write([
            .. Directory
                .EnumerateFiles(snapshot, "*", SearchOption.AllDirectories)
                .Where(f => f != Manifest)
                .Select(f => new AlopexManifestEntry(
                    Path.GetRelativePath(snapshot, f).Replace('\\', '/'),
                    (ulong)new FileInfo(f).Length,
                    Crc(f)
                )),
        ]);

    private void Write(IReadOnlyList<AlopexManifestEntry> entries) =>
        File.WriteAllBytes(Manifest, new AlopexManifest(entries).ToBytes());

    private void Text(Func<string, string> change)
    {
        var before = File.ReadAllText(Manifest);
        var after = change(before);
        Assert.NotEqual(before, after);
        File.WriteAllText(Manifest, after, new UTF8Encoding(false));
    }

    private static void Change(string file, Action<byte[]> change, bool reseal = false)
    {
        var bytes = File.ReadAllBytes(file);
        change(bytes);
        File.WriteAllBytes(file, reseal ? AlopexTableBuilder.Reseal(bytes) : bytes);
    }

    public static void Patch(string file, long offset, byte[] bytes)
    {
        using var open = File.OpenHandle(file, FileMode.Open, FileAccess.ReadWrite);
        RandomAccess.Write(open, bytes, offset);
    }

    private static uint Crc(string path)
    {
        using var file = LocalDisk.Instance.OpenRead(path);
        var crc = new SparseCrc32();
        foreach (var range in file.DataRanges())
        {
            crc.ZerosUpTo(range.Start);
            var bytes = new byte[range.Length];
            HashingCopy.ReadExactly(file, bytes, range.Start);
            crc.Append(bytes);
        }
        crc.ZerosUpTo(file.Length);
        return crc.Current;
    }
}
