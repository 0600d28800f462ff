using System.Security.Cryptography;
using System.Text;
using BackupTools.Chains;
using BackupTools.Encryption;
using BackupTools.Engines;
using BackupTools.Errors;
using BackupTools.Files;

namespace BackupTools.Operations;

/// <summary>
/// The records of the encrypted bundles of a folder: what can be said of them, copied and removed without a key.
/// </summary>
internal sealed class BundleRecords
{
    /// <summary>Of a store, fetched at once.</summary>
    private const int AtOnce = 16;

    private const string RecordFolder = ".backuptools-age";
    private const string Extension = ".json";
    private const int LongestRecord = 16 << 20;

    private readonly IDisk _disk;
    private readonly Lazy<IReadOnlyList<(string Path, BundleRecord? Record, BackupException? Error)>> _all;
    private readonly Lazy<HashSet<string>> _names;
    private readonly Lazy<IReadOnlySet<string>> _unfinished;
    private readonly HashSet<string> _told = new(StringComparer.Ordinal);

    /// <summary>The records of a folder, which are read when they are asked for.</summary>
    /// <param name="folder">The folder of bundles.</param>
    /// <param name="disk">On which encrypted files are what they are.</param>
    public BundleRecords(string folder, IDisk disk)
    {
        (Folder, _disk) = (folder, disk);
        _all = new(ReadAll);
        _names = new(Names);
        _unfinished = new(() => StagingArea.UnfinishedIn(disk, folder));
    }

    public string Folder { get; }

    /// <summary>True for a folder that bundles were encrypted into.</summary>
    public static bool Are(string folder, IReadingDisk disk) => HasFolder(folder, RecordFolder, disk);

    /// <summary>
    /// Whether there is such a folder. It is looked for above what was named too, where the rights for a prefix of a store
    /// do not reach: what may not be listed is not there for this user.
    /// </summary>
    public static bool HasFolder(string folder, string name, IReadingDisk disk)
    {
        try
        {
            return disk.Stat(Path.Combine(folder, name)) is { Kind: DiskEntryKind.Directory };
        }
        catch (BackupException e) when (e.Code == ErrorCode.StoreAccessDenied && StoreAddress.Is(folder))
        {
            return false;
        }
    }

    /// <summary>
    /// The records of the folder that a path is or lies in, where nothing was given to read the bundles themselves with; else
    /// null.
    /// </summary>
    public static BundleRecords? InsteadOf(string path, OperationHost host)
    {
        if (host.Encrypted.Keys.CanRead)
        {
            return null;
        }
        var outer = host.Encrypted.Outer;
        if (StoreAddress.Is(path) && IsPlain(path, outer))
        {
            return null;
        }
        IEnumerable<string?> homes =
        [
            path,
            .. host.Engines.Candidates(null).Select(e => e.HomeOf(path)),
            .. StoreAddress.Is(path) ? Above(path).Take(1) : Above(path),
        ];
        var home = homes.OfType<string>().Distinct().FirstOrDefault(h => h.Length > 0 && Are(h, outer));
        // A folder whose records are all gone is read as one that never had any: then a key is asked for.
        return home is not null && new BundleRecords(home, outer) is var records && records.Read().Count > 0
            ? records
            : null;
    }

    /// <summary>
    /// Nothing in the folder is encrypted. Asked of a store first: the folder is listed for that, with all below it, and each
    /// question after it about another folder would be a listing more.
    /// </summary>
    private static bool IsPlain(string folder, IReadingDisk disk) =>
        disk.Stat(folder) is { Kind: DiskEntryKind.Directory }
        && disk.List(folder)
            .All(e =>
                e.Kind == DiskEntryKind.Directory
                    ? IsPlain(e.Path, disk)
                    : !e.Name.EndsWith(AgeDisk.Extension, StringComparison.Ordinal)
            );

    private static IEnumerable<string> Above(string path)
    {
        for (var at = Path.GetDirectoryName(path); at is not null; at = Path.GetDirectoryName(at))
        {
            yield return at;
        }
    }

    /// <summary>A file, encrypted like the bundles, of the public keys that they were encrypted for last.</summary>
    public static string Recipients(string folder) => Path.Combine(folder, RecordFolder, "recipients");

    /// <summary>Where the record of a bundle lies.</summary>
    public static string PathOf(string folder, string engine, string id)
    {
        var digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{engine}/{id}")));
        return Path.Combine(folder, RecordFolder, digest[..32] + Extension);
    }

    /// <summary>All of them; those that cannot be read as their errors.</summary>
    public IReadOnlyList<(string Path, BundleRecord? Record, BackupException? Error)> Read() => _all.Value;

    private (string, BundleRecord?, BackupException?)[] ReadAll()
    {
        if (!Are(Folder, _disk))
        {
            return [];
        }
        var files = _disk
            .List(Path.Combine(Folder, RecordFolder))
            .Where(e => e.Kind == DiskEntryKind.File && e.Name.EndsWith(Extension, StringComparison.Ordinal))
            .ToList();
        var read = new (string, BundleRecord?, BackupException?)[files.Count];
        HashingCopy.ForEach(
            Enumerable.Range(0, files.Count).ToList(),
            StoreAddress.Is(Folder) ? AtOnce : 1,
            (i, _) => read[i] = Read(files[i].Path),
            CancellationToken.None
        );
        return read;
    }

    /// <summary>
    /// The bundles of an engine that a path is or holds, as <see cref="IBackupEngine.ReadBundles"/> has them. What cannot be
    /// read is of no engine that anybody knows, and comes with the first.
    /// </summary>
    /// <param name="path">The path.</param>
    /// <param name="engine">The engine.</param>
    /// <param name="context">With it, encrypted bundles that have no record are looked for too; null: only records count.</param>
    public IEnumerable<BundleReadResult> Bundles(string path, IBackupEngine engine, EngineContext? context = null)
    {
        path = StoreAddress.Of(path);
        var all = _all.Value;
        foreach (var bad in all.Where(r => r.Error is not null && _told.Add(r.Path)))
        {
            yield return BundleReadResult.Bad(bad.Path, bad.Error!);
        }
        foreach (var (_, record, _) in all.Where(r => r.Record?.Engine == engine.Name))
        {
            var header = record!.ToHeader(Folder);
            if (path == StoreAddress.Of(Folder) || IsAtOrBelow(header.FullName, path))
            {
                var error = Lacking(record, engine, out var shared);
                if (error is { Code: ErrorCode.MissingFile })
                {
                    if (IsUnfinished(error.FullName!))
                    {
                        continue; // its record comes first, and goes last
                    }
                    // It may have come to its end since.
                    error = Lacking(record, engine, out shared);
                }
                // Of what is not whole nothing may be thought that it can be restored.
                yield return error is not null
                    ? BundleReadResult.Bad(header.FullName, error) with
                    {
                        OrderUtc = header.OrderUtc,
                        Series = header.Series,
                    }
                    : BundleReadResult.Ok(header with { SharedBytes = shared });
            }
        }
        foreach (var unrecorded in context is null ? [] : Unrecorded(path, engine, context))
        {
            yield return unrecorded;
        }
    }

    /// <summary>Otherwise every listing, copy and prune would leave out a bundle whose record is gone, and say nothing.</summary>
    private IEnumerable<BundleReadResult> Unrecorded(string path, IBackupEngine engine, EngineContext context)
    {
        var blind = new AgeDisk(_disk, keys: null);
        blind.Show(Folder);
        var unknown = engine
            .ReadBundles(path, context with { Disk = blind, Memo = null, Admit = null })
            .Where(r => BundleFolder.IsForOthers(r) && !IsKnown(r.FullName) && _told.Add(r.FullName))
            .ToList();
        // What was published since the records were read has one now: it comes before its bundle.
        var now = unknown.Count == 0 ? null : new BundleRecords(Folder, _disk);
        return unknown
            .Where(r => !now!.IsKnown(r.FullName) && !now.IsUnfinished(r.FullName))
            .Select(r =>
                BundleReadResult.Bad(
                    r.FullName,
                    new BackupException(
                        ErrorCode.MissingFile,
                        "the bundle is encrypted, and there is no record of it",
                        r.Error!.FullName ?? r.FullName,
                        recommendation: $"Give {Spelling.Of("IdentityPath")} to read the bundle itself, or bring its record in {RecordFolder} back.",
                        inner: r.Error
                    )
                ) with
                {
                    OrderUtc = r.OrderUtc,
                    Series = r.Series,
                }
            );
    }

    /// <summary>
    /// A run is just putting it there, or taking it away, or was killed then: it, or the folder it is in. What encrypts names its
    /// files without the extension, what copies encrypted ones with it.
    /// </summary>
    private bool IsUnfinished(string path) =>
        Above(path)
            .Prepend(path)
            .Any(at => _unfinished.Value.Contains(at) || _unfinished.Value.Contains(AgeDisk.NameOf(at)));

    /// <summary>A record tells of a bundle or file of that name.</summary>
    private bool IsKnown(string fullName) => _names.Value.Contains(fullName);

    private HashSet<string> Names()
    {
        var records = _all.Value.Select(r => r.Record).OfType<BundleRecord>().ToList();
        return records
            .Select(r => r.ToHeader(Folder).FullName)
            .Concat(
                records
                    .SelectMany(r => r.Files.Select(f => f.Name).Concat(r.Shared))
                    .Select(n => AgeDisk.NameOf(StagedFiles.At(Folder, n)))
            )
            .ToHashSet(StringComparer.Ordinal);
    }

    private BackupException? Lacking(BundleRecord record, IBackupEngine engine, out long shared)
    {
        shared = 0;
        if (Clashes(record, engine))
        {
            return new BackupException(ErrorCode.Malformed, "its positions are not of the kind that the others have");
        }
        try
        {
            var files = record.Files.Select(f => RequireLength(f, StagedFiles.At(Folder, f.Name), _disk)).ToList();
            shared = files.Where(f => f.LinkCount > 1).Sum(f => f.Length);
            return null;
        }
        catch (BackupException e) when (e.Kind == ErrorKind.Damaged)
        {
            return e;
        }
    }

    /// <summary>Positions of two kinds in one chain cannot be compared.</summary>
    private bool Clashes(BundleRecord record, IBackupEngine engine) =>
        record.PositionUnit != engine.Capabilities.Unit
        && _all.Value.Any(o =>
            o.Record is { } other
            && other.Engine == record.Engine
            && other.PositionUnit != record.PositionUnit
            && (other.Database is null || record.Database is null || other.Database == record.Database)
        );

    /// <summary>A file of a bundle that is there in its length.</summary>
    /// <exception cref="BackupException">MissingFile, LengthMismatch.</exception>
    public static DiskEntry RequireLength(FileRecord file, string path, IReadingDisk disk)
    {
        if (disk.Stat(path) is not { Kind: DiskEntryKind.File } there)
        {
            throw new BackupException(ErrorCode.MissingFile, "a file of the encrypted bundle is not here", path);
        }
        return there.Length == file.Length
            ? there
            : throw new BackupException(
                ErrorCode.LengthMismatch,
                "the encrypted file is not as long as it was written",
                path,
                expected: $"{file.Length}",
                actual: $"{there.Length}"
            );
    }

    /// <summary>Compares what a file was known by.</summary>
    /// <exception cref="BackupException">ChecksumMismatch.</exception>
    public static void RequireDigest(FileRecord file, string digest, string path)
    {
        if (digest != file.Blake3)
        {
            throw new BackupException(
                ErrorCode.ChecksumMismatch,
                "the encrypted file was changed after it was written",
                path,
                expected: file.Blake3,
                actual: digest
            );
        }
    }

    /// <summary>Whether all files of a record are there, in their length.</summary>
    public bool IsWhole(BundleRecord record) =>
        record.Files.All(f =>
            _disk.Stat(StagedFiles.At(Folder, f.Name)) is { Kind: DiskEntryKind.File } there && there.Length == f.Length
        );

    /// <summary>The steps that take bundles away, by their records alone.</summary>
    /// <exception cref="BackupException">IdentityRequired: the engine lists its bundles in a file, which must change.</exception>
    public static IReadOnlyList<PublishStep> RemovalOf(
        IEnumerable<BundleHeader> bundles,
        IBackupEngine engine,
        string folder,
        IReadingDisk disk
    )
    {
        if (engine.Capabilities.ListsBundles)
        {
            throw new BackupException(
                ErrorCode.IdentityRequired,
                $"{engine.Name} lists its bundles in a file that is encrypted like them, and that removing them changes",
                folder
            );
        }
        return [.. bundles.SelectMany(Steps)];

        IEnumerable<PublishStep> Steps(BundleHeader bundle)
        {
            var isFolder = disk.Stat(bundle.FullName) is { Kind: DiskEntryKind.Directory };
            var files = BundleRecord
                .Behind(bundle)!
                .Files.Select(f => StagedFiles.At(folder, f.Name))
                .Where(f => !isFolder || !IsAtOrBelow(f, bundle.FullName));
            return files.Concat(isFolder ? [bundle.FullName] : []).Select(PublishStep.Remove);
        }
    }

    /// <summary>The step that takes the record of a bundle away.</summary>
    public static PublishStep RemovalOf(BundleHeader bundle, string folder) =>
        PublishStep.Remove(PathOf(folder, bundle.Engine, bundle.Id));

    private (string, BundleRecord?, BackupException?) Read(string path)
    {
        try
        {
            var record = BundleRecord.Read(SmallFile.Read(_disk, path, LongestRecord));
            return StoreAddress.Of(path) == StoreAddress.Of(PathOf(Folder, record.Engine, record.Id))
                ? (path, record, null)
                : throw new BackupException(ErrorCode.Malformed, "the record has the name of another one");
        }
        catch (BackupException e) when (e.Kind is ErrorKind.Damaged or ErrorKind.Unsupported)
        {
            return (path, null, e.At(path));
        }
    }

    private static bool IsAtOrBelow(string path, string folder) =>
        path.StartsWith(folder, StringComparison.Ordinal)
        && (path.Length == folder.Length || path[folder.Length] is '/' or '\\');
}
