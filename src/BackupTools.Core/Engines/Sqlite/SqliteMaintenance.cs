using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Sqlite;

namespace BackupTools.Engines.Sqlite;

/// <summary>Merges, copies and removes bundles, for which no database is needed.</summary>
internal sealed class SqliteMaintenance(StagingArea staging, EngineContext context)
{
    private const string StagedBundle = "bundle";
    private const string StagedSide = "side";
    private const string StagedState = "state";

    /// <summary>
    /// A snapshot of all transactions up to the plan's end, dated like it. Increments continue from it.
    /// </summary>
    public CaptureResult Merge(RestorePlan plan, string folder)
    {
        if (SqliteBundle.Of(plan.Last) is not LtxBundle last)
        {
            throw new BackupException(
                ErrorCode.UnsupportedFormat,
                "replicas of Litestream 0.3 cannot be merged",
                plan.Last.FullName,
                recommendation: "Restore the state, and take a full backup of the restored database."
            );
        }
        var replica = SqliteReplica.For(folder, plan.Last.Series!, context.Disk);
        var there = LtxBundles.Read(replica, context).Where(r => r.Header is not null).Select(r => r.Header!);
        RefuseForeign(replica, there, context.Disk);
        var path = Path.Combine(
            replica.Ltx,
            $"{LitestreamNames.SnapshotLevel}",
            LitestreamNames.LtxFile(1, last.Header.MaxTxid)
        );
        if (context.Disk.Stat(path) is not null)
        {
            throw new BackupException(
                ErrorCode.DestinationExists,
                $"the folder holds a full up to transaction {last.Header.MaxTxid} already",
                path,
                recommendation: "Merge into another folder, or up to another position."
            );
        }
        context.Progress.Activity = "merging";
        context.Progress.Expect((long)last.Header.Commit * last.Header.PageSize);
        SqliteRestore.Rebuild(plan, staging, StagedState, context);
        using var state = context.Disk.OpenRead(staging.PathOf(StagedState));
        var header = last.Header with
        {
            HasNoStateChecksums = true,
            MinTxid = 1,
            PreApply = 0,
            WalOffset = LtxHeader.ForeignWalOffset,
            WalSize = 0,
            WalSalt1 = 0,
            WalSalt2 = 0,
            NodeId = 0,
        };
        var key = last.Side?.PageKey ?? PageMacs.NewKey();
        var writer = new LtxFileWriter(StagedBundle, header, key, staging, context);
        writer.Write(
            [],
            (offset, block) =>
            {
                HashingCopy.ReadExactly(state, block, offset);
                context.Progress.Advance(block.Length);
            }
        );
        writer.WriteSide(StagedSide, null, last.Side?.SourcePath ?? "");
        return Published(path, hasSide: true);
    }

    /// <summary>Copies a bundle and its side file, comparing their checksums on the way.</summary>
    public CaptureResult Copy(BundleHeader bundle, string folder)
    {
        var replica = SqliteReplica.For(folder, bundle.Series!, context.Disk);
        return SqliteBundle.Of(bundle) is LtxBundle ltx ? CopyLtx(bundle, ltx, replica) : CopyPiece(bundle, replica);
    }

    /// <summary>Takes bundles away with their side files, the last first.</summary>
    public IReadOnlyList<PublishStep> RemovalOf(IReadOnlyList<BundleHeader> bundles)
    {
        var foreign = bundles.FirstOrDefault(b => SqliteBundle.Of(b) is not LtxBundle { IsOurs: true });
        if (foreign is not null)
        {
            throw OfLitestream(foreign.FullName, "it is not removed here");
        }
        return
        [
            .. bundles
                .OrderByDescending(b => b.End.Value)
                .SelectMany(b => new[] { b.FullName, SideFiles.PathOf(b.FullName) })
                .Select(PublishStep.Remove),
        ];
    }

    private CaptureResult CopyLtx(BundleHeader bundle, LtxBundle ltx, SqliteReplica replica)
    {
        var scanner = new LtxScanner(null);
        CopyFile(bundle, scanner.Append);
        BackupException.Naming(bundle.FullName, () => scanner.Finish());
        var staged = staging.PathOf(StagedBundle);
        SetTime(staged, bundle.CreatedUtc);
        if (ltx.Side is { } side)
        {
            SideFiles.PageMacs(bundle.FullName, side, context.Disk);
            var sidePath = SideFiles.PathOf(bundle.FullName);
            using var source = context.Disk.OpenRead(sidePath);
            using var target = staging.CreateFile(StagedSide);
            CopyAll(source, target, null);
        }
        var level =
            LitestreamNames.TryLevel(Path.GetFileName(Path.GetDirectoryName(bundle.FullName)!), out var known) ? known
            : bundle.Kind == BundleKind.Full ? LitestreamNames.SnapshotLevel
            : 0;
        var name = LitestreamNames.LtxFile(ltx.Header.MinTxid, ltx.Header.MaxTxid);
        return Published(Path.Combine(replica.Ltx, $"{level}", name), ltx.Side is not null);
    }

    /// <summary>A file of Litestream 0.3: the frame's checksum is compared once the copy is complete.</summary>
    private CaptureResult CopyPiece(BundleHeader bundle, SqliteReplica replica)
    {
        // Not the time of the state, which of a snapshot is another.
        var time = context.Disk.Stat(bundle.FullName)?.ModifiedUtc ?? bundle.CreatedUtc;
        CopyFile(bundle, null);
        var staged = staging.PathOf(StagedBundle);
        try
        {
            using var copy = context.Disk.OpenRead(staged);
            SqliteFile.Unpack(copy, null, null, context.Cancellation);
        }
        catch (BackupException e) when (e.Kind == ErrorKind.Damaged)
        {
            throw new BackupException(e.Code, e.Message, bundle.FullName, e.Offset, inner: e);
        }
        SetTime(staged, time);
        var kind = Path.GetDirectoryName(bundle.FullName)!;
        var generation = Path.GetFileName(Path.GetDirectoryName(kind)!);
        return Published(
            Path.Combine(replica.Generations, generation, Path.GetFileName(kind), bundle.Name),
            hasSide: false
        );
    }

    private void CopyFile(BundleHeader bundle, ByteTap? tap)
    {
        using var source = context.Disk.OpenRead(bundle.FullName);
        using var target = staging.CreateFile(StagedBundle, source.Length);
        using var progress = context.Progress.BeginFile(bundle.FullName, source.Length);
        BackupException.Naming(bundle.FullName, () => CopyAll(source, target, tap));
    }

    private void CopyAll(IDiskFile source, IDiskFile target, ByteTap? tap) =>
        context.Copy(source, new FileRange(0, source.Length), target, 0, tap);

    /// <summary>Litestream's file client tells a bundle's time by that of its file.</summary>
    private void SetTime(string staged, DateTimeOffset time)
    {
        using var file = context.Disk.OpenWrite(staged);
        file.SetModified(time);
    }

    private static CaptureResult Published(string path, bool hasSide) =>
        new()
        {
            Steps =
            [
                .. hasSide ? [PublishStep.Replace(StagedSide, SideFiles.PathOf(path))] : Array.Empty<PublishStep>(),
                PublishStep.Place(StagedBundle, path),
            ],
            BundlePath = path,
        };

    /// <summary>Litestream's retention would take for its own what is written beside its files.</summary>
    /// <exception cref="BackupException">InvalidOption.</exception>
    public static void RefuseForeign(SqliteReplica replica, IEnumerable<BundleHeader> bundles, IDisk disk)
    {
        if (SqliteReplica.Folders(replica.Generations, disk).FirstOrDefault() is { } generation)
        {
            throw OfLitestream(generation.Path, "nothing is written beside it");
        }
        if (bundles.FirstOrDefault(b => SqliteBundle.Of(b) is not LtxBundle { IsOurs: true }) is { } foreign)
        {
            throw OfLitestream(foreign.FullName, "nothing is written beside it");
        }
    }

    private static BackupException OfLitestream(string path, string consequence) =>
        new(
            ErrorCode.InvalidOption,
            $"this was made by Litestream, which may still use its folder: {consequence}",
            path,
            recommendation: $"Copy the chain with {Spelling.Of("CopyChain")}, or name another destination folder."
        );
}
