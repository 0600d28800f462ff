using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Grafeo;

namespace BackupTools.Engines.Grafeo;

/// <summary>Copies one bundle into another folder.</summary>
/// <remarks>
/// Nothing in merge, copy and removal knows the database, so the cursor stays as it is: right for the folder that the chain
/// is in. It does not count a copy or a merge elsewhere: the engine may drop log that the next increment there needs, which
/// then fails with LogIsGone.
/// </remarks>
internal sealed partial class GrafeoMaintenance(StagingArea staging, EngineContext context)
{
    private const string Staged = "bundle";

    /// <summary>
    /// Copies a segment, comparing every checksum on the way, and gives it the place among the others there that it
    /// has here: what precedes an increment says what it builds on, and the engine reads its log in that order.
    /// </summary>
    public CaptureResult Copy(BundleHeader header, string folder)
    {
        var bundle = GrafeoBundle.Of(header);
        if (bundle.Entry is { } entry)
        {
            var source = GrafeoManifestFile.Of(Path.GetDirectoryName(header.FullName)!, context);
            var destination = GrafeoFolder.For(header, folder, context);
            if (ListedOnly(entry, destination) is { } missing)
            {
                return FileOnly(header, missing);
            }
            var place = PlaceOf(entry, source!, destination.Manifest);
            RefuseBefore(place, entry, source!, destination.Manifest, header);
            CopyFile(header);
            var copy = entry with { FileName = destination.Manifest.NextName(entry.Kind) };
            destination.Add(copy, Staged, bundle.IsPaged, place);
            return destination.Result(copy, staging, context.Disk);
        }
        if (GrafeoManifestFile.Of(folder, context) is not null)
        {
            throw new BackupException(
                ErrorCode.InvalidOption,
                "no manifest lists this segment, and a folder with a manifest would hide it",
                header.FullName,
                recommendation: "Copy it into a folder without a manifest."
            );
        }
        return FileOnly(header, Path.Combine(folder, header.Name));
    }

    /// <summary>
    /// Where the file belongs that a manifest lists and that is gone: listed once more under another name, the first
    /// would be missed for ever.
    /// </summary>
    private string? ListedOnly(GrafeoSegment entry, GrafeoFolder destination) =>
        destination
            .Manifest.Segments.Where(s => IsCopy(s, entry))
            .Select(destination.PathOf)
            .FirstOrDefault(path => context.Disk.Stat(path) is null);

    private CaptureResult FileOnly(BundleHeader header, string path)
    {
        CopyFile(header);
        return new CaptureResult { Steps = [PublishStep.Place(Staged, path)], BundlePath = path };
    }

    /// <summary>
    /// The order of a manifest is that of its backups, for the engine too. What must follow its own chain there would
    /// come before an older backup that only the other folder has, which would then count as the newer one.
    /// </summary>
    private static void RefuseBefore(
        int place,
        GrafeoSegment entry,
        GrafeoManifest source,
        GrafeoManifest there,
        BundleHeader header
    )
    {
        var older = there
            .Segments.Skip(place)
            .FirstOrDefault(o => o.CreatedAtMs < entry.CreatedAtMs && !source.Segments.Any(s => IsCopy(s, o)));
        if (older is not null)
        {
            throw new BackupException(
                ErrorCode.ChainFork,
                $"{older.FileName} there is older and of another chain: after it the copy would not follow its own chain, "
                    + "and before it the older one would be taken for the newest",
                header.FullName,
                recommendation: "Copy into a folder of its own."
            );
        }
    }

    private static bool IsCopy(GrafeoSegment a, GrafeoSegment b) =>
        a with { FileName = "" } == b with { FileName = "" };

    private void CopyFile(BundleHeader header)
    {
        var check = new GrafeoChainCheck(context, checkFrames: true);
        using var target = staging.CreateFile(Staged, header.Length);
        using var shown = context.Progress.BeginFile(header.FullName, header.Length);
        if (header.Kind == BundleKind.Full)
        {
            check.AddImage(header, target);
        }
        else
        {
            check.AddIncrement(header, target);
        }
        if (check.Problems.Find(p => p.Severity == ProblemSeverity.Error) is { } error)
        {
            throw error.ToException();
        }
    }

    /// <summary>
    /// After the nearest one that precedes it here and is there too; otherwise before the nearest that follows.
    /// </summary>
    private static int PlaceOf(GrafeoSegment entry, GrafeoManifest source, GrafeoManifest there)
    {
        var here = source.Segments.ToList().LastIndexOf(entry);
        var others = there.Segments.ToList();
        int Find(GrafeoSegment segment) => others.FindLastIndex(o => IsCopy(o, segment));
        for (var i = here - 1; i >= 0; i--)
        {
            if (Find(source.Segments[i]) is var at and >= 0)
            {
                return at + 1;
            }
        }
        for (var i = here + 1; i < source.Segments.Count; i++)
        {
            if (Find(source.Segments[i]) is var at and >= 0)
            {
                return at;
            }
        }
        var younger = others.FindIndex(o => o.CreatedAtMs > entry.CreatedAtMs);
        return younger < 0 ? others.Count : younger;
    }
}
