using System.Buffers.Binary;
using System.Text.Json;
using Blake3;

namespace BackupTools.Tests.Engines.PowDb;

/// <summary>Bundles written by hand, as engines of any age could have.</summary>
internal static class PowDbHandMade
{
    public static string Full(
        string folder,
        ulong lsn,
        IEnumerable<KeyValuePair<string, byte[]>> files,
        ulong? created = null
    )
    {
        var listed = files.Select(f => Whole(folder, f.Key, f.Value)).ToArray();
        return Write(
            folder,
            "manifest.json",
            new
            {
                format_version = 1,
                created_unix_secs = created ?? lsn,
                source_lsn = lsn,
                files = listed,
            }
        );
    }

    public static string Increment(string folder, ulong baseLsn, ulong lsn, params object[] changed) =>
        Write(
            folder,
            "increment.json",
            new
            {
                format_version = 1,
                created_unix_secs = lsn,
                base_source_lsn = baseLsn,
                source_lsn = lsn,
                changed,
            }
        );

    public static object WholeChange(string folder, string name, byte[] bytes) =>
        new { Whole = Whole(folder, name, bytes) };

    /// <summary>Some pages of a file.</summary>
    public static object PagesChange(string folder, string name, byte[] bytes, params int[] pages)
    {
        Directory.CreateDirectory(folder);
        var delta = new byte[pages.Length * 4100];
        for (var i = 0; i < pages.Length; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(delta.AsSpan(i * 4100), pages[i]);
            bytes.AsSpan(pages[i] * 4096, 4096).CopyTo(delta.AsSpan((i * 4100) + 4));
        }
        File.WriteAllBytes(Path.Combine(folder, name + ".delta"), delta);
        return new
        {
            Pages = new
            {
                name,
                total_pages = bytes.Length / 4096,
                page_indices = pages,
                delta_file = name + ".delta",
                delta_len = delta.Length,
                delta_blake3_hex = Hasher.Hash(delta).ToString(),
            },
        };
    }

    private static object Whole(string folder, string name, byte[] bytes)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllBytes(Path.Combine(folder, name), bytes);
        return new
        {
            name,
            len = bytes.Length,
            blake3_hex = Hasher.Hash(bytes).ToString(),
        };
    }

    private static string Write(string folder, string name, object manifest)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, name), JsonSerializer.Serialize(manifest));
        return folder;
    }
}
