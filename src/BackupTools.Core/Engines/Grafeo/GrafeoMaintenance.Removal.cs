using System.Globalization;
using BackupTools.Chains;
using BackupTools.Files;
using BackupTools.Formats.Grafeo;

namespace BackupTools.Engines.Grafeo;

/// <summary>Takes bundles out of a folder.</summary>
internal sealed partial class GrafeoMaintenance
{
    /// <summary>
    /// The new manifest comes before the files go, so that it is true at every moment. The engine names its next
    /// segment by the number of entries and overwrites what is there: files whose name it would come to again get another
    /// one first, as a second name of the same file. A run that is killed between the steps leaves a manifest that lists
    /// only what is there, before any sweep.
    /// </summary>
    /// <remarks>
    /// Where the newest bundles were removed by force, the engine's own next increment begins after a gap, at its cursor;
    /// ours is taken from what the folder holds.
    /// </remarks>
    public IReadOnlyList<PublishStep> RemovalOf(IReadOnlyList<BundleHeader> bundles)
    {
        var folder = Path.GetDirectoryName(bundles[0].FullName)!;
        if (GrafeoManifestFile.Of(folder, context) is not { } manifest)
        {
            return [.. bundles.Select(b => PublishStep.Remove(b.FullName))];
        }
        var gone = bundles.Select(b => GrafeoBundle.Of(b).Entry).ToHashSet();
        // What cannot be read stays listed. Of what is gone from the disk too an entry stays only as long as something
        // before it does.
        var kept = manifest.Segments.Where(s => !gone.Contains(s)).SkipWhile(s => IsMissing(folder, s)).ToList();
        var needed = kept.Select(s => s.FileName).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var obsolete = gone.Select(s => s!.FileName).Where(n => !needed.Contains(n)).ToList();
        var steps = new List<PublishStep>();
        var renamed = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        for (var i = 0; i < kept.Count; i++)
        {
            var segment = kept[i];
            if (segment.NamedIndex() >= kept.Count && NewName(folder, segment, renamed, manifest) is { } name)
            {
                if (renamed.TryAdd(segment.FileName, name))
                {
                    var path = Path.Combine(folder, segment.FileName);
                    Link(path, name);
                    steps.Add(PublishStep.Place(name, Path.Combine(folder, name)) with { NewNameOf = path });
                }
                kept[i] = segment with { FileName = name };
            }
        }
        steps.Add(new GrafeoFolder(folder, manifest with { Segments = kept }).Publish(staging));
        steps.AddRange(obsolete.Distinct().Select(n => PublishStep.Remove(Path.Combine(folder, n))));
        // Children before parents.
        var old = steps.Select(s => s.NewNameOf).OfType<string>().Reverse().ToList();
        steps.AddRange(old.Select(PublishStep.Remove));
        return steps;
    }

    private bool IsMissing(string folder, GrafeoSegment segment) =>
        context.Disk.Stat(Path.Combine(folder, segment.FileName)) is null;

    /// <summary>
    /// A name with the time instead of the index, which the engine never uses. Null for what is not a regular file: it
    /// cannot be overwritten by the engine's next segment unnoticed, and is not ours to judge.
    /// </summary>
    private string? NewName(
        string folder,
        GrafeoSegment segment,
        Dictionary<string, string> renamed,
        GrafeoManifest manifest
    )
    {
        if (renamed.TryGetValue(segment.FileName, out var known))
        {
            return known;
        }
        if (
            context.Disk.Stat(Path.Combine(folder, segment.FileName))?.Kind != DiskEntryKind.File
            || GrafeoTime.Instant(segment.CreatedAtMs) is not { } created
        )
        {
            return null;
        }
        var time = created.UtcDateTime.ToString("yyyyMMdd'T'HHmmssfff'Z'", CultureInfo.InvariantCulture);
        for (var n = 1; ; n++)
        {
            var name = GrafeoSegment.NameOf(segment.Kind, n == 1 ? time : $"{time}-{n}");
            var isTaken =
                renamed.ContainsValue(name)
                || manifest.Segments.Any(s => s.FileName.Equals(name, StringComparison.OrdinalIgnoreCase));
            if (!isTaken && context.Disk.Stat(Path.Combine(folder, name)) is null)
            {
                return name;
            }
        }
    }

    /// <summary>Stages a second name of a file; where the file system has none, a copy.</summary>
    private void Link(string path, string name)
    {
        if (context.Disk.TryCreateHardLink(staging.PathOf(name), path))
        {
            return;
        }
        using var file = context.Disk.OpenRead(path);
        using var target = staging.CreateFile(name, file.Length);
        var all = new FileRange(0, file.Length);
        context.Copy(file, all, target, 0);
    }
}
