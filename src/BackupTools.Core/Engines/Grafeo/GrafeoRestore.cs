using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Grafeo;

namespace BackupTools.Engines.Grafeo;

/// <summary>
/// Rebuilds a database in staging: the image as it is, and beside it the log up to the target, which the engine
/// applies when it opens the file. In 0.5.x the log is written as the engine's own restore writes it; in 0.6.0 the
/// segments stay as they were captured and the last one ends after the last wanted commit. (The engine rewrites them under
/// new positions, which keeps no byte that the backup's checksums cover; it accepts both.)
/// </summary>
internal sealed class GrafeoRestore(RestoreRequest request, StagingArea staging, EngineContext context)
{
    /// <summary>0.5.x begins a new log file after the frame that makes one this long (Grafeo format, §5.1).</summary>
    private const long RotateAt = 64L << 20;

    private const string StagedImage = "image";
    private const string StagedLog = "log";

    private readonly string _destination = request.DestinationPath;
    private readonly GrafeoStateReader _state = new(request.Plan, context);
    private readonly List<string> _files = [];
    private long _length;

    /// <summary>The paths that a database at the destination may have.</summary>
    public static IReadOnlyList<string> PathsOf(string destination)
    {
        var source = new GrafeoSource(destination);
        return [source.Path, source.LogFolder, source.PendingImage];
    }

    public static IReadOnlyList<string> OccupiedBy(RestoreRequest request, EngineContext context) =>
        [.. PathsOf(request.DestinationPath).Where(p => context.Disk.Stat(p) is not null)];

    public static bool MayReplace(RestoreRequest request, EngineContext context)
    {
        var source = new GrafeoSource(request.DestinationPath);
        var disk = context.Disk;
        var database = disk.Stat(source.Path);
        if (database is null)
        {
            // A log without its database, as a failed restore of the engine leaves it.
            return disk.Stat(source.LogFolder) is null or { Kind: DiskEntryKind.Directory };
        }
        if (database.Kind != DiskEntryKind.File || !GrafeoSource.HasMagic(source.Path, context))
        {
            return false;
        }
        // The engine holds this very lock while it has the file open; it is given back at once.
        using var held = disk.TryLock(source.Path);
        return held is not null
            ? true
            : throw new BackupException(
                ErrorCode.SourceInUse,
                FileUsers.Name("an engine has the database open", source.Path),
                source.Path
            );
    }

    /// <summary>Restores, and says what is to be published.</summary>
    public RestoreResult Run()
    {
        context.Progress.Activity = "restoring";
        // The log is read for its commits, and again for its bytes; with a deep check all that was written is, too.
        var log = request.Plan.Bundles.Skip(1).Sum(b => b.Length);
        context.Progress.Expect(request.Plan.BundleBytes + log + (request.Deep ? request.Plan.BundleBytes : 0));
        using (var target = Create(StagedImage, request.Plan.Full.Length))
        {
            _state.Read(target);
            _length += target.Length;
        }
        if (_state.Image.IsPaged)
        {
            CopySegments();
        }
        else
        {
            WriteFrames();
        }
        if (request.Deep)
        {
            ReadBack(_state.Image.IsPaged);
        }
        return new RestoreResult
        {
            Steps = Steps(),
            End = GrafeoBundles.Epoch(_state.Reached),
            Files = [_destination, .. _files.Select(f => Path.Combine(_destination + ".wal", f))],
            Length = _length,
        };
    }

    private void CopySegments()
    {
        foreach (var (segment, stop) in _state.Segments)
        {
            var name = GrafeoWalHeader.NameOf(segment.FirstLsn);
            using var file = context.Disk.OpenRead(segment.Path);
            using var target = Create(Path.Combine(StagedLog, name), stop - segment.Offset);
            var range = new FileRange(segment.Offset, stop);
            context.Copy(file, range, target, 0);
            _files.Add(name);
            _length += range.Length;
        }
    }

    private void WriteFrames()
    {
        if (_state.Inputs.Count == 0)
        {
            return;
        }
        // The engine leaves an empty folder where no frame is left.
        staging.CreateDirectory(StagedLog);
        IDiskFile? log = null;
        try
        {
            foreach (var stretch in _state.TakeFrames())
            {
                Write(_state.Inputs[stretch.Input].Path, new FileRange(stretch.Start, stretch.End), ref log);
            }
        }
        finally
        {
            log?.Dispose();
        }
    }

    /// <summary>Appends frames, beginning a new file where the engine would.</summary>
    private void Write(string path, FileRange range, ref IDiskFile? log)
    {
        using var file = context.Disk.OpenRead(path);
        while (range.Length > 0)
        {
            log ??= NextLog();
            var room = RotateAt - log.Length;
            // Up to the end of the frame that fills the file.
            var stop = range.Length < room ? range.End : FrameEndFrom(file, range, range.Start + room);
            context.Copy(file, range with { End = stop }, log, log.Length);
            _length += stop - range.Start;
            range = range with { Start = stop };
            if (log.Length >= RotateAt)
            {
                log.Dispose();
                log = NextLog();
            }
        }
    }

    private IDiskFile NextLog()
    {
        var name = $"wal_{_files.Count:D8}.log";
        _files.Add(name);
        return Create(Path.Combine(StagedLog, name));
    }

    private long FrameEndFrom(IDiskFile file, FileRange range, long position)
    {
        var reader = new GrafeoRecordReader(range.Start, checkCrc: false);
        var found = range.End;
        context.Read(
            file,
            range,
            block =>
            {
                while (reader.Read(ref block, out var record))
                {
                    found = record.End >= position ? Math.Min(found, record.End) : found;
                }
            }
        );
        return found;
    }

    /// <summary>With a deep check every byte is compared, also one that says nothing of the state.</summary>
    private IDiskFile Create(string name, long preallocate = 0) =>
        staging.CreateFile(name, preallocate, readsBack: request.Deep);

    /// <summary>Reads what was written and proves it once more.</summary>
    private void ReadBack(bool paged)
    {
        using (var file = context.Disk.OpenRead(staging.PathOf(StagedImage)))
        {
            GrafeoImage.Open(file, context.Cancellation).Transfer(file, null, context);
        }
        var inputs = new List<GrafeoRecordInput>();
        foreach (var name in _files)
        {
            using var file = context.Disk.OpenRead(staging.PathOf(Path.Combine(StagedLog, name)));
            if (!paged)
            {
                inputs.Add(new GrafeoRecordInput(file.Path, new FileRange(0, file.Length)));
                continue;
            }
            var segment = GrafeoWalSegment.ReadLog(
                file,
                GrafeoWalHeader.Read(file.UpTo(0, GrafeoWalHeader.Size)).FirstLsn
            );
            var scan = new GrafeoGroupScan(segment);
            context.Read(file, segment.Frames, scan.Take);
            if (scan.Tail is { } tail)
            {
                throw tail.At(file.Path);
            }
        }
        GrafeoFrames.Scan(inputs, new GrafeoEpochFilter(), context, mayBeTorn: false);
    }

    /// <summary>The image comes last: until it is there, nothing opens.</summary>
    private List<PublishStep> Steps()
    {
        var paths = new GrafeoSource(_destination);
        var steps = new List<PublishStep>();
        if (_files.Count > 0 || context.Disk.Stat(staging.PathOf(StagedLog)) is not null)
        {
            steps.Add(PublishStep.Put(StagedLog, paths.LogFolder, context.Disk));
        }
        else if (context.Disk.Stat(paths.LogFolder) is not null)
        {
            steps.Add(PublishStep.Remove(paths.LogFolder));
        }
        if (context.Disk.Stat(paths.PendingImage) is not null)
        {
            // An engine of 0.5.44 would take it for the newer database.
            steps.Add(PublishStep.Remove(paths.PendingImage));
        }
        steps.Add(PublishStep.Put(StagedImage, paths.Path, context.Disk));
        return steps;
    }
}
