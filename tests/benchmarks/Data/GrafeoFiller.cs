using BackupTools.Engines.Grafeo;
using BackupTools.Formats.Grafeo;

namespace BackupTools.Benchmarks.Data;

/// <summary>
/// Puts an older chain before what is in a backup folder of Grafeo: its bundles have headers, lengths and entries of the
/// manifest, and holes where content would be, so they can be listed and not restored.
/// </summary>
internal static class GrafeoFiller
{
    private const int HeadLength = 64 << 10;

    /// <summary>Fills the folder up to so many bundles.</summary>
    public static void Fill(string folder, int count)
    {
        var path = Path.Combine(folder, GrafeoManifestFile.Name);
        var real = GrafeoManifest.Read(File.ReadAllBytes(path));
        var all = new List<GrafeoSegment>();
        var first = real.Segments[0].CreatedAtMs;
        for (var i = 0; i < count - real.Segments.Count; i++)
        {
            var model = real.Segments[i == 0 ? 0 : 1];
            var epoch = (ulong)i + 1;
            var name = GrafeoSegment.NameOf(model.Kind, count + i);
            Write(Path.Combine(folder, model.FileName), Path.Combine(folder, name), (long)model.SizeBytes);
            all.Add(
                model with
                {
                    FileName = name,
                    StartEpoch = i == 0 ? model.StartEpoch : epoch,
                    EndEpoch = epoch,
                    CreatedAtMs = first - ((ulong)(count - i) * 3_600_000),
                }
            );
        }
        all.AddRange(real.Segments);
        File.WriteAllBytes(path, (real with { Segments = all }).Write());
    }

    private static void Write(string from, string to, long length)
    {
        using var source = File.OpenRead(from);
        var head = new byte[Math.Min(HeadLength, length)];
        source.ReadExactly(head);
        using var target = File.Create(to);
        target.Write(head);
        target.SetLength(length);
    }
}
