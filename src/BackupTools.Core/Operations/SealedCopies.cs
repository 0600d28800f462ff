using BackupTools.Chains;
using BackupTools.Encryption;
using BackupTools.Engines;
using BackupTools.Errors;
using BackupTools.Files;

namespace BackupTools.Operations;

/// <summary>
/// Copies encrypted bundles as they are, which takes no key: their records say which files they have, and by which digests
/// each is known again.
/// </summary>
internal sealed class SealedCopies
{
    private const string Staged = "sealed";

    private readonly BundleRecords _source;
    private readonly string _folder;
    private readonly OperationHost _host;
    private readonly IDisk _disk;

    /// <summary>What the destination has, by digest.</summary>
    private readonly Dictionary<string, string> _linkable = new(StringComparer.Ordinal);
    private readonly HashSet<(string Engine, string Id)> _present = [];

    /// <summary>Looks at the destination.</summary>
    /// <exception cref="BackupException">
    /// InvalidOption: there are plain bundles. IdentityRequired: a list of bundles would have to change.
    /// </exception>
    public SealedCopies(BundleRecords source, string folder, IReadOnlyList<BundleHeader> bundles, OperationHost host)
    {
        (_source, _folder, _host, _disk) = (source, folder, host, host.Encrypted.Outer);
        if (_disk.Stat(folder) is not null && !BundleRecords.Are(folder, _disk))
        {
            PlainOrEncrypted.RequireNoBundles(folder, host);
        }
        var there = new BundleRecords(folder, _disk);
        foreach (var record in there.Read().Select(r => r.Record ?? throw r.Error!).Where(there.IsWhole))
        {
            _present.Add((record.Engine, record.Id));
            record.Files.ToList().ForEach(f => _linkable[f.Blake3] = StagedFiles.At(folder, f.Name));
        }
        var ids = bundles.Select(b => (b.Engine, b.Id)).ToHashSet();
        if (
            _present.Except(ids).FirstOrDefault(p => host.Engines.ByName(p.Engine).Capabilities.ListsBundles) is
            (not null, _) other
        )
        {
            throw new BackupException(
                ErrorCode.IdentityRequired,
                $"{other.Engine} lists its bundles in an encrypted file, and that of the source lacks bundles that are here",
                folder
            );
        }
    }

    /// <summary>Whether a bundle is to be sent.</summary>
    public bool Lacks(BundleHeader bundle) => !_present.Contains((bundle.Engine, bundle.Id));

    /// <summary>Stages a bundle and its record, and compares the digests on the way.</summary>
    /// <param name="bundle">Of the source.</param>
    /// <param name="isLast">What the bundles share comes with it.</param>
    /// <param name="staging">Of the destination.</param>
    /// <exception cref="BackupException">ChecksumMismatch, LengthMismatch, MissingFile.</exception>
    public CaptureResult Stage(BundleHeader bundle, bool isLast, StagingArea staging)
    {
        var record = BundleRecord.Behind(bundle)!;
        var steps = new List<PublishStep>();
        if (_disk.Stat(bundle.FullName) is { Kind: DiskEntryKind.Directory })
        {
            StageFolders(bundle.FullName, Staged, staging);
            steps.Add(Placed(Staged, record.Name));
        }
        for (var i = 0; i < record.Files.Count; i++)
        {
            var file = record.Files[i];
            var isBelow = file.Name.StartsWith(record.Name + "/", StringComparison.Ordinal);
            var staged = isBelow ? Path.Combine(Staged, file.Name[(record.Name.Length + 1)..]) : $"{Staged}-{i}";
            Stage(file, staged, staging);
            if (!isBelow)
            {
                steps.Add(Placed(staged, file.Name));
            }
        }
        string[] shared = isLast ? [.. record.Shared, .. RecipientsNote()] : [];
        for (var i = 0; i < shared.Length; i++)
        {
            var staged = $"shared-{i}";
            using (var target = staging.CreateFile(staged))
            {
                OuterDigest.Of(
                    _disk,
                    StagedFiles.At(_source.Folder, shared[i]),
                    new TransferProgress(),
                    _host.Cancellation,
                    target
                );
            }
            steps.Add(PublishStep.Replace(staged, StagedFiles.At(_folder, shared[i])));
        }
        staging.Write("record", record.Write());
        return new CaptureResult
        {
            Steps = [PublishStep.Replace("record", BundleRecords.PathOf(_folder, record.Engine, record.Id)), .. steps],
            BundlePath = StagedFiles.At(_folder, record.Name),
        };
    }

    private IEnumerable<string> RecipientsNote()
    {
        var path = BundleRecords.Recipients(_source.Folder) + AgeDisk.Extension;
        return _disk.Stat(path) is null ? [] : [Path.GetRelativePath(_source.Folder, path)];
    }

    /// <summary>The header of a bundle that was published.</summary>
    public BundleHeader ReadBack(BundleHeader bundle) =>
        new BundleRecords(_folder, _disk)
            .Bundles(StagedFiles.At(_folder, BundleRecord.Behind(bundle)!.Name), _host.Engines.ByName(bundle.Engine))
            .Select(r => r.Header ?? throw r.Error!)
            .Single(h => h.Id == bundle.Id);

    private void Stage(FileRecord file, string staged, StagingArea staging)
    {
        var path = StagedFiles.At(_source.Folder, file.Name);
        var there = BundleRecords.RequireLength(file, path, _disk);
        if (
            there.LinkCount > 1
            && _linkable.TryGetValue(file.Blake3, out var same)
            && _disk.TryCreateHardLink(staging.PathOf(staged), same)
        )
        {
            _host.Progress.Advance(file.Length);
            return;
        }
        string digest;
        using (var target = staging.CreateFile(staged, file.Length))
        {
            digest = OuterDigest.Of(_disk, path, _host.Progress, _host.Cancellation, target);
            target.SetModified(there.ModifiedUtc);
        }
        BundleRecords.RequireDigest(file, digest, path);
        _linkable[file.Blake3] = StagedFiles.At(_folder, file.Name);
    }

    private void StageFolders(string folder, string staged, StagingArea staging)
    {
        staging.CreateDirectory(staged);
        foreach (var entry in _disk.List(folder).Where(e => e.Kind == DiskEntryKind.Directory))
        {
            StageFolders(entry.Path, Path.Combine(staged, entry.Name), staging);
        }
    }

    /// <summary>What lies there without a whole record is what an interrupted copy has left.</summary>
    private PublishStep Placed(string staged, string name)
    {
        var final = StagedFiles.At(_folder, name);
        if (_disk.Stat(final) is null)
        {
            return PublishStep.Place(staged, final);
        }
        return PartialCopy.IsBeginningOf(_disk, final, StagedFiles.At(_source.Folder, name), _host.Cancellation)
            ? PublishStep.Replace(staged, final)
            : throw CopyChain.InTheWay(Path.GetFileName(name), final);
    }
}
