using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Alopex;

namespace BackupTools.Engines.Alopex;

/// <summary>
/// Rebuilds a data directory from a snapshot (Alopex format, §6.8) without its weaknesses: everything is checked while
/// it is copied to staging and read back there, and only then the old directory gives way. Nothing is a link to
/// the snapshot: the engine would write into the backup.
/// </summary>
internal sealed class AlopexRestore(RestoreRequest request, StagingArea staging, EngineContext context)
{
    private readonly AlopexStage _stage = new(staging, context) { ReadsBack = true };

    private string Snapshot => request.Plan.Last.FullName;

    private VerifyDepth Depth => request.Deep ? VerifyDepth.Deep : VerifyDepth.Checksums;

    /// <summary>The destination: what an engine writes there, and what belongs to the place.</summary>
    public static DataFolder FolderOf(RestoreRequest request, EngineContext context) =>
        new(
            context.Disk,
            request.DestinationPath,
            AlopexNames.IsWrittenByEngine,
            static name => name is AlopexNames.Tables,
            AlopexNames.StaysInPlace,
            AlopexNames.Spelled
        );

    /// <summary>What a restore replaces or removes: all but the engine's snapshots and lock files.</summary>
    public static IReadOnlyList<string> OccupiedBy(RestoreRequest request, EngineContext context) =>
        context.Disk.Stat(request.DestinationPath) switch
        {
            null => [],
            { Kind: DiskEntryKind.Directory } => [.. FolderOf(request, context).Entries().Select(e => e.Path)],
            _ => [request.DestinationPath],
        };

    /// <summary>What is neither the engine's nor in the snapshot.</summary>
    public static IReadOnlyList<string> KeptBy(RestoreRequest request, EngineContext context) =>
        context.Disk.Stat(request.DestinationPath) is { Kind: DiskEntryKind.Directory }
            ? FolderOf(request, context).Strangers(Coming(AlopexSnapshot.Open(request.Plan.Last.FullName, context)))
            : [];

    public static bool MayReplace(RestoreRequest request, EngineContext context)
    {
        var destination = request.DestinationPath;
        if (
            context.Disk.Stat(destination) is not { Kind: DiskEntryKind.Directory }
            || !AlopexSource.IsDataFolder(destination, context)
        )
        {
            return false;
        }
        AlopexLocks.RefuseIfHeld(context.Disk, destination);
        return true;
    }

    /// <summary>Stages, proves and says how to publish.</summary>
    /// <exception cref="BackupException">The snapshot is not sound; an engine has the destination open.</exception>
    public RestoreResult Run()
    {
        AlopexLocks.RefuseIfHeld(context.Disk, request.DestinationPath);
        context.Progress.Activity = "checking";
        var (snapshot, lsn) = AlopexVerify.RequireStructure(Snapshot, context);
        var files = ToRestore(snapshot);
        context.Progress.Expect(files.Sum(f => f.BytesToRead(context.Disk)));
        context.Progress.Activity = "copying";
        _stage.CreateFolder("");
        foreach (var folder in snapshot.Folder.Folders)
        {
            _stage.CreateFolder(folder);
        }
        var listed = snapshot.Manifest?.Entries.ToDictionary(e => e.Name, StringComparer.Ordinal);
        context.ForEach(
            files.OrderByDescending(f => f.Entry.Length).ToList(),
            (file, run) => Copy(file, listed?.GetValueOrDefault(file.Name), run)
        );
        AlopexVerify.RequireVisible(_stage.NewestCommit, lsn, Snapshot);
        AlopexLocks.RefuseIfHeld(context.Disk, request.DestinationPath);
        return new RestoreResult
        {
            Steps = Steps(snapshot),
            End = new ChainPosition(lsn, PositionUnit.Lsn),
            Files = [.. files.Select(f => Path.Combine(request.DestinationPath, Native(f.Name)))],
            Length = _stage.Files.Values.Sum(f => f.Size),
        };
    }

    /// <summary>
    /// Only what the manifest lists is restored; without one, everything. Never manifest, lock or leftover.
    /// </summary>
    private static List<AlopexFile> ToRestore(AlopexSnapshot snapshot)
    {
        var listed = snapshot.Manifest?.Entries.Select(e => e.Name).ToHashSet(StringComparer.Ordinal);
        return
        [
            .. snapshot.Folder.Files.Where(f =>
                (listed is null || listed.Contains(f.Name)) && !AlopexNames.IsLeftOut(f.Name)
            ),
        ];
    }

    /// <summary>The names of the files that are restored, and of the folders around them.</summary>
    private static HashSet<string> Coming(AlopexSnapshot snapshot)
    {
        var names = ToRestore(snapshot).Select(f => f.Name).ToHashSet(StringComparer.Ordinal);
        names.UnionWith(snapshot.Folder.Folders);
        return names;
    }

    private void Copy(AlopexFile file, AlopexManifestEntry? listed, EngineContext run)
    {
        if (file.Name is AlopexNames.Wal)
        {
            AlopexStage.RequireListed(file, listed, CopyWal(file, run));
        }
        else
        {
            _stage.CopyListed(file, listed, Depth, run);
        }
    }

    /// <summary>The log's checksum is of the whole file; only what is used of it is written.</summary>
    private uint CopyWal(AlopexFile file, EngineContext run)
    {
        using var wal = AlopexWalFile.Open(context.Disk, file.FullName);
        var proof = _stage.CopyWal(wal, wal.Header, run);
        if (proof.Stop is { } stop)
        {
            throw new BackupException(
                ErrorCode.Malformed,
                $"the log stops at offset {stop.Offset}: {stop.Reason}",
                file.FullName
            );
        }
        using var whole = context.Disk.OpenRead(file.FullName);
        return AlopexChecksum.Of(whole, run);
    }

    /// <summary>
    /// A directory appears whole, and changes places with the old one whole. In one that stays, because the engine's
    /// snapshots or locks are in it, entries are exchanged one by one, so that each state in between is one that the
    /// same database had. Back to an older state the log goes first, then the meta, then the tables: an old meta passes
    /// over the entries of an older log, and after an older meta the newer tables are invisible. Forward it is the
    /// other way round, for the same two reasons; so too where nothing is replaced, as without the log nothing is visible.
    /// </summary>
    private List<PublishStep> Steps(AlopexSnapshot snapshot)
    {
        var destination = request.DestinationPath;
        if (context.Disk.Stat(destination) is null)
        {
            return [PublishStep.Place(AlopexStage.Folder, destination)];
        }
        var folder = FolderOf(request, context);
        if (!request.EntryByEntry && !folder.HasPlaces() && folder.Strangers(Coming(snapshot)).Count == 0)
        {
            return [PublishStep.Replace(AlopexStage.Folder, destination)];
        }
        string[] order = [AlopexNames.Wal, AlopexNames.Meta, AlopexNames.Tables];
        var isReplaced = order.Any(n => context.Disk.Stat(Path.Combine(destination, n)) is not null);
        if (
            !isReplaced
            || Checkpoint(_stage.PathOf(AlopexNames.Meta)) >= Checkpoint(Path.Combine(destination, AlopexNames.Meta))
        )
        {
            Array.Reverse(order);
        }
        var staged = context.Disk.List(staging.PathOf(AlopexStage.Folder)).Select(e => e.Name).ToList();
        var rest = staged.Except(order, StringComparer.Ordinal);
        return folder.Steps(AlopexStage.Folder, [.. rest, .. order.Where(staged.Contains)], staging);
    }

    /// <summary>What a checkpoint.meta says; null when there is none that can be read.</summary>
    private ulong? Checkpoint(string path)
    {
        if (context.Disk.Stat(path) is not { Kind: DiskEntryKind.File, Length: >= AlopexCheckpointMeta.Size })
        {
            return null;
        }
        using var file = context.Disk.OpenRead(path);
        var bytes = file.Bytes(0, AlopexCheckpointMeta.Size);
        return AlopexCheckpointMeta.TryRead(bytes, out var meta, out _) ? meta.CheckpointLsn : null;
    }

    private static string Native(string name) => name.Replace('/', Path.DirectorySeparatorChar);
}
