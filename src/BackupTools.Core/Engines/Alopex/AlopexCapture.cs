using System.Collections.Concurrent;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Alopex;

namespace BackupTools.Engines.Alopex;

/// <summary>
/// Takes a snapshot of a data directory, closed or live, without its engine: tables, then the log's used range, then
/// checkpoint.meta; then a second look at all of them.
/// </summary>
/// <remarks>
/// Tables never change once complete, LSNs only grow, and a checkpoint works in the order tables, meta, log (Alopex
/// format, §5). So where <see cref="LookAgain"/> finds nothing changed, what was acknowledged before the first look is in
/// tables that were listed, or in the log that was copied. Nothing is locked, and the engine is never asked for a
/// checkpoint, which may destroy data (§5); the option Checkpoint runs the user's own.
/// </remarks>
internal sealed class AlopexCapture(CapturePlan plan, StagingArea staging, EngineContext context)
{
    // With pauses of about 12 s in all; then SourceChanging.
    private const int Attempts = 30;

    // What is found twice in a file that nobody has written to for this long is damage, not a change.
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(5);

    private readonly AlopexStage _stage = new(staging, context);
    private AlopexLinker? _linker;
    private readonly ConcurrentDictionary<string, string> _leftOut = new(StringComparer.Ordinal);
    private readonly HashSet<string> _warned = new(StringComparer.Ordinal);
    private ulong _walLsn;
    private AlopexWalStop? _stop;

    private IDisk Disk => context.Disk;

    private string Source => plan.Request.SourcePath;

    /// <summary>Captures, proves and says how to publish.</summary>
    /// <exception cref="BackupException">SourceChanging, SourceDamaged, UnsupportedVersion; a disk that fails.</exception>
    public CaptureResult Run()
    {
        _linker = plan.Request.Parent is { } parent ? new AlopexLinker(parent.FullName, _stage, context) : null;
        context.Progress.Activity = "copying";
        context.Progress.Expect(plan.ExpectedBytes);
        foreach (var folder in new[] { "", AlopexNames.Tables })
        {
            _stage.CreateFolder(folder);
        }
        var folderNow = CopyUntilStable();
        FinishMeta(folderNow);
        WarnOfTheState(folderNow);
        var entries = _stage
            .Files.Select(f => new AlopexManifestEntry(f.Key, (ulong)f.Value.Size, f.Value.Crc))
            .ToList();
        return Publish(entries);
    }

    private AlopexFolder CopyUntilStable()
    {
        BackupException? last = null;
        return new SteadyCapture<AlopexFolder>(context)
        {
            Attempts = Attempts,
            FirstPause = TimeSpan.FromMilliseconds(4),
            LongestPause = TimeSpan.FromMilliseconds(500),
            Judge = e =>
            {
                if (!MayPass(e))
                {
                    return e;
                }
                var isReal = last is not null && IsSame(last, e) && IsResting(e);
                last = e;
                return isReal ? Damaged(e) : null;
            },
            GiveUp = e => e.Code == ErrorCode.SourceChanging ? e : Damaged(e),
        }.Run(attempt => TryOnce(settled: attempt >= 2));
    }

    /// <summary>One round; throws what stood in its way.</summary>
    private AlopexFolder TryOnce(bool settled)
    {
        var folder = AlopexFolder.OfSource(Source, context);
        var meta = ReadMeta(folder.Find(AlopexNames.Meta));
        Forget(folder);
        CopyFiles(folder);
        using var wal = OpenWal(folder);
        var header = wal.Header;
        var replay = wal.Replay(header, context);
        // Up to the last whole entry: what is torn after it is lost to the engine too.
        var good = header.WithUsed(replay.GoodBytes, wal.Geometry.Ring);
        var proof = _stage.CopyWal(wal, good, context);
        LookAgain(folder, meta, wal, proof);
        if (proof.Stop is not null || proof.LastLsn != replay.LastLsn || (replay.Stop is not null && !settled))
        {
            throw Changing("the log changed while it was read", wal);
        }
        _walLsn = replay.LastLsn ?? 0;
        _stop = replay.Stop;
        return folder;
    }

    /// <summary>
    /// Nothing may have come between: no table more or less (a checkpoint is running; the next round copies only what is
    /// new), no new meta (it would pass over entries of the log whose tables were not listed), no emptied or restarted
    /// log. That the log has grown is fine: its new entries are later commits. A log that was restarted and has grown past
    /// the old end is recognised by its first entry: LSNs are never reused.
    /// </summary>
    private void LookAgain(AlopexFolder before, byte[]? meta, AlopexWalFile wal, AlopexWalReplay copy)
    {
        var now = AlopexFolder.OfSource(Source, context);
        if (!Tables(before).SequenceEqual(Tables(now)))
        {
            throw Changing("tables appeared, changed or vanished", Path.Combine(Source, AlopexNames.Tables));
        }
        var metaNow = ReadMeta(now.Find(AlopexNames.Meta));
        if (!(meta ?? []).AsSpan().SequenceEqual(metaNow ?? []) || meta is null != metaNow is null)
        {
            throw Changing("a checkpoint ran meanwhile", Path.Combine(Source, AlopexNames.Meta));
        }
        var header = wal.ReadHeaderAgain();
        if (
            now.Find(AlopexNames.Wal) is not { } path
            || !path.Entry.IsSameFileAs(wal.Entry)
            || header.Dialect != wal.Header.Dialect
            || header.Start != wal.Header.Start
            || header.Used(wal.Geometry.Ring) < wal.Used
            || (copy.FirstLsn is { } first && wal.FirstLsn(header) != first)
        )
        {
            throw Changing("the log was truncated or restarted", wal);
        }
        if (metaNow is null)
        {
            _stage.Remove(AlopexNames.Meta);
        }
        else
        {
            _stage.Write(AlopexNames.Meta, now.Find(AlopexNames.Meta)!.Entry, metaNow);
        }
    }

    private static IEnumerable<(string, long, ulong, DateTimeOffset)> Tables(AlopexFolder folder) =>
        folder.Files.Where(f => f.IsTable).Select(f => (f.Name, f.Entry.Length, f.Entry.Inode, f.Entry.ModifiedUtc));

    /// <summary>Tables are copied once, however many rounds it takes: they never change.</summary>
    private void CopyFiles(AlopexFolder folder)
    {
        AlopexSource.RefuseSpecials(folder);
        foreach (var name in folder.Folders)
        {
            _stage.CreateFolder(name);
        }
        var missing = folder
            .Files.Where(f => f.Name is not (AlopexNames.Wal or AlopexNames.Meta))
            .Where(f => !_stage.Files.ContainsKey(f.Name) && !_leftOut.ContainsKey(f.Name))
            .OrderByDescending(f => f.Entry.Length)
            .ToList();
        context.ForEach(missing, CopyFile);
    }

    private void CopyFile(AlopexFile file, EngineContext run)
    {
        AlopexSource.RefuseUnsafe(file);
        if (!file.IsTable)
        {
            // Whatever it is (lsm.wal.bak, notes): the reference copies and lists it too.
            _stage.CopyPlain(file, run);
            return;
        }
        try
        {
            if (_linker?.TryLink(file, run) != true)
            {
                _stage.CopyTable(file, VerifyDepth.Checksums, run);
            }
        }
        catch (BackupException e) when (AlopexNames.TableId(file.Name) is null && e.Kind == ErrorKind.Damaged)
        {
            // The engine never loads a table of such a name, but its verification would refuse a snapshot with it.
            _leftOut[file.Name] = e.Message;
        }
    }

    /// <summary>Drops from staging what has changed or is gone from the source since it was copied.</summary>
    private void Forget(AlopexFolder folder)
    {
        var now = folder.Files.ToDictionary(f => f.Name, StringComparer.Ordinal);
        foreach (var (name, staged) in _stage.Files)
        {
            if (name is AlopexNames.Wal or AlopexNames.Meta)
            {
                continue;
            }
            if (!now.TryGetValue(name, out var file) || (file.IsTable && !file.Entry.IsUnchangedSince(staged.Source)))
            {
                _stage.Remove(name);
            }
        }
    }

    private AlopexWalFile OpenWal(AlopexFolder folder) =>
        AlopexWalFile.Open(
            Disk,
            folder.Find(AlopexNames.Wal)?.FullName
                ?? throw new BackupException(
                    ErrorCode.MissingFile,
                    "lsm.wal is missing",
                    Path.Combine(Source, AlopexNames.Wal)
                )
        );

    private byte[]? ReadMeta(AlopexFile? file)
    {
        if (file is null)
        {
            return null;
        }
        using var open = Disk.OpenRead(file.FullName);
        return open.Bytes(0, Math.Min(open.Length, AlopexCheckpointMeta.Size));
    }

    /// <summary>
    /// What the tables hold must be visible after a restore (§3.7): the clock starts behind the checkpoint and the log.
    /// A database before its first checkpoint has no meta; a snapshot needs one, and LSN 0 says the same (§3.8).
    /// </summary>
    private void FinishMeta(AlopexFolder folder)
    {
        var file = folder.Find(AlopexNames.Meta);
        var bytes = file is null ? null : ReadStagedMeta();
        string? fault = "it is missing";
        AlopexCheckpointMeta meta = default;
        var sound = bytes is not null && AlopexCheckpointMeta.TryRead(bytes, out meta, out fault);
        var clock = Math.Max(_walLsn, sound ? meta.CheckpointLsn : 0);
        var newest = _stage.Files.Values.Max(f => f.MaxTimestamp);
        if (newest > clock && newest - clock > 1)
        {
            throw new BackupException(
                ErrorCode.SourceDamaged,
                $"the tables hold commits up to {newest}, but checkpoint.meta{(sound ? "" : $" ({fault})")} and the log "
                    + $"reach only to {clock}: the engine would start with every newer key invisible",
                Path.Combine(Source, AlopexNames.Meta),
                recommendation: $"If the engine is running, let it make a checkpoint ({Spelling.Of("Checkpoint")}), which rewrites "
                    + "checkpoint.meta; otherwise restore an earlier snapshot."
            );
        }
        if (!sound)
        {
            if (file is not null || newest > 0)
            {
                Warn($"checkpoint.meta cannot be used ({fault}); the log reaches far enough, so nothing is lost");
            }
            var now = (ulong)context.Clock.GetUtcNow().ToUnixTimeMilliseconds();
            var source = _stage.Files[AlopexNames.Wal].Source;
            _stage.Write(AlopexNames.Meta, source, new AlopexCheckpointMeta(0, now).ToBytes());
        }
    }

    private byte[] ReadStagedMeta()
    {
        using var staged = Disk.OpenRead(_stage.PathOf(AlopexNames.Meta));
        return staged.Bytes(0, staged.Length);
    }

    private void WarnOfTheState(AlopexFolder folder)
    {
        if (_stop is { } stop)
        {
            Warn(
                $"the log is damaged at offset {stop.Offset} ({stop.Reason}): the commits after it are not in the snapshot, "
                    + "and the engine will lose them at its next start too"
            );
        }
        var missing = folder.MissingTables();
        if (missing.Count > 0)
        {
            Warn($"tables are missing from the numbering, their keys may be lost: {string.Join(", ", missing)}");
        }
        foreach (var (name, why) in _leftOut)
        {
            Warn($"{name} is not a table ({why}); the engine ignores it and it is left out");
        }
        foreach (var (name, staged) in _stage.Files.Where(f => !AlopexSource.IsOfTheEngine(f.Key)))
        {
            if (Disk.Stat(staged.Source.Path) is not { } now || !now.IsUnchangedSince(staged.Source))
            {
                Warn($"{name} does not belong to the engine, and changed while it was copied");
            }
        }
        foreach (var special in folder.Others)
        {
            Warn($"{special.Name} is not a regular file and is left out");
        }
    }

    private CaptureResult Publish(IReadOnlyList<AlopexManifestEntry> entries)
    {
        var marker = new AlopexMarker(plan.Request.DestinationFolder, staging, context);
        var now = context.Clock.GetUtcNow();
        var path = marker.NextPath(now);
        _stage.WriteManifest(
            new AlopexManifest(entries).ToBytes(),
            AlopexNames.SnapshotTime(Path.GetFileName(path))!.Value,
            now
        );
        return new CaptureResult
        {
            Steps = marker.Place(path),
            BundlePath = path,
            IsUnchanged = _linker?.IsAsBefore(entries) == true,
        };
    }

    private void Warn(string message)
    {
        if (_warned.Add(message))
        {
            context.Warn(message);
        }
    }

    private static BackupException Changing(string what, AlopexWalFile wal) => Changing(what, wal.Entry.Path);

    private static BackupException Changing(string what, string path) =>
        new(
            ErrorCode.SourceChanging,
            $"the database kept changing: {what}",
            path,
            recommendation: $"Try again at a quieter time, or complete a checkpoint first with {Spelling.Of("Checkpoint")}."
        );

    /// <summary>What a commit, a checkpoint or a restart of the engine could explain.</summary>
    private bool MayPass(BackupException e) =>
        e.Code is ErrorCode.SourceChanging
        || (
            (e.Code is ErrorCode.PathNotFound || e.Kind == ErrorKind.Damaged)
            && !string.Equals(e.FullName, Source, StringComparison.Ordinal)
        );

    /// <summary>What stays the same in a file that nobody writes to does not pass.</summary>
    private bool IsResting(BackupException e) =>
        e.Code != ErrorCode.SourceChanging
        && e.FullName is { } path
        && (Disk.Stat(path) is not { } now || context.Clock.GetUtcNow() - now.ModifiedUtc > Settled);

    private static bool IsSame(BackupException a, BackupException b) =>
        a.Code == b.Code && string.Equals(a.Describe(), b.Describe(), StringComparison.Ordinal);

    private BackupException Damaged(BackupException e)
    {
        var name = e.FullName is { } path ? Path.GetRelativePath(Source, path).Replace('\\', '/') : "?";
        return e.AsSourceDamaged(
            e.Code == ErrorCode.MissingFile ? null : $"{name}: {e.Message}",
            AlopexNames.IsTable(name)
                ? "The engine silently skips such a table, and its keys are lost: restore an earlier "
                    + "snapshot. Remove the file only if a crash during a checkpoint left it half-written."
                : "The engine cannot open this database, or would open it without its keys: restore an earlier snapshot."
        );
    }
}
