using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Files;

namespace BackupTools.Engines.Spg;

/// <summary>Rebuilds database file and log in staging, proves them, and says how to put them in place (SPG format, §6).</summary>
internal sealed class SpgRestore(RestoreRequest request, StagingArea staging, EngineContext context)
{
    private const string StagedDatabase = "database";
    private const string StagedWal = "wal";

    private readonly SpgFiles _files = SpgFiles.OfTarget(request.DestinationPath, request.WalPath);

    /// <summary>The files that a restore would replace or remove.</summary>
    public static IReadOnlyList<string> OccupiedBy(RestoreRequest request, IDisk disk)
    {
        var files = SpgFiles.OfTarget(request.DestinationPath, request.WalPath);
        return [.. new[] { files.Database, files.Wal, files.Manifest }.Where(p => disk.Stat(p) is not null)];
    }

    /// <summary>True when what is there is of an SPG database: its file, or else its log or manifest.</summary>
    public static bool MayReplace(RestoreRequest request, IDisk disk)
    {
        var files = SpgFiles.OfTarget(request.DestinationPath, request.WalPath);
        if (disk.Stat(files.Wal) is { Kind: DiskEntryKind.Directory })
        {
            return false;
        }
        if (disk.Stat(files.Database) is { } entry)
        {
            return entry.Kind is DiskEntryKind.File or DiskEntryKind.Link && SpgRecognition.IsDatabase(files, disk);
        }
        return SpgRecognition.IsWal(files.Wal, disk) || SpgRecognition.IsManifest(files.Manifest, disk);
    }

    /// <summary>Restores into staging.</summary>
    public RestoreResult Run()
    {
        RefuseImpossibleTarget();
        var start = request.Plan.Full.Start.Value;
        if (request.Plan.CutAt is { } cut && cut.Value < start)
        {
            throw new BackupException(
                ErrorCode.TargetNotCovered,
                $"position {cut} lies before the full, which starts at {start}",
                request.Plan.Full.FullName
            );
        }
        var reader = Copy(start);
        var end = start + (ulong)reader.LogLength;
        if (request.Plan.CutAt is { } wanted && end < wanted.Value)
        {
            context.Warn($"position {wanted} lies inside a frame or a transaction; restored up to {end}");
        }
        return new RestoreResult
        {
            Steps = Steps(),
            End = SpgBundles.Position(end),
            Files = [_files.Database, _files.Wal],
            Length = reader.DatabaseLength + reader.LogLength,
        };
    }

    private void RefuseImpossibleTarget()
    {
        if (string.Equals(_files.Database, _files.Wal, StringComparison.Ordinal))
        {
            throw new BackupException(
                ErrorCode.InvalidOption,
                "the log cannot have the name of the database file",
                _files.Wal
            );
        }
        // Publishing renames, and a rename cannot leave its file system.
        var folder = Path.GetDirectoryName(_files.Wal) ?? _files.Wal;
        var there = context.Disk.Stat(folder);
        if (there is not { Kind: DiskEntryKind.Directory or DiskEntryKind.Link })
        {
            throw new BackupException(ErrorCode.PathNotFound, "the folder for the log does not exist", folder);
        }
        if (
            there.Kind == DiskEntryKind.Directory
            && context.Disk.Stat(staging.Folder) is { } here
            && here.Device != there.Device
        )
        {
            throw new BackupException(
                ErrorCode.InvalidOption,
                "database and log must be restored to the same file system",
                _files.Wal,
                recommendation: "Restore the log beside the database, then move it while the server is stopped."
            );
        }
    }

    private SpgChainReader Copy(ulong start)
    {
        var bundles = request.Plan.Bundles;
        context.Progress.Expect(request.Plan.BundleBytes);
        context.Progress.Activity = "restoring";
        using var database = staging.CreateFile(StagedDatabase, SnapshotLength(bundles[0]), readsBack: true);
        using var wal = staging.CreateFile(StagedWal, readsBack: true);
        var reader = new SpgChainReader(context, request.Deep, problem => context.Warn(problem.ToString()))
        {
            StopAtErrors = true,
            DatabaseCopy = database,
            WalCopy = wal,
            LogLimit = request.Plan.CutAt is { } cut ? (long)Math.Min(cut.Value - start, long.MaxValue) : long.MaxValue,
        };
        reader.Read(bundles);
        if (database.Length != reader.DatabaseLength)
        {
            throw new BackupException(
                ErrorCode.VerificationFailed,
                "what was written has a different length",
                _files.Database,
                expected: $"{reader.DatabaseLength} bytes",
                actual: $"{database.Length} bytes"
            );
        }
        // A log that ends inside a frame or a transaction would be appended to there (SPG format, §4.3).
        wal.SetLength(reader.LogLength);
        return reader;
    }

    private static long SnapshotLength(BundleHeader full) => (long)SpgBundle.Of(full).Header.SnapLen;

    /// <summary>
    /// The manifest goes first: one that matches the restored file by chance would skip log. An empty log is put in place
    /// as well: the old one would be replayed. The database file comes last: without it there is nothing to open.
    /// </summary>
    private List<PublishStep> Steps()
    {
        var steps = new List<PublishStep>();
        if (context.Disk.Stat(_files.Manifest) is not null)
        {
            steps.Add(PublishStep.Remove(_files.Manifest));
        }
        steps.Add(PublishStep.Put(StagedWal, _files.Wal, context.Disk));
        steps.Add(PublishStep.Put(StagedDatabase, _files.Database, context.Disk));
        return steps;
    }
}
