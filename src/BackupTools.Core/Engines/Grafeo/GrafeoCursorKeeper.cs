using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Grafeo;
using BackupTools.Formats.Primitives;

namespace BackupTools.Engines.Grafeo;

/// <summary>
/// Keeps the engine's backup cursor at the oldest position of all destinations, so that the engine keeps the log that
/// the next increment of each of them needs (Grafeo format, §3.2, §6 and §7.3).
/// </summary>
internal sealed class GrafeoCursorKeeper(GrafeoSource source, EngineContext context)
{
    private const string LockName = "backup_cursor.backuptools.lock";
    private const int MaxFile = 16 << 20;

    // The engine writes the manifest, then the cursor, each with the time.
    private const ulong SameBackupMs = 10_000;

    private static readonly TimeSpan LockTimeout = TimeSpan.FromSeconds(10);

    private readonly IDisk _disk = context.Disk;
    private bool _madeFolder;

    /// <summary>
    /// Before a capture: makes the engine keep its log from a position on, for a destination that it is not kept for
    /// yet. Else a checkpoint between the capture and <see cref="Move"/> could remove what the next increment needs.
    /// </summary>
    /// <param name="position">Where the log is needed from.</param>
    /// <param name="before">As for <see cref="Move"/>.</param>
    /// <returns>True when the destination was added and is to be taken back if the capture fails.</returns>
    public bool Pin(GrafeoPosition position, GrafeoSegment? before) =>
        Change(
            "the backup cursor could not be set, so the engine may remove its log while it is copied",
            () =>
            {
                var known = Load(source.Positions, GrafeoPositions.Read);
                if (known?.Positions.Any(p => Same(p.Destination, position.Destination)) == true)
                {
                    return false;
                }
                Update([position], position.Destination, before, quiet: true);
                return true;
            }
        );

    /// <summary>Takes back a <see cref="Pin"/> whose capture failed, and the folder if it was made for it.</summary>
    public void Unpin(string destination) =>
        Change(
            "the backup cursor could not be removed again, so the engine keeps its log until the next backup",
            () =>
            {
                Update([], destination, null, quiet: true);
                return true;
            },
            afterwards: () => _ = _madeFolder && _disk.TryDeleteEmptyDirectory(source.LogFolder)
        );

    /// <summary>Notes how far a destination reaches now, and moves the cursor to the oldest of all.</summary>
    /// <param name="position">The destination's new position.</param>
    /// <param name="before">The last backup that was there: the engine may have taken it, and its cursor be of that.</param>
    /// <param name="forget">Destinations that count no more.</param>
    public void Move(GrafeoPosition position, GrafeoSegment? before, IReadOnlyList<string> forget) =>
        Change(
            "the backup is complete, but the backup cursor could not be moved: if the engine removes its log before "
                + "the next increment, that will need a full backup",
            () =>
            {
                Update([position], position.Destination, before, quiet: false, forget);
                return true;
            }
        );

    /// <summary>A cursor that cannot be written makes no backup bad: it is a warning.</summary>
    private bool Change(string failure, Func<bool> change, Action? afterwards = null)
    {
        try
        {
            if (_disk.Stat(source.LogFolder) is null)
            {
                _disk.CreateDirectory(source.LogFolder);
                _madeFolder = true;
                _disk.AdoptAccess(source.LogFolder, source.Path);
            }
            bool changed;
            using (Lock())
            {
                changed = change();
            }
            afterwards?.Invoke();
            return changed;
        }
        catch (BackupException e)
        {
            context.Warn($"{failure} ({e.Describe()})");
            return false;
        }
    }

    private void Update(
        IReadOnlyList<GrafeoPosition> now,
        string destination,
        GrafeoSegment? before,
        bool quiet,
        IReadOnlyList<string>? forget = null
    )
    {
        var known = Load(source.Positions, GrafeoPositions.Read) ?? new GrafeoPositions([], 0);
        var own = OwnOfTheEngine(known, destination, before);
        var others = known
            .Positions.Where(p => !Same(p.Destination, destination) && !Same(p.Destination, source.Cursor))
            .Concat(own is null ? [] : [own])
            .Where(p => forget?.Any(f => Same(p.Destination, f)) != true)
            .ToList();
        var positions = StillInLog(others).Concat(now).ToList();
        if (positions.MinBy(p => (p.WalLsn, p.Epoch)) is not { } oldest)
        {
            // Nobody needs the log any more.
            _disk.DeleteFile(source.Cursor);
            _disk.DeleteFile(source.Positions);
            return;
        }
        if (!quiet && !Same(oldest.Destination, destination))
        {
            context.Verbose(
                $"the engine keeps its log from epoch {oldest.Epoch} on for {oldest.Destination} "
                    + $"({Spelling.Of("ForgetDestination")} drops it)"
            );
        }
        // The log is kept for the oldest of all. The epoch is what the engine's own next increment continues from:
        // less, and it would begin before the last one ends; more, and it would leave epochs out. That its log begins
        // earlier, with what it has already, it accepts (tried).
        var epoch = (positions.Find(p => Same(p.Destination, source.Cursor)) ?? positions.MinBy(p => p.Epoch)!).Epoch;
        var next = new GrafeoCursor(epoch, oldest.LogSequence, oldest.WalLsn, GrafeoTime.Now(context.Clock));
        // What a pin writes need not survive a power loss, after which there is no backup to keep the log for.
        Write(source.Positions, new GrafeoPositions(positions, next.TimestampMs).Write(), durable: !quiet);
        Write(source.Cursor, next.Write(), durable: true);
        if (!quiet)
        {
            _disk.FlushDirectory(source.LogFolder);
        }
    }

    /// <summary>
    /// How far the engine's backups in a folder of its own reach. A cursor that is not the one we wrote last says so,
    /// unless the backup it belongs to went into this very folder: then the folder's last entry is not ours and was made
    /// at the cursor's time. That two folders stand at the same epoch says nothing.
    /// </summary>
    private GrafeoPosition? OwnOfTheEngine(GrafeoPositions known, string destination, GrafeoSegment? before)
    {
        var cursor = Load(source.Cursor, GrafeoCursor.Read);
        var ours = known.Positions.FirstOrDefault(p => Same(p.Destination, destination));
        var isHere =
            before is not null
            && ours?.Epoch != before.EndEpoch
            && cursor?.BackedUpEpoch == before.EndEpoch
            && cursor.TimestampMs - before.CreatedAtMs <= SameBackupMs;
        return cursor?.WalLsn is not { } lsn || cursor.TimestampMs == known.CursorTimestampMs || isHere
            ? known.Positions.FirstOrDefault(p => Same(p.Destination, source.Cursor))
            : new GrafeoPosition(source.Cursor, cursor.BackedUpEpoch, cursor.LogSequence, lsn);
    }

    /// <summary>Without those whose log is gone already: they need a full, and no log is kept for them.</summary>
    private IEnumerable<GrafeoPosition> StillInLog(List<GrafeoPosition> positions)
    {
        var logs = source.Logs(_disk, paged: true);
        foreach (var position in positions)
        {
            if (logs.Count > 0 && logs[0].Number > position.WalLsn)
            {
                context.Warn(
                    $"the log that follows epoch {position.Epoch} is gone: "
                        + $"the next increment in {position.Destination} needs a full backup"
                );
                continue;
            }
            yield return position;
        }
    }

    private delegate T Parser<T>(ReadOnlySpan<byte> bytes);

    private T? Load<T>(string path, Parser<T> parse)
        where T : class
    {
        if (_disk.Stat(path) is null)
        {
            return null;
        }
        using var file = _disk.OpenRead(path);
        // Empty is what a power loss leaves of a file that was not flushed.
        return BackupException.Naming(
            path,
            () =>
                file.Length == 0 ? null
                : file.Length <= MaxFile ? parse(file.UpTo(0, (int)file.Length))
                : throw Fault.Malformed($"a file of {file.Length} bytes is too large")
        );
    }

    /// <summary>Writes beside and renames over, so that the engine sees the old file or the new one.</summary>
    private void Write(string path, byte[] bytes, bool durable)
    {
        var temporary = path + ".backuptools.tmp";
        _disk.DeleteFile(temporary);
        using (var file = _disk.CreateNew(temporary))
        {
            file.Write(bytes, 0);
            if (durable)
            {
                file.Flush();
            }
        }
        _disk.AdoptAccess(temporary, source.Path);
        _disk.Replace(temporary, path);
    }

    /// <summary>Two backups to two destinations may end at the same moment: the second waits.</summary>
    private FolderLock Lock() =>
        FolderLock.AcquireWithin(
            LockTimeout,
            _disk,
            source.LogFolder,
            LockName,
            context.Verbose,
            context.Warn,
            CancellationToken.None
        );

    private bool Same(string a, string b) =>
        RealPath.AreOne(Path.TrimEndingDirectorySeparator(a), Path.TrimEndingDirectorySeparator(b), _disk);
}
