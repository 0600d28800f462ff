using System.Collections.Concurrent;
using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Formats.Alopex;

namespace BackupTools.Engines.Alopex;

/// <summary>
/// Checks a snapshot: everything that the engine's own verification looks at, in its order and words (Alopex format,
/// §6.4), and what that lets pass: unlisted files, names listed twice, paths that lead out of the folder, block checksums,
/// a log that stops early, keys that a restore would hide, gaps in the numbering of tables.
/// </summary>
internal sealed class AlopexVerify(string path, EngineContext context)
{
    private readonly List<ChainProblem> _problems = [];
    private readonly ConcurrentDictionary<string, ulong> _maxTimestamps = new(StringComparer.Ordinal);
    private ulong? _clock;
    private (ulong Lsn, ulong Checkpoint)? _dropped;

    /// <summary>The LSN that a restore reaches.</summary>
    public ulong Lsn => _clock ?? 0;

    /// <summary>Checks everything and gives all findings.</summary>
    public static IReadOnlyList<ChainProblem> Run(string path, VerifyDepth depth, EngineContext context)
    {
        var check = new AlopexVerify(path, context);
        if (check.Open() is { } snapshot)
        {
            // In the engine's order: what the manifest says, then meta and log, then what tables say of themselves.
            check.Listing(snapshot);
            var contents = check.Contents(snapshot, depth);
            check._problems.AddRange(contents.Where(p => IsOfManifest(p)));
            check.State(snapshot);
            check._problems.AddRange(contents.Where(p => !IsOfManifest(p)));
            check.Visibility(snapshot);
        }
        return check._problems;
    }

    /// <summary>Checks what needs no look into the tables, and throws the first error.</summary>
    /// <returns>The snapshot, and the LSN that a restore of it reaches.</returns>
    /// <exception cref="BackupException">The snapshot must not be restored.</exception>
    public static (AlopexSnapshot Snapshot, ulong Lsn) RequireStructure(string path, EngineContext context)
    {
        var check = new AlopexVerify(path, context);
        var snapshot = check.Open();
        if (snapshot is not null)
        {
            check.Listing(snapshot);
            check.State(snapshot);
        }
        check.ThrowFirstError();
        return (snapshot!, check.Lsn);
    }

    /// <summary>Compares what was read of the tables with the clock that the engine starts with (§3.7).</summary>
    /// <exception cref="BackupException">Keys would be invisible.</exception>
    public static void RequireVisible(ulong newest, ulong clock, string path)
    {
        if (Invisible(newest, clock, path) is { } problem)
        {
            throw problem.ToException();
        }
    }

    private AlopexSnapshot? Open()
    {
        try
        {
            return AlopexSnapshot.Open(path, context);
        }
        catch (BackupException e) when (IsFinding(e))
        {
            _problems.Add(ChainProblem.From(e.At(path)));
            return null;
        }
    }

    private void Listing(AlopexSnapshot snapshot)
    {
        if (snapshot.Manifest is null)
        {
            _problems.Add(AlopexSnapshot.WithoutManifest(path));
        }
        else
        {
            _problems.AddRange(AlopexListing.Check(path, snapshot));
        }
    }

    private void State(AlopexSnapshot snapshot)
    {
        var meta = snapshot.ReadMeta(context.Disk, out var fault);
        if (meta is null)
        {
            // A copy that the command line made of a database before its first checkpoint has none.
            var harmless = snapshot.Manifest is null && snapshot.Folder.Find(AlopexNames.Meta) is null;
            Add(
                harmless ? ProblemSeverity.Info : ProblemSeverity.Error,
                ErrorCode.Malformed,
                $"checkpoint metadata missing or corrupted ({fault})",
                Full(AlopexNames.Meta)
            );
        }
        if (snapshot.Folder.Find(AlopexNames.Wal) is null)
        {
            Add(ProblemSeverity.Error, ErrorCode.MissingFile, "snapshot missing lsm.wal", path);
        }
        else
        {
            Wal(meta);
        }
        if (!snapshot.Folder.Folders.Contains(AlopexNames.Tables, StringComparer.Ordinal))
        {
            Add(ProblemSeverity.Error, ErrorCode.MissingFile, "snapshot missing sst directory", path);
        }
        Tables(snapshot.Folder);
    }

    private void Wal(AlopexCheckpointMeta? meta)
    {
        try
        {
            using var wal = AlopexWalFile.Open(context.Disk, Full(AlopexNames.Wal));
            // Progress counts what is read for its checksum.
            var replay = wal.Replay(wal.Header, context.Uncounted);
            _clock = Math.Max(meta?.CheckpointLsn ?? 0, replay.LastLsn ?? 0);
            if (meta?.CheckpointLsn is { } checkpoint && replay.FirstLsn is { } first && first <= checkpoint)
            {
                _dropped = (replay.LastLsn <= checkpoint ? replay.LastLsn.Value : first, checkpoint);
            }
            if (replay.Stop is { } stop)
            {
                Add(
                    ProblemSeverity.Error,
                    stop.Reason.Contains("checksum", StringComparison.Ordinal)
                        ? ErrorCode.ChecksumMismatch
                        : ErrorCode.Malformed,
                    $"the log stops at offset {stop.Offset} of {wal.Header.End}: {stop.Reason}",
                    Full(AlopexNames.Wal)
                );
            }
            if (
                wal.Geometry
                is not {
                    SegmentSize: AlopexWalGeometry.DefaultSegmentSize,
                    Segments: AlopexWalGeometry.DefaultSegments
                }
            )
            {
                Add(
                    ProblemSeverity.Info,
                    ErrorCode.UnsupportedFormat,
                    $"the log has {wal.Geometry.Segments} segments of {wal.Geometry.SegmentSize} bytes; the engine's "
                        + "server verifies and opens logs of its default geometry only",
                    Full(AlopexNames.Wal)
                );
            }
        }
        catch (BackupException e) when (IsFinding(e))
        {
            _problems.Add(ChainProblem.From(e));
        }
    }

    private void Tables(AlopexFolder folder)
    {
        var missing = folder.MissingTables();
        if (missing.Count > 0)
        {
            Add(
                ProblemSeverity.Warning,
                ErrorCode.MissingFile,
                $"tables are missing from the numbering, their keys may be lost: {string.Join(", ", missing)}",
                Full(AlopexNames.Tables),
                "Compare with an earlier snapshot: engines up to 0.8 number tables from 1 and never remove one."
            );
        }
    }

    private IReadOnlyList<ChainProblem> Contents(AlopexSnapshot snapshot, VerifyDepth depth)
    {
        var entries = snapshot.Manifest?.Entries.ToLookup(e => e.Name, StringComparer.Ordinal);
        var found = new ConcurrentDictionary<string, ChainProblem>(StringComparer.Ordinal);
        var files = snapshot
            .Folder.Files.Where(f => entries?.Contains(f.Name) == true || f.IsTakenForTable(context.Disk))
            .ToList();
        context.ForEach(
            files,
            (file, run) =>
            {
                var listed = entries?[file.Name].FirstOrDefault();
                if (listed is not null && listed.Size != (ulong)file.Entry.Length)
                {
                    return; // said already
                }
                if (Content(file, listed, depth, run) is { } problem)
                {
                    found[file.Name] = problem;
                }
            }
        );
        return [.. files.Select(f => found.GetValueOrDefault(f.Name)).OfType<ChainProblem>()];
    }

    private static bool IsOfManifest(ChainProblem problem) =>
        problem.Message.StartsWith(AlopexListing.MismatchWords, StringComparison.Ordinal);

    private ChainProblem? Content(AlopexFile file, AlopexManifestEntry? listed, VerifyDepth depth, EngineContext run)
    {
        try
        {
            if (!file.IsTable)
            {
                var crc = CrcOf(file.FullName, run);
                return crc == listed!.Crc32 ? null : ChainProblem.From(AlopexListing.Mismatch(listed, crc, file));
            }
            AlopexTableFacts facts;
            try
            {
                using var table = AlopexTableFile.Open(context.Disk, file.FullName);
                facts = table.Read(run, depth);
            }
            catch (BackupException e) when (IsFinding(e))
            {
                // The manifest's word comes first; what the table itself says then tells where.
                var crc = listed is null ? 0 : CrcOf(file.FullName, run);
                return listed is null || crc == listed.Crc32
                    ? ChainProblem.From(e)
                    : ChainProblem.From(AlopexListing.Mismatch(listed, crc, file, e.Offset));
            }
            _maxTimestamps[file.Name] = facts.MaxTimestamp;
            if (listed is not null && facts.Crc != listed.Crc32)
            {
                return ChainProblem.From(AlopexListing.Mismatch(listed, facts.Crc, file));
            }
            return facts.OpaqueBlocks > 0
                ? ChainProblem.Info(
                    ErrorCode.UnsupportedFormat,
                    $"the entries of {facts.OpaqueBlocks} coded blocks were not followed; their checksums are right",
                    file.FullName
                )
                : null;
        }
        catch (BackupException e) when (IsFinding(e))
        {
            return ChainProblem.From(e);
        }
    }

    private void Visibility(AlopexSnapshot snapshot)
    {
        var newest = _maxTimestamps
            .Where(t => AlopexNames.TableId(t.Key) is not null)
            .Select(t => t.Value)
            .DefaultIfEmpty()
            .Max();
        if (_clock is { } clock && Invisible(newest, clock, snapshot.Folder.Path) is { } problem)
        {
            _problems.Add(problem);
        }
        // A sound checkpoint.meta ends with its own CRC-32, so the manifest has the same checksum for all of them: one
        // of a later snapshot is recognised by what it makes the engine drop (§3.7, §5).
        if (_dropped is { } dropped && dropped.Lsn > newest && dropped.Lsn - newest > 1)
        {
            Add(
                ProblemSeverity.Warning,
                ErrorCode.VerificationFailed,
                $"the log holds commit {dropped.Lsn}, which checkpoint.meta ({dropped.Checkpoint}) makes the engine drop, "
                    + $"and the tables hold commits up to {newest} only",
                Full(AlopexNames.Meta),
                "Compare checkpoint.meta with the other snapshots: it may be that of a later one."
            );
        }
    }

    private static ChainProblem? Invisible(ulong newest, ulong clock, string path) =>
        newest > clock && newest - clock > 1
            ? ChainProblem.Error(
                ErrorCode.VerificationFailed,
                $"the tables hold commits up to {newest}, checkpoint.meta and the log reach only to {clock}: "
                    + "the engine would start with every newer key invisible",
                path
            )
            : null;

    private uint CrcOf(string file, EngineContext run)
    {
        using var open = context.Disk.OpenRead(file);
        return AlopexChecksum.Of(open, run);
    }

    /// <summary>What the bytes are to blame for; a disk that fails is not a finding.</summary>
    private static bool IsFinding(BackupException e) =>
        e.Kind is ErrorKind.Damaged or ErrorKind.Unsupported || e.Code == ErrorCode.PathNotFound;

    private void ThrowFirstError()
    {
        foreach (var problem in _problems)
        {
            if (problem.Severity == ProblemSeverity.Error)
            {
                throw problem.ToException();
            }
            if (problem.Severity == ProblemSeverity.Warning)
            {
                context.Warn(problem.ToString());
            }
        }
    }

    private string Full(string name) => Path.Combine(path, name.Replace('/', Path.DirectorySeparatorChar));

    private void Add(ProblemSeverity severity, ErrorCode code, string message, string file, string? advice = null) =>
        _problems.Add(new ChainProblem(severity, code, message, file, Recommendation: advice));
}
