using System.Collections.Concurrent;
using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Files;

namespace BackupTools.Engines.Alopex;

/// <summary>Makes snapshots independent, copies and removes them, for which no engine and no database is needed.</summary>
internal sealed class AlopexMaintenance(StagingArea staging, EngineContext context)
{
    private readonly AlopexStage _stage = new(staging, context);

    /// <summary>
    /// A snapshot is a chain of its own already. What a merge adds is that it shares no table with another: everything
    /// is copied, nothing linked. It keeps the manifest, and the name where that is free: then it is the same bundle.
    /// </summary>
    public CaptureResult Merge(RestorePlan plan, string folder)
    {
        context.Progress.Activity = "merging";
        context.Progress.Expect(plan.Last.Length);
        var marker = new AlopexMarker(folder, staging, context);
        var path = marker.PathBeside(AlopexNames.SnapshotTime(plan.Last.Name) ?? plan.Last.OrderUtc);
        Take(plan.Last, Path.GetFileName(path), static (_, _) => false);
        return new CaptureResult { Steps = marker.PlaceEarlier(path), BundlePath = path };
    }

    /// <summary>Copies a snapshot; a table that it shares with one that was copied before is shared there too.</summary>
    public CaptureResult Copy(BundleHeader bundle, string folder)
    {
        var shared = new Shared(Path.GetDirectoryName(bundle.FullName)!, folder, bundle, _stage, context);
        Take(bundle, bundle.Name, shared.TryLink);
        var path = Path.Combine(folder, bundle.Name);
        var marker = new AlopexMarker(folder, staging, context);
        return new CaptureResult { Steps = marker.PlaceEarlier(path), BundlePath = path };
    }

    /// <summary>
    /// The markers change first, so that at no moment one names a snapshot that is gone; in between one may name an older
    /// one than the newest that is there.
    /// </summary>
    public IReadOnlyList<PublishStep> RemovalOf(IReadOnlyList<BundleHeader> bundles)
    {
        var markers = bundles
            .Select(b => b.FullName)
            .GroupBy(p => Path.GetDirectoryName(p)!, StringComparer.Ordinal)
            .Select(g => new AlopexMarker(g.Key, staging, context).Without(g.ToHashSet(StringComparer.Ordinal)));
        return [.. markers.OfType<PublishStep>(), .. bundles.Select(b => PublishStep.Remove(b.FullName))];
    }

    /// <summary>
    /// Stages the files that the manifest lists (without one, all), and the manifest as it is. Log and manifest keep
    /// their dates; where the name is another, a manifest that was dated by the name still is.
    /// </summary>
    private void Take(BundleHeader bundle, string name, Func<AlopexFile, EngineContext, bool> tryLink)
    {
        var (snapshot, lsn) = AlopexVerify.RequireStructure(bundle.FullName, context);
        var listed = snapshot.Manifest?.Entries.ToDictionary(e => e.Name, StringComparer.Ordinal);
        var files = snapshot.Folder.Files.Where(f => listed?.ContainsKey(f.Name) != false).ToList();
        // The holes of a log are no bytes of the bundle, but are counted as they are passed.
        context.Progress.Expect(files.Sum(f => f.Entry.Length - f.BytesToRead(context.Disk)));
        _stage.CreateFolder("");
        foreach (var folder in snapshot.Folder.Folders)
        {
            _stage.CreateFolder(folder);
        }
        context.ForEach(
            files.OrderByDescending(f => f.Entry.Length).ToList(),
            (file, run) =>
            {
                var entry = listed?.GetValueOrDefault(file.Name);
                if (file.IsTable && tryLink(file, run))
                {
                    AlopexStage.RequireListed(file, entry, _stage.Files[file.Name].Crc);
                }
                else
                {
                    _stage.CopyListed(file, entry, VerifyDepth.Checksums, run);
                }
            }
        );
        AlopexVerify.RequireVisible(_stage.NewestCommit, lsn, bundle.FullName);
        var log = snapshot.Folder.Find(AlopexNames.Wal)!.Entry.ModifiedUtc;
        if (snapshot.ManifestBytes is not { } bytes)
        {
            _stage.DateLog(log);
            return;
        }
        var manifest = context.Disk.Stat(Path.Combine(bundle.FullName, AlopexNames.Manifest))!.ModifiedUtc;
        var isByName = manifest == AlopexNames.SnapshotTime(bundle.Name);
        _stage.WriteManifest(bytes, isByName ? AlopexNames.SnapshotTime(name) ?? manifest : manifest, log);
    }

    /// <summary>
    /// Finds, for a table that has several names where it comes from, one of these that lies in the copy already. That may
    /// be damaged, or another sound table with the same checksums: the linker compares all bytes. What was not a link is
    /// not one in the copy.
    /// </summary>
    private sealed class Shared(string from, string to, BundleHeader bundle, AlopexStage stage, EngineContext context)
    {
        private readonly ConcurrentDictionary<string, AlopexLinker?> _linkers = new(StringComparer.Ordinal);

        /// <summary>The snapshots in both folders, those of about the same time first.</summary>
        private readonly IReadOnlyList<string> _both =
            StoreAddress.Is(to) || context.Disk.Stat(to) is null
                ? []
                : context
                    .Disk.List(to)
                    .Where(e => e.Kind == DiskEntryKind.Directory && !StagingArea.IsStagingName(e.Name))
                    .Select(e => e.Name)
                    .OrderBy(n => ((AlopexNames.SnapshotTime(n) ?? bundle.CreatedUtc) - bundle.CreatedUtc).Duration())
                    .ToList();

        public bool TryLink(AlopexFile table, EngineContext run) =>
            table.Entry.LinkCount > 1
            && _both.Any(name =>
                context.Disk.Stat(Path.Combine(from, name, table.Name)) is { } other
                && other.IsSameFileAs(table.Entry)
                && _linkers.GetOrAdd(name, Open)?.TryLink(table, run) == true
            );

        /// <summary>A snapshot that cannot be read is no reason to fail: the table is copied.</summary>
        private AlopexLinker? Open(string name)
        {
            try
            {
                return new AlopexLinker(Path.Combine(to, name), stage, context);
            }
            catch (BackupException e)
                when (e.Kind is ErrorKind.Damaged or ErrorKind.Unsupported
                    || e.Code is ErrorCode.IdentityRequired or ErrorCode.IdentityMismatch
                )
            {
                return null;
            }
        }
    }
}
