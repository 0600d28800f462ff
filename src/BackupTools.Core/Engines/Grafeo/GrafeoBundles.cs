using System.Text;
using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Grafeo;
using BackupTools.Formats.Primitives;
using BackupTools.Options;
using Blake3;

namespace BackupTools.Engines.Grafeo;

/// <summary>
/// Finds bundles and reads their headers. A bundle is one segment of a backup folder, named in its manifest; images
/// and increments without a manifest are bundles of their own.
/// </summary>
internal static class GrafeoBundles
{
    /// <summary>The bundles that a path is, or directly holds.</summary>
    public static IEnumerable<BundleReadResult> Read(string path, EngineContext context)
    {
        var disk = context.Disk;
        var entry = disk.Stat(path);
        if (entry?.Kind == DiskEntryKind.Directory)
        {
            var inside = Path.Combine(path, GrafeoManifestFile.Name);
            if (disk.Stat(inside) is null)
            {
                var loose = LooseFiles(path, disk);
                // What was put there together is left out as unfinished, or its manifest, which comes last, is there now.
                if (disk.Stat(inside) is null)
                {
                    var read = ReadLoose(loose, context).ToList();
                    // Without any the folder is of another engine, and they are of its.
                    return read.Count == 0 ? [] : [.. read, .. StrangersIn(path, disk)];
                }
            }
            return [.. OfOneDatabase([.. ReadListed(inside, null, context)]), .. StrangersIn(path, disk)];
        }
        var manifest = Path.Combine(Path.GetDirectoryName(path)!, GrafeoManifestFile.Name);
        if (string.Equals(Path.GetFileName(path), GrafeoManifestFile.Name, StringComparison.Ordinal))
        {
            return OfOneDatabase([.. ReadListed(path, null, context)]);
        }
        if (
            disk.Stat(manifest) is not null
            && ReadListed(manifest, Path.GetFileName(path), context).ToList() is { Count: > 0 } listed
        )
        {
            return listed;
        }
        return !IsDatabase(path, disk) && ReadLone(path, context) is { } lone ? [lone] : [];
    }

    /// <summary>
    /// An id for each segment of a manifest: hex BLAKE3 of what the manifest says about it and of the segment that it
    /// builds on. Its file's name does not count, so copies keep their ids where their files are renumbered.
    /// </summary>
    public static string[] IdsOf(IReadOnlyList<GrafeoSegment> segments)
    {
        var ids = new string[segments.Count];
        for (var i = 0; i < ids.Length; i++)
        {
            var segment = segments[i];
            ids[i] = Hasher
                .Hash(
                    Encoding.UTF8.GetBytes(
                        $"{segment.Kind}\n{segment.StartEpoch}\n{segment.EndEpoch}\n{segment.Checksum:x8}\n"
                            + $"{segment.SizeBytes}\n{segment.CreatedAtMs}\n{ParentOf(segments, ids, i)}"
                    )
                )
                .ToString();
        }
        return ids;
    }

    /// <summary>The position that a segment builds on (an increment), or is (a full).</summary>
    public static ulong StartOf(GrafeoSegment segment) =>
        segment.Kind == GrafeoSegmentKind.Full ? segment.EndEpoch : Before(segment.StartEpoch);

    public static ChainPosition Epoch(ulong epoch) => new(epoch, PositionUnit.Epoch);

    private static IEnumerable<BundleReadResult> ReadListed(string manifestPath, string? only, EngineContext context)
    {
        GrafeoManifest manifest;
        BackupException? damage = null;
        try
        {
            manifest = GrafeoManifestFile.Load(manifestPath, context);
        }
        catch (BackupException e)
        {
            damage = e;
            manifest = new GrafeoManifest(GrafeoEncoding.Json, []);
        }
        if (damage is not null)
        {
            yield return BundleReadResult.Bad(manifestPath, damage);
            foreach (var other in damage.Code == ErrorCode.IdentityMismatch ? ReadOfOthers(manifestPath, context) : [])
            {
                yield return other;
            }
        }
        var ids = IdsOf(manifest.Segments);
        var places = Places(manifest.Segments)
            .Where(p => only is null || string.Equals(p.Segment.FileName, only, StringComparison.Ordinal));
        foreach (
            var read in SideBySide.Read(
                places,
                p => ReadSegment(manifestPath, manifest, ids, p.Index, p.HighestBefore, p.After, context),
                context
            )
        )
        {
            yield return read;
        }
    }

    /// <summary>The segments that are encrypted for others, where the list of all is too.</summary>
    private static IEnumerable<BundleReadResult> ReadOfOthers(string manifestPath, EngineContext context) =>
        context
            .Disk.List(Path.GetDirectoryName(manifestPath)!)
            .Where(e => e.Kind == DiskEntryKind.File && GrafeoSegment.IsName(e.Name))
            .Select(e => ReadLone(e.Path, context))
            .OfType<BundleReadResult>()
            .Where(r => r.Error?.Code == ErrorCode.IdentityMismatch);

    /// <summary>What a manifest says of each segment by its place in it.</summary>
    private static IEnumerable<(GrafeoSegment Segment, int Index, ulong HighestBefore, DateTimeOffset? After)> Places(
        IReadOnlyList<GrafeoSegment> segments
    )
    {
        ulong highest = 0;
        DateTimeOffset? newest = null;
        for (var i = 0; i < segments.Count; i++)
        {
            // The manifest lists what was taken in the order in which it was, whatever the clock said.
            var taken = GrafeoTime.Instant(segments[i].CreatedAtMs);
            var after = taken is { } time ? ClockOrder.TakenAfter(time, newest) : null;
            newest = after is { } place ? ClockOrder.After(place) : taken ?? newest;
            yield return (segments[i], i, highest, after);
            highest = Math.Max(highest, segments[i].EndEpoch);
        }
    }

    /// <summary>
    /// One folder holds one database, so segments of 0.5.x, which name none, belong to the one that it was converted to.
    /// </summary>
    private static IEnumerable<BundleReadResult> OfOneDatabase(List<BundleReadResult> results)
    {
        var series = results.Find(r => r.Header?.Series is not null)?.Header!.Series;
        return results.Select(r =>
            r.Header is { Series: null } header ? r with { Header = header with { Series = series } } : r
        );
    }

    private static BundleReadResult ReadSegment(
        string manifestPath,
        GrafeoManifest manifest,
        string[] ids,
        int index,
        ulong highestBefore,
        DateTimeOffset? after,
        EngineContext context
    )
    {
        var segment = manifest.Segments[index];
        var folder = Path.GetDirectoryName(manifestPath)!;
        var path = manifestPath;
        try
        {
            path = GrafeoManifestFile.PathOf(folder, segment);
            var (bundle, length, series, _) = GrafeoLook.At(path, context);
            var isImage = bundle.Image is not null;
            if (isImage != (segment.Kind == GrafeoSegmentKind.Full))
            {
                throw Fault.Malformed(
                    $"the manifest calls it {segment.Kind}, but it is {(isImage ? "an image" : "an increment")}",
                    0
                );
            }
            GrafeoBundle.RequireLength(segment, length, path);
            return BundleReadResult.Ok(
                new BundleHeader<GrafeoBundle>
                {
                    Engine = EngineNames.Grafeo,
                    Kind = isImage ? BundleKind.Full : BundleKind.Incremental,
                    Start = Epoch(StartOf(segment)),
                    End = Epoch(segment.EndEpoch),
                    CreatedUtc = TimeOf(segment.CreatedAtMs),
                    TakenAfterUtc = after,
                    Length = length,
                    FullName = path,
                    Format = FormatOf(bundle),
                    Id = ids[index],
                    Series = series,
                    SeriesIsNumber = true,
                    ParentId = ParentOf(manifest.Segments, ids, index),
                    Checksum = $"{segment.Checksum:x8}",
                    Notes = WentBack(manifest, index, highestBefore)
                        ? [EpochsRestarted(segment, highestBefore, path)]
                        : [],
                    Parsed = bundle with { Entry = segment },
                }
            );
        }
        catch (BackupException e)
        {
            // The manifest lists bundles in the order in which they were taken, so a file that is missing or not as long as
            // listed keeps its place. Later states do without it, as for the engine (0.6.0 tried: only a restore that needs
            // it fails).
            return BundleReadResult.Bad(path, e) with
            {
                OrderUtc = after is { } place ? ClockOrder.After(place) : GrafeoTime.Instant(segment.CreatedAtMs),
            };
        }
    }

    /// <summary>
    /// A full that ends before an older backup. An image may be older than the log beside it; then the increment made
    /// together with it reaches at least as far.
    /// </summary>
    private static bool WentBack(GrafeoManifest manifest, int index, ulong highestBefore) =>
        manifest.Segments[index] is { Kind: GrafeoSegmentKind.Full } full
        && full.EndEpoch < highestBefore
        && !(
            index + 1 < manifest.Segments.Count
            && manifest.Segments[index + 1] is { Kind: GrafeoSegmentKind.Incremental } next
            && StartOf(next) == full.EndEpoch
            && next.EndEpoch >= highestBefore
        );

    /// <summary>
    /// Engines of 0.5.x may restart counting epochs when they are restarted, and a restored database does. Chains are
    /// told apart by the order in which they were made; the engine's own restore takes the increments of one life for
    /// those of another.
    /// </summary>
    private static ChainProblem EpochsRestarted(GrafeoSegment segment, ulong highest, string path) =>
        ChainProblem.Warning(
            ErrorCode.ForeignEpoch,
            $"it ends at epoch {segment.EndEpoch}, but an older backup in the folder at {highest}: "
                + "the database was restored or its epochs were restarted in between",
            path,
            advice: $"Name the chain with {Spelling.Of("ChainId")} when restoring, and use a new folder from now on."
        );

    /// <summary>
    /// A folder is written by one backup after the other, so an increment builds on the entry before it whenever the
    /// positions agree. Without this, two fulls of one epoch would make the increments after them ambiguous.
    /// </summary>
    private static string? ParentOf(IReadOnlyList<GrafeoSegment> segments, string[] ids, int index) =>
        index > 0
        && segments[index] is { Kind: GrafeoSegmentKind.Incremental } segment
        && segments[index - 1].EndEpoch == StartOf(segment)
            ? ids[index - 1]
            : null;

    /// <summary>An image with its log beside it is a database and no backup.</summary>
    private static bool IsDatabase(string path, IDisk disk) =>
        disk.Stat(new GrafeoSource(path).LogFolder)?.Kind == DiskEntryKind.Directory;

    /// <summary>What may be an image or an increment by its name, and is not just being put there.</summary>
    private static List<DiskEntry> LooseFiles(string folder, IDisk disk)
    {
        var files = disk.List(folder)
            .Where(e => e.Kind == DiskEntryKind.File && (IsImageName(e.Name) || IsIncrementName(e.Name)))
            .Where(e => Strangers.Of(e, static _ => true, disk) is null)
            .ToList();
        // Most folders are of other engines: they are not listed again.
        if (files.Count > 0)
        {
            var unfinished = StagingArea.UnfinishedIn(disk, folder);
            files.RemoveAll(f => unfinished.Contains(f.Path));
        }
        return files;
    }

    /// <summary>What other programs put beside the manifest and what it lists.</summary>
    private static IEnumerable<BundleReadResult> StrangersIn(string folder, IDisk disk) =>
        disk.List(folder)
            .Select(e => (e.Path, Stranger: Strangers.Of(e, IsOurName, disk)))
            .Where(e => e.Stranger is not null)
            .Select(e => BundleReadResult.Passed(e.Path, e.Stranger!));

    private static bool IsOurName(string name) =>
        name == GrafeoManifestFile.Name || IsImageName(name) || IsIncrementName(name);

    private static bool IsImageName(string name) => name.EndsWith(".grafeo", StringComparison.Ordinal);

    private static bool IsIncrementName(string name) => name.EndsWith(".wal", StringComparison.Ordinal);

    /// <summary>Images and increments that lie in a folder without a manifest.</summary>
    private static IEnumerable<BundleReadResult> ReadLoose(IEnumerable<DiskEntry> files, EngineContext context)
    {
        foreach (var entry in files)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            var isDatabase = IsImageName(entry.Name) && IsDatabase(entry.Path, context.Disk);
            if (!isDatabase && ReadLone(entry.Path, context) is { } result)
            {
                yield return result;
            }
        }
    }

    /// <summary>A file that no manifest lists; null when it is neither an image nor an increment.</summary>
    private static BundleReadResult? ReadLone(string path, EngineContext context)
    {
        try
        {
            var (bundle, length, series, id) = GrafeoLook.At(path, context);
            var image = bundle.Image;
            var gbak = bundle.Gbak;
            return BundleReadResult.Ok(
                new BundleHeader<GrafeoBundle>
                {
                    Engine = EngineNames.Grafeo,
                    Kind = image is null ? BundleKind.Incremental : BundleKind.Full,
                    Start = Epoch(image?.Active.Epoch ?? Before(gbak!.Value.StartEpoch)),
                    End = Epoch(image?.Active.Epoch ?? gbak!.Value.EndEpoch),
                    CreatedUtc = image is null
                        ? context.Disk.Stat(path)?.ModifiedUtc ?? default
                        : TimeOf(image.Active.TimestampMs),
                    Length = length,
                    FullName = path,
                    Format = FormatOf(bundle),
                    Id = id,
                    Series = series,
                    SeriesIsNumber = true,
                    Notes =
                    [
                        ChainProblem.Info(
                            ErrorCode.MissingFile,
                            "no manifest lists this file, so neither its length nor its checksum is known",
                            path,
                            advice: $"Keep segments together with their {GrafeoManifestFile.Name}."
                        ),
                    ],
                    Parsed = bundle,
                }
            );
        }
        catch (BackupException e) when (e.Code == ErrorCode.BundleNotRecognised)
        {
            return null;
        }
        catch (BackupException e)
        {
            return BundleReadResult.Bad(path, e);
        }
    }

    private static string FormatOf(GrafeoBundle bundle) =>
        bundle.Image?.Format ?? $"GBAK v{bundle.Gbak!.Value.Version}";

    private static ulong Before(ulong epoch) => epoch == 0 ? 0 : epoch - 1;

    private static DateTimeOffset TimeOf(ulong milliseconds) =>
        GrafeoTime.Instant(milliseconds)
        ?? throw Fault.Malformed($"the time {GrafeoTime.Text(milliseconds)} is out of range");
}
