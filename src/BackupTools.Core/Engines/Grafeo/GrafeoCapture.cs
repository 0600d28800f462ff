using System.IO.Hashing;
using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Grafeo;

namespace BackupTools.Engines.Grafeo;

/// <summary>
/// Captures a database that may be open and written. Image first, log second, so that the log covers at least what
/// the image lacks; every part proves itself by its checksum, and what does not is tried again.
/// </summary>
internal sealed class GrafeoCapture(CapturePlan plan, StagingArea staging, EngineContext context)
{
    private const int Attempts = 60;
    private const int AttemptsWithoutChange = 3;
    private const int AttemptsAtAFixedPosition = 5;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(500);

    private readonly GrafeoPlan _found = ((CapturePlan<GrafeoPlan>)plan).Found;
    private readonly List<(GrafeoSegment Segment, string Staged)> _added = [];
    private readonly ulong _now = GrafeoTime.Now(context.Clock);

    private GrafeoSource Source => _found.Source;

    /// <summary>The last backup that the destination holds; null for none.</summary>
    private GrafeoSegment? LastThere => _found.Manifest.Segments is { Count: > 0 } segments ? segments[^1] : null;

    /// <summary>Captures, and says what is to be published.</summary>
    public CaptureResult Run()
    {
        var position = WithLogKept(plan.Request.Kind == BundleKind.Full ? Full : Increment);
        var folder = new GrafeoFolder(plan.Request.DestinationFolder, _found.Manifest);
        foreach (var (segment, staged) in _added)
        {
            folder.Add(segment, staged, _found.Paged);
        }
        return folder.Result(_added[0].Segment, staging, context.Disk) with
        {
            AfterPublish = plan.Request.Options.NoCursor || !_found.Paged ? null : () => MoveCursor(position),
        };
    }

    /// <summary>
    /// Makes the engine keep its log from where the backup begins until the cursor is moved. 0.5.x removes its log when it
    /// closes, whatever the cursor says, and its epochs are not ours: nothing is written beside it.
    /// </summary>
    private GrafeoPosition WithLogKept(Func<GrafeoPosition> capture)
    {
        if (plan.Request.Options.NoCursor || !_found.Paged)
        {
            return capture();
        }
        var keeper = new GrafeoCursorKeeper(Source, context);
        var active = Source.Header(context.Disk).Active;
        var lsn = _found.Head?.Lsn ?? active.CheckpointLsn;
        // The cursor of this version must name the beginning of a segment.
        var segment = Source.Logs(context.Disk, paged: true).LastOrDefault(l => l.Number <= lsn);
        var pinned = keeper.Pin(
            new GrafeoPosition(
                plan.Request.DestinationFolder,
                _found.Head?.Epoch ?? active.Epoch,
                0,
                segment.Path is null ? active.CheckpointLsn : segment.Number
            ),
            LastThere
        );
        try
        {
            return capture();
        }
        catch when (pinned && LastThere is null)
        {
            // What is there already still needs the log: also for the engine, whose cursor this one replaced.
            keeper.Unpin(plan.Request.DestinationFolder);
            throw;
        }
    }

    /// <summary>
    /// The image, and as an increment of its own the commits that only the log holds, so that all that was committed before
    /// the backup began is in it. The image holds nothing newer than its header says, and only the engine could write one
    /// that does.
    /// </summary>
    private GrafeoPosition Full() =>
        Stable(attempt =>
        {
            var name = _found.Manifest.NextName(GrafeoSegmentKind.Full);
            var (header, epoch, checksum, length) = Source.IsDirectory
                ? StageEmptyImage($"{attempt}-{name}")
                : StageImage($"{attempt}-{name}");
            var full = new GrafeoSegment(GrafeoSegmentKind.Full, name, 0, epoch, checksum, (ulong)length, _now);
            ulong? lsn = header.IsPaged ? header.Active.CheckpointLsn : null;
            var companion = _found.Manifest.With(full).NextName(GrafeoSegmentKind.Incremental);
            var log = CaptureLog(attempt, header, new GrafeoHead(epoch, lsn, [], name), companion);
            // In 0.6.0 the log says itself which image it follows.
            if ((log is null || !header.IsPaged) && !SameHeader(header))
            {
                throw Changed("a checkpoint ran between reading the image and the log");
            }
            _added.Add((full, $"{attempt}-{name}"));
            return log is null ? PositionAt(epoch, lsn) : AddIncrement(log, epoch + 1, companion, attempt);
        });

    private (GrafeoContainerHeader Header, ulong Epoch, uint Checksum, long Length) StageImage(string staged)
    {
        using var source = OpenImage();
        var image = GrafeoImage.Open(source, context.Cancellation);
        RequireSameGeneration(image.Header);
        var found = image.Header;
        var epoch = found.IsPaged ? found.Active.Epoch : EpochInFolder(found.Active.Epoch);
        image = found.IsPaged ? image : image.WithEpoch(epoch);
        using var target = staging.CreateFile(staged, image.Length);
        using var shown = context.Progress.BeginFile(source.Path, image.Length);
        return (found, epoch, image.Transfer(source, target, context), image.Length);
    }

    /// <summary>A directory database has no image: all of it is in its log.</summary>
    private (GrafeoContainerHeader Header, ulong Epoch, uint Checksum, long Length) StageEmptyImage(string staged)
    {
        var image = GrafeoSections.EmptyImage(_now);
        using var target = staging.CreateFile(staged, image.Length);
        target.Write(image, 0);
        return (Source.Header(context.Disk), EpochInFolder(0), Crc32.HashToUInt32(image), image.Length);
    }

    /// <summary>
    /// 0.5.x restarts counting at every open. An image whose epoch would recur in its folder gets the next one, so that
    /// an epoch names one state there, for the engine's restore as well: that applies every increment of a later epoch.
    /// </summary>
    private ulong EpochInFolder(ulong epoch)
    {
        if (_found.Manifest.Segments.Count == 0)
        {
            return epoch;
        }
        var last = _found.Manifest.Segments.Max(s => Math.Max(s.StartEpoch, s.EndEpoch));
        return last == ulong.MaxValue
            ? throw new BackupException(
                ErrorCode.Malformed,
                $"the manifest names epoch {last}, the highest possible",
                plan.Request.DestinationFolder,
                recommendation: "Use another folder."
            )
            : Math.Max(epoch, last + 1);
    }

    private GrafeoPosition Increment() =>
        Stable(attempt =>
        {
            var header = Source.Header(context.Disk);
            RequireSameGeneration(header);
            var head = _found.Head!;
            var name = _found.Manifest.NextName(GrafeoSegmentKind.Incremental);
            var log = CaptureLog(attempt, header, head, name);
            if ((log is null || !header.IsPaged) && !SameHeader(header))
            {
                throw Changed("a checkpoint ran while the log was read");
            }
            return log is null
                ? throw new BackupException(
                    ErrorCode.NothingToBackUp,
                    "no new WAL records since last backup",
                    Source.LogFolder
                )
                : AddIncrement(log, head.Epoch + 1, name, attempt);
        });

    private GrafeoCapturedLog? CaptureLog(int attempt, GrafeoContainerHeader header, GrafeoHead head, string name)
    {
        using var target = staging.CreateFile($"{attempt}-{name}");
        using var shown = context.Progress.BeginFile(Source.LogFolder, 0);
        if (header.IsPaged)
        {
            return new GrafeoFrameLog(Source, header, context).Capture(head, target);
        }
        var log = new GrafeoRecordLog(Source, header, context);
        return _found.Head is null ? log.CaptureAll(head.Epoch, target) : log.CaptureSince(head, target);
    }

    private GrafeoPosition AddIncrement(GrafeoCapturedLog log, ulong start, string name, int attempt)
    {
        _added.Add((log.Entry(name, start, _now), $"{attempt}-{name}"));
        return PositionAt(log.LastEpoch, log.CursorLsn);
    }

    private GrafeoPosition PositionAt(ulong epoch, ulong? lsn) =>
        new(plan.Request.DestinationFolder, epoch, 0, lsn ?? 0);

    private void MoveCursor(GrafeoPosition position) =>
        new GrafeoCursorKeeper(Source, context).Move(position, LastThere, plan.Request.Options.ForgetDestination);

    private IDiskFile OpenImage() => context.Disk.OpenRead(Source.Image(context.Disk));

    private bool SameHeader(GrafeoContainerHeader header) => Source.Header(context.Disk).Active == header.Active;

    private void RequireSameGeneration(GrafeoContainerHeader header)
    {
        if (header.IsPaged != _found.Paged)
        {
            throw new BackupException(
                ErrorCode.SourceChanging,
                "the database was converted to another format while it was backed up",
                Source.Path
            );
        }
    }

    private BackupException Changed(string why) => new(ErrorCode.SourceChanging, why, Source.Path);

    /// <summary>
    /// Trouble while nothing changes is real and is thrown as what it is; trouble while the engine works is attributed
    /// to its doing.
    /// </summary>
    private GrafeoPosition Stable(Func<int, GrafeoPosition> capture)
    {
        List<string> before = [];
        var unchanged = 0;
        var definite = 0;
        return new SteadyCapture<GrafeoPosition>(context)
        {
            Attempts = Attempts,
            FirstPause = FirstPause,
            LongestPause = LongestPause,
            Judge = e =>
            {
                if (!IsOfTheSource(e))
                {
                    return e;
                }
                unchanged = before.SequenceEqual(Look()) ? unchanged + 1 : 0;
                // A full takes a newer image and is past it; the position of a chain does not move.
                definite += _found.Head is not null && IsOfThePosition(e) ? 1 : 0;
                return unchanged < AttemptsWithoutChange && definite < AttemptsAtAFixedPosition ? null
                    : IsDamage(e) ? e.AsSourceDamaged()
                    : e;
            },
            GiveUp = last => new BackupException(
                ErrorCode.SourceChanging,
                $"the database kept changing in {Attempts} attempts; the last one found: {last.Message}",
                last.FullName ?? Source.Path,
                last.Offset,
                inner: last
            ),
            StartOver = RemoveStaged,
        }.Run(attempt =>
        {
            context.Progress.Expect(plan.ExpectedBytes);
            before = Look();
            return capture(attempt);
        });
    }

    /// <summary>Everything that an engine's checkpoint, commit or close changes.</summary>
    private List<string> Look()
    {
        var looks = new List<string>();
        foreach (var path in new[] { Source.Path, Source.PendingImage, Source.LogFolder })
        {
            var entry = context.Disk.Stat(path);
            looks.Add($"{path} {entry?.Inode} {entry?.Length} {entry?.ModifiedUtc.Ticks}");
        }
        looks.AddRange(Source.Logs(context.Disk, _found.Paged).Select(l => $"{l.Path} {l.Length}"));
        return looks;
    }

    private static bool IsOfTheSource(BackupException e) =>
        e.Code is ErrorCode.PathNotFound or ErrorCode.SourceChanging or ErrorCode.SourceDamaged
        || IsDamage(e)
        || IsOfThePosition(e);

    private static bool IsDamage(BackupException e) =>
        e.Code is ErrorCode.BadMagic or ErrorCode.Truncated or ErrorCode.Malformed or ErrorCode.ChecksumMismatch;

    private static bool IsOfThePosition(BackupException e) =>
        e.Code
            is ErrorCode.LogIsGone
                or ErrorCode.SinceBeyondLog
                or ErrorCode.SinceInsideFrame
                or ErrorCode.ForeignEpoch
                or ErrorCode.ContinuityNotProved;

    private void RemoveStaged(int attempt)
    {
        _added.Clear();
        foreach (var entry in context.Disk.List(staging.Folder))
        {
            if (entry.Name.StartsWith($"{attempt}-", StringComparison.Ordinal))
            {
                context.Disk.DeleteFile(entry.Path);
            }
        }
    }
}
