using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Grafeo;

namespace BackupTools.Engines.Grafeo;

/// <summary>
/// A backup folder and what a run adds to it. Files come first and the manifest last, so that at no moment it lists
/// what is not there.
/// </summary>
internal sealed class GrafeoFolder(string folder, GrafeoManifest manifest)
{
    private const string StagedManifest = "manifest";

    private readonly List<(GrafeoSegment Segment, string Staged)> _added = [];

    /// <summary>The manifest, with what was added.</summary>
    public GrafeoManifest Manifest { get; private set; } = manifest;

    /// <summary>The folder as it is; without a manifest, as it will be.</summary>
    /// <param name="folder">Absolute; need not exist.</param>
    /// <param name="encoding">Of a new manifest.</param>
    /// <param name="context">For reading.</param>
    /// <exception cref="BackupException">The manifest cannot be read or is damaged.</exception>
    public static GrafeoFolder Open(string folder, GrafeoEncoding encoding, EngineContext context) =>
        new(folder, GrafeoManifestFile.Of(folder, context) ?? new GrafeoManifest(encoding, []));

    /// <summary>A folder that a bundle of another is to go into: of the same database, and in the same encoding.</summary>
    /// <exception cref="BackupException">ForeignEpoch, InvalidOption, or the manifest is damaged.</exception>
    public static GrafeoFolder For(BundleHeader bundle, string folder, EngineContext context)
    {
        var source = GrafeoManifestFile.Of(Path.GetDirectoryName(bundle.FullName)!, context);
        var destination = Open(folder, source?.Encoding ?? GrafeoEncoding.Bincode, context);
        destination.RefuseOther(bundle.Series, context);
        destination.RefuseToHide(context);
        return destination;
    }

    /// <summary>Where a segment's file lies, or will.</summary>
    public string PathOf(GrafeoSegment segment) => GrafeoManifestFile.PathOf(folder, segment);

    /// <summary>The id of the bundle that an entry of the manifest is.</summary>
    public string IdOf(GrafeoSegment segment) =>
        GrafeoBundles.IdsOf(Manifest.Segments)[Manifest.Segments.ToList().LastIndexOf(segment)];

    /// <summary>
    /// One folder has one manifest, and the engine restores whatever full comes last in it: another database's segments
    /// cannot lie there too.
    /// </summary>
    /// <param name="databaseId">Null when the format names none.</param>
    /// <param name="context">For reading.</param>
    /// <exception cref="BackupException">ForeignEpoch.</exception>
    public void RefuseOther(string? databaseId, EngineContext context)
    {
        if (databaseId is null || Manifest.Segments.Count == 0)
        {
            return;
        }
        // The newest may be the one that cannot be read.
        var read = GrafeoBundles
            .Read(Path.Combine(folder, GrafeoManifestFile.Name), context)
            .LastOrDefault(r => r.Header is { Kind: BundleKind.Full, Series: not null })
            ?.Header;
        if (read?.Series is { } theirs && !string.Equals(theirs, databaseId, StringComparison.Ordinal))
        {
            throw new BackupException(
                ErrorCode.ForeignEpoch,
                $"the folder holds backups of database {theirs}, and this is database {databaseId}",
                read.FullName,
                recommendation: "Use a folder of its own for each database."
            );
        }
    }

    /// <summary>
    /// The engine restores the last full in the manifest with every increment whose epochs follow it, whichever chain that
    /// was made for, and of a segment that several hold it takes the last one, even if it is shorter: after a newer state,
    /// an older one would silently take its place (tried).
    /// </summary>
    /// <param name="epoch">The last epoch of what is to be added.</param>
    /// <param name="lsn">0.6.0: the position after it; null when it is not known.</param>
    /// <param name="context">For reading.</param>
    /// <exception cref="BackupException">InvalidOption.</exception>
    public void RefuseOlder(ulong epoch, ulong? lsn, EngineContext context)
    {
        if (Manifest.Segments.Count == 0)
        {
            return;
        }
        var newest = Manifest.Segments.MaxBy(s => s.EndEpoch)!;
        var last = lsn is null ? null : GrafeoBundles.Read(PathOf(Manifest.Segments[^1]), context).LastOrDefault();
        if (
            newest.EndEpoch > epoch
            || (last?.Header is { } header && GrafeoHead.Of(header, context).Lsn is { } theirs && theirs > lsn)
        )
        {
            throw new BackupException(
                ErrorCode.InvalidOption,
                $"the folder holds a newer state (up to epoch {newest.EndEpoch}), and the engine would restore the one "
                    + $"that was added last (up to epoch {epoch}) instead",
                folder,
                recommendation: "Merge up to the latest position, or into another folder."
            );
        }
    }

    /// <summary>Bundles that lie here without a manifest would no longer be seen beside one.</summary>
    /// <exception cref="BackupException">InvalidOption.</exception>
    private void RefuseToHide(EngineContext context)
    {
        if (
            Manifest.Segments.Count == 0
            && context.Disk.Stat(folder)?.Kind == DiskEntryKind.Directory
            && GrafeoBundles.Read(folder, context).FirstOrDefault() is { } loose
        )
        {
            throw new BackupException(
                ErrorCode.InvalidOption,
                "the folder holds segments without a manifest, and a manifest would hide them",
                loose.Header?.FullName ?? loose.Error!.FullName,
                recommendation: "Use another folder."
            );
        }
    }

    /// <summary>Adds an entry, by default after the last.</summary>
    /// <param name="segment">What the manifest will say.</param>
    /// <param name="staged">Its file's name in staging.</param>
    /// <param name="paged">It is of 0.6.0, which writes its manifests as JSON.</param>
    /// <param name="at">Its place in the manifest.</param>
    public void Add(GrafeoSegment segment, string staged, bool paged, int? at = null)
    {
        _added.Add((segment, staged));
        Manifest = Manifest.With(segment, at);
        if (paged)
        {
            Manifest = Manifest with { Encoding = GrafeoEncoding.Json };
        }
    }

    /// <summary>Stages the manifest; the steps that publish it and what was added.</summary>
    public IReadOnlyList<PublishStep> Steps(StagingArea staging, IDisk disk) =>
        [
            // A segment that no manifest lists is what a crash left between the two renames.
            .. _added.Select(a => PublishStep.Put(a.Staged, PathOf(a.Segment), disk)),
            Publish(staging),
        ];

    /// <summary>The same, as the result that names one of the entries, and the others that were added with it.</summary>
    public CaptureResult Result(GrafeoSegment segment, StagingArea staging, IDisk disk) =>
        new()
        {
            Steps = Steps(staging, disk),
            BundlePath = PathOf(segment),
            BundleId = IdOf(segment),
            Others = [.. _added.Where(a => a.Segment != segment).Select(a => (PathOf(a.Segment), IdOf(a.Segment)))],
        };

    /// <summary>Stages the manifest; the step that puts it over the old one.</summary>
    public PublishStep Publish(StagingArea staging)
    {
        using (var file = staging.CreateFile(StagedManifest))
        {
            file.Write(Manifest.Write(), 0);
        }
        return PublishStep.Replace(StagedManifest, Path.Combine(folder, GrafeoManifestFile.Name));
    }
}
