using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Spg;

namespace BackupTools.Engines.Spg;

/// <summary>
/// One attempt at a full: the database file as snapshot, and after it the log from the baseline to its last whole
/// frame outside a transaction, so that the bundle alone restores to now.
/// </summary>
/// <remarks>
/// A server's own full is a snapshot of its memory and carries no log (SPG format, §1.1). The database file is only as new
/// as the last CHECKPOINT.
/// </remarks>
internal sealed class SpgFullCapture(SpgSource source, SpgBundleWriter writer, EngineContext context)
{
    /// <summary>
    /// Snapshots up to this size are walked row by row while they pass; larger ones would slow the copy down, and are
    /// walked by a deep verification.
    /// </summary>
    internal const long WalkLimit = 64 << 20;

    private const int MostNamed = 5;

    /// <summary>
    /// Refuses what is not a database, or does not fit a bundle, as far as names and first bytes tell.
    /// </summary>
    public static void Refuse(SpgSource source)
    {
        RefuseSegmentFiles(source);
        if (source.Database is not { } database)
        {
            if (source.Wal is null)
            {
                throw new BackupException(
                    ErrorCode.PathNotFound,
                    "there is neither a database file nor a log",
                    source.Files.Database
                );
            }
            return;
        }
        Span<byte> start = stackalloc byte[8];
        start = start[..database.ReadUpTo(start, 0)];
        if (!SpgSnapshotCheck.ClaimsToBeSnapshot(start) && !start.IsEmpty)
        {
            throw new BackupException(
                ErrorCode.SourceNotRecognised,
                "the source is not an SPG database: it begins with neither SPGDB001 nor SPGENV01",
                source.Files.Database
            );
        }
    }

    /// <summary>Copies into the writer's file. The caller checks whether the source was stable.</summary>
    public SpgBundleHeader Copy()
    {
        Refuse(source);
        var baseline = CopySnapshot();
        // All that was acknowledged before the capture began lies before this end; what the cut leaves out of it was not
        // committed.
        var end = source.Wal?.Length ?? 0;
        // Dated between the last byte that can be in it and the last look at the database file: the state is not
        // younger than its date, and whatever replaces the database file later is.
        var header = SpgBundleHeader.New(SpgBundleHeader.Full, context.Clock.GetUtcNow());
        if (baseline >= end)
        {
            return writer.Finish(header with { WalPos = (ulong)end }, 0, 0, marked: false);
        }
        var range = new FileRange(baseline, end);
        context.Progress.Expect(range.Length);
        var scan = SpgLogCopy.Copy(source, writer, range, marked: true, context);
        var cut = scan.Scanner.CutPoint;
        var length = cut - baseline;
        return writer.Finish(header with { WalPos = (ulong)cut }, length, scan.CrcAtCut, marked: length > 0);
    }

    /// <summary>Copies and judges the database file; returns where the log begins to count.</summary>
    private long CopySnapshot()
    {
        if (source.Database is not { } database)
        {
            writer.WriteSnapshot(SpgSnapshotCheck.EmptyCatalog);
            return 0;
        }
        var length = source.DatabaseEntry!.Length;
        context.Progress.Expect(length);
        var check = new SpgSnapshotCheck(length, walk: length <= WalkLimit);
        using (context.Progress.BeginFile(database.Path, length))
        {
            writer.CopySnapshot(database, length, check);
        }
        var info = BackupException.Naming(database.Path, check.Finish);
        if (info.IsNewerThanKnown)
        {
            context.Warn(
                $"the database file has version {info.FileVersion}, newer than the newest known "
                    + $"({SpgSnapshotInfo.NewestKnown}); it is captured as it is ({database.Path})"
            );
        }
        if (info.ColdSegments.Count > 0)
        {
            throw ColdSegments(info.ColdSegments.Select(id => $"segment {id}"));
        }
        return Baseline();
    }

    /// <summary>
    /// The manifest's baseline, when the manifest belongs to this very database file: what lies before it in the log is
    /// in the database already (SPG format, §4.3, §6.6).
    /// </summary>
    private long Baseline()
    {
        if (source.ReadManifest(context.Warn) is not { } manifest)
        {
            return 0;
        }
        if (manifest.Segments.Count > 0)
        {
            throw ColdSegments(manifest.Segments.Select(s => Path.GetFileName(s.Path)));
        }
        if (manifest.CatalogCrc32 != writer.SnapshotCrc || manifest.WalBaseline == 0)
        {
            return 0;
        }
        if (manifest.WalBaseline > (ulong)(source.Wal?.Length ?? 0) || !SpgBaselineMark.CanMark(manifest.WalBaseline))
        {
            throw new BackupException(
                ErrorCode.SourceDamaged,
                $"the manifest says that the log counts from byte {manifest.WalBaseline}, which is impossible",
                source.Files.Manifest,
                recommendation: "Run CHECKPOINT in the server, then take the backup again."
            );
        }
        return (long)manifest.WalBaseline;
    }

    private static void RefuseSegmentFiles(SpgSource source)
    {
        if (source.SegmentFiles() is { Count: > 0 } files)
        {
            throw ColdSegments(source, files);
        }
    }

    private BackupException ColdSegments(IEnumerable<string> names) => ColdSegments(source, [.. names]);

    private static BackupException ColdSegments(SpgSource source, IReadOnlyList<string> names)
    {
        var more = names.Count > MostNamed ? $" and {names.Count - MostNamed} more" : "";
        return new BackupException(
            ErrorCode.ColdSegments,
            $"rows of this database live in cold segments, which a bundle cannot hold: "
                + string.Join(", ", names.Take(MostNamed))
                + more,
            source.Files.Segments
        );
    }
}
