using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Grafeo;

namespace BackupTools.Engines.Grafeo;

/// <summary>What planning a backup found out.</summary>
/// <param name="Source">The database's files.</param>
/// <param name="Paged">True for 0.6.0.</param>
/// <param name="Manifest">The destination's manifest; an empty one when there is none.</param>
/// <param name="Head">What an increment builds on; null for a full.</param>
internal sealed record GrafeoPlan(GrafeoSource Source, bool Paged, GrafeoManifest Manifest, GrafeoHead? Head)
{
    /// <summary>Plans a backup and refuses early what can be refused from headers and names.</summary>
    public static CapturePlan Of(CaptureRequest request, EngineContext context)
    {
        var options = request.Options;
        if (options.NoCursor && options.ForgetDestination.Count > 0)
        {
            throw new BackupException(
                ErrorCode.InvalidOption,
                "only the cursor remembers destinations, so none can be forgotten without it"
            );
        }
        if (context.Disk.Stat(request.SourcePath)?.Kind == DiskEntryKind.Link)
        {
            // The log lies beside the name that the engine was given, and no one but its user knows which that was.
            throw new BackupException(
                ErrorCode.SourceNotRecognised,
                "the path is a link",
                request.SourcePath,
                recommendation: "Give the path under which the engine opens the database."
            );
        }
        var source = GrafeoSource.At(request.SourcePath, context.Disk);
        var header = source.Header(context.Disk);
        var folder = GrafeoFolder.Open(
            request.DestinationFolder,
            header.IsPaged ? GrafeoEncoding.Json : GrafeoEncoding.Bincode,
            context
        );
        folder.RefuseOther(header.DatabaseId, context);
        var manifest = folder.Manifest;
        var logs = source.Logs(context.Disk, header.IsPaged);
        var head = request.Kind == BundleKind.Full ? null : HeadOf(request, manifest, header, context);
        if (head is not null)
        {
            Foresee(source, header, head, logs, context);
        }
        var image = source.IsDirectory ? null : source.Image(context.Disk);
        var imageLength = image is null ? 0 : context.Disk.Stat(image)?.Length ?? 0;
        // In 0.5.x the log is read to find what is whole, and what of it the chain holds, before it is copied.
        var logBytes = header.IsPaged
            ? GrafeoFrameLog.BytesSince(logs, head?.Lsn ?? header.Active.CheckpointLsn)
            : 2 * (logs.Sum(l => l.Length) + (head?.Way.Skip(1).Sum(b => b.Length) ?? 0));
        var plan = new GrafeoPlan(source, header.IsPaged, manifest, head);
        var kind = head is null ? GrafeoSegmentKind.Full : GrafeoSegmentKind.Incremental;
        return new CapturePlan<GrafeoPlan>
        {
            Request = request,
            BundlePath = Path.Combine(request.DestinationFolder, manifest.NextName(kind)),
            ExpectedBytes = logBytes + (head is null ? imageLength : 0),
            SourceFiles =
            [
                .. head is null && image is not null ? [image] : Array.Empty<string>(),
                .. logs.Select(l => l.Path),
            ],
            WritesBesideSource = options.NoCursor || !header.IsPaged ? [] : [source.Cursor, source.Positions],
            Start = head is null ? null : GrafeoBundles.Epoch(head.Epoch),
            Warnings = head is null && logBytes > 0 ? [CompanionNote(source)] : [],
            Found = plan,
        };
    }

    /// <summary>Refuses early what the capture would refuse, as far as that takes little reading.</summary>
    private static void Foresee(
        GrafeoSource source,
        GrafeoContainerHeader header,
        GrafeoHead head,
        IReadOnlyList<GrafeoLogFile> logs,
        EngineContext context
    )
    {
        if (header.IsPaged)
        {
            new GrafeoFrameLog(source, header, context).Foresee(head);
        }
        else
        {
            new GrafeoContinuity(source, head, context).CheckImage(header, logIsEmpty: logs.All(l => l.Length == 0));
        }
    }

    private static ChainProblem CompanionNote(GrafeoSource source) =>
        ChainProblem.Info(
            ErrorCode.WalNotEmpty,
            "commits that only the log holds go into an incremental backup that is made together with the full one",
            source.LogFolder,
            advice: "No action is needed: both are published at once and belong to one chain."
        );

    private static GrafeoHead HeadOf(
        CaptureRequest request,
        GrafeoManifest manifest,
        GrafeoContainerHeader header,
        EngineContext context
    )
    {
        if (request.Parent is not { } parent)
        {
            return request.Since is { } since
                ? new GrafeoHead(since, null, [], $"epoch {since}")
                : throw new BackupException(
                    ErrorCode.NoFullBackup,
                    manifest.Segments.Count == 0
                        ? "no backup manifest found; run a full backup first"
                        : "no full backup in manifest; run a full backup first",
                    request.DestinationFolder
                );
        }
        var bundle = GrafeoBundle.Of(parent);
        if (bundle.IsPaged != header.IsPaged)
        {
            throw new BackupException(
                ErrorCode.ForeignEpoch,
                $"{parent.Name} is of the format {(bundle.IsPaged ? "of" : "before")} 0.6.0 and the database is not",
                parent.FullName,
                recommendation: "Take a new full backup: the database was converted since the last one."
            );
        }
        if (
            parent.Series is { } series
            && header.DatabaseId is { } id
            && !string.Equals(series, id, StringComparison.Ordinal)
        )
        {
            throw new BackupException(
                ErrorCode.ForeignEpoch,
                $"{parent.Name} is of database {series}, and this is database {id}",
                parent.FullName
            );
        }
        RefuseOlderChain(request, manifest, parent, context);
        return GrafeoHead.Of(parent, context) with { Way = request.Chain?.PathTo(parent.Id) ?? [] };
    }

    /// <summary>
    /// The engine applies increments to the last full before the target, whether that can be read or not: an older chain
    /// cannot continue.
    /// </summary>
    private static void RefuseOlderChain(
        CaptureRequest request,
        GrafeoManifest manifest,
        BundleHeader parent,
        EngineContext context
    )
    {
        var segments = manifest.Segments.ToList();
        var lastFull = segments.FindLastIndex(s => s.Kind == GrafeoSegmentKind.Full);
        var here = Array.LastIndexOf(GrafeoBundles.IdsOf(segments), parent.Id);
        if (here >= 0 && here < lastFull)
        {
            var listed = Path.Combine(request.DestinationFolder, GrafeoManifestFile.Name);
            if (GrafeoBundles.Read(listed, context).ElementAt(lastFull) is { Error: { } error })
            {
                throw new BackupException(
                    ErrorCode.NoFullBackup,
                    $"increments in one folder continue the newest full backup, which cannot be read: {error.Message}",
                    error.FullName,
                    recommendation: "Bring back a sound copy, or take a new full backup."
                );
            }
            throw new BackupException(
                ErrorCode.InvalidOption,
                $"{parent.Name} belongs to a chain before {segments[lastFull].FileName}, "
                    + "and increments in one folder continue the last full backup",
                request.DestinationFolder,
                recommendation: "Continue the newest chain, or use another folder."
            );
        }
    }
}
