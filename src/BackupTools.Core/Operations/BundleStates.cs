using System.Collections.Concurrent;
using BackupTools.Chains;
using BackupTools.Encryption;
using BackupTools.Engines;
using BackupTools.Errors;
using BackupTools.Files;

namespace BackupTools.Operations;

/// <summary>
/// What this machine keeps in clear, for increments without a key, of the encrypted bundles of a folder: a
/// <see cref="BundleState"/> for each. It is used only where the bundle's record names its digest and the encrypted files are
/// those that it was written for; on any doubt the bundle counts as what it is without a key, unreadable.
/// </summary>
internal sealed class BundleStates
{
    private readonly string _folder;
    private readonly OperationHost _host;
    private readonly BundleRecords _records;

    /// <summary>What a run is just publishing, or was when it was killed: the next one sweeps it before it plans again.</summary>
    private readonly Lazy<IReadOnlySet<string>> _unfinished;
    private readonly ConcurrentDictionary<string, string> _digests = new(StringComparer.Ordinal);
    private readonly Lazy<IReadOnlyList<Known>> _known;
    private readonly Lazy<ILookup<string, (Known Known, BundleState.Part Part, long At)>> _parts;

    /// <summary>Nothing is read yet.</summary>
    /// <param name="statePath">Of the user; null: nothing is kept.</param>
    /// <param name="to">The encrypted folder or store.</param>
    /// <param name="folder">Its path.</param>
    /// <param name="host">The front end.</param>
    /// <exception cref="BackupException">InvalidOption: it would lie where the bundles go.</exception>
    public BundleStates(string? statePath, EncryptedCopies to, string folder, OperationHost host)
    {
        Kept = statePath is null ? null : new StateFolder(statePath, folder, to.Keys, host);
        (_folder, _host, _records) = (folder, host, to.Records);
        _unfinished = new(() => StagingArea.UnfinishedIn(host.Encrypted.Outer, folder));
        _known = new(ReadAll);
        _parts = new(Parts);
    }

    /// <summary>Where it is kept; null for nowhere.</summary>
    public StateFolder? Kept { get; }

    /// <summary>Bundles are known by it: no identity was given to read them with.</summary>
    public bool AreNeeded => !_host.Encrypted.Keys.HasIdentities;

    /// <summary>What an engine is given, to which the kept parts are the files of the bundles.</summary>
    public EngineContext Context(EngineContext context) =>
        AreNeeded
            // What is remembered was read from the bundles themselves.
            ? context with
            {
                Disk = new StateDisk(context.Disk, Find),
                FactsOf = FactsOf,
                Memo = null,
            }
            : context;

    /// <summary>Requires that each bundle of a database, from its newest full on, is known.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="series">The database; null where nothing tells.</param>
    /// <exception cref="BackupException">IdentityRequired; a record cannot be read.</exception>
    public void Require(string engine, string? series)
    {
        var bundles = Bundles(engine).Where(b => series is null || b.Series is null || b.Series == series).ToList();
        var unknown = Since(bundles).Where(b => !_known.Value.Any(k => Is(k, b))).MinBy(b => b.OrderUtc);
        if (unknown is not null)
        {
            throw Unknown(unknown.FullName, null);
        }
    }

    /// <summary>
    /// Requires that what could not be read is older than the newest full of its database: then nothing is built on it.
    /// </summary>
    /// <exception cref="BackupException">IdentityRequired.</exception>
    public void RequirePast(IEnumerable<BundleReadResult> unreadable, string engine)
    {
        var bundles = Bundles(engine);
        var past = bundles
            .GroupBy(b => b.Series)
            .SelectMany(g => g.Except(Since([.. g])))
            .Select(b => Normal(b.FullName))
            .ToHashSet(StringComparer.Ordinal);
        foreach (var bad in unreadable.Where(u => IsUnknown(u.Error)))
        {
            var isUnfinished =
                _unfinished.Value.Contains(bad.FullName)
                || _unfinished.Value.Contains(bad.FullName + AgeDisk.Extension);
            if (!isUnfinished && !past.Contains(Normal(bad.FullName)))
            {
                throw Unknown(bad.FullName, bad.Error);
            }
        }
    }

    /// <summary>
    /// Requires that the encrypted files of a bundle are, byte for byte, what was written: without a key nothing else tells
    /// that an increment on it can be restored. Not in a store, where that would be a download of each.
    /// </summary>
    /// <exception cref="BackupException">ContinuityNotProved.</exception>
    public void RequireBytes(BundleHeader bundle)
    {
        if (!AreNeeded || StoreAddress.Is(_folder))
        {
            return;
        }
        var outer = _host.Encrypted.Outer;
        var files = _known.Value.FirstOrDefault(k => Is(k, bundle))?.Record.Files ?? [];
        _host.Progress.Activity = $"comparing {bundle.Name}";
        _host.Progress.Expect(files.Sum(f => f.Length));
        foreach (var file in files)
        {
            var path = StagedFiles.At(_folder, file.Name);
            using var beginning = _host.Progress.BeginFile(path, file.Length);
            if (OuterDigest.Of(outer, path, _host.Progress, _host.Cancellation) != file.Blake3)
            {
                throw new BackupException(
                    ErrorCode.ContinuityNotProved,
                    $"{bundle.Name} was changed after it was written, and what builds on it could not be restored",
                    path,
                    recommendation: $"Take a new full backup, or use {Spelling.Of("FullIfNeeded")}, which does."
                );
            }
        }
    }

    /// <summary>The public keys that a bundle is encrypted for; null where this machine does not know.</summary>
    public IReadOnlyList<string>? KeysOf(BundleHeader bundle) =>
        _known.Value.FirstOrDefault(k => Is(k, bundle))?.State.Recipients;

    /// <summary>It could not be read for want of a key.</summary>
    public static bool IsUnknown(BackupException? error) =>
        error?.Code is ErrorCode.IdentityRequired or ErrorCode.IdentityMismatch
        || error?.InnerException is BackupException { Code: ErrorCode.IdentityRequired };

    /// <summary>Runs what may meet bundles that are not known, and says of such a failure what it is.</summary>
    /// <exception cref="BackupException">IdentityRequired; or what the work throws.</exception>
    public static T Explained<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (BackupException e) when (e.InnerException is BackupException { Code: ErrorCode.IdentityRequired } why)
        {
            throw Unknown(why.FullName!, e);
        }
    }

    /// <summary>What an increment is refused with where a bundle is not known well enough.</summary>
    public static BackupException Unknown(string path, Exception? inner = null) =>
        new(
            ErrorCode.IdentityRequired,
            "the bundle is encrypted, and what an increment must know of it is not kept on this machine",
            path,
            recommendation: $"Give {Spelling.Of("IdentityPath")}, or use {Spelling.Of("FullIfNeeded")}, which takes a full. "
                + $"What is backed up with {Spelling.Of(nameof(BackupSettings.StatePath))} can be continued without an identity.",
            inner: inner
        );

    private IEnumerable<(string Path, BundleRecord? Record, BackupException? Error)> Records() =>
        _records.Read().Where(r => !_unfinished.Value.Contains(r.Path));

    private List<BundleHeader> Bundles(string engine) =>
        [
            .. Records()
                .Select(r => r.Record ?? throw r.Error!)
                .Where(r => r.Engine == engine)
                .Select(r => r.ToHeader(_folder)),
        ];

    /// <summary>The newest full, and what came after it; nothing where there is none.</summary>
    private static IEnumerable<BundleHeader> Since(IReadOnlyList<BundleHeader> bundles) =>
        bundles.Where(b => b.Kind == BundleKind.Full).MaxBy(b => b.OrderUtc) is { } full
            ? bundles.Where(b => b.OrderUtc >= full.OrderUtc)
            : [];

    private static bool Is(Known known, BundleHeader bundle) =>
        known.State.Engine == bundle.Engine && known.State.Id == bundle.Id;

    private IReadOnlyList<Known> ReadAll() =>
        Kept is null ? [] : [.. Records().Select(r => r.Record).OfType<BundleRecord>().Select(TryRead).OfType<Known>()];

    private Known? TryRead(BundleRecord record)
    {
        var path = Kept!.PathOf(record.Engine, record.Id);
        var outer = _host.Encrypted.Outer;
        if (record.State is not { } digest || !_records.IsWhole(record) || outer.Stat(path) is not { } there)
        {
            return null;
        }
        try
        {
            if (there.Kind != DiskEntryKind.File)
            {
                throw new BackupException(ErrorCode.UnsafeName, "it is no regular file", path);
            }
            using var file = outer.OpenRead(path);
            var state = BundleState.Read(file, digest);
            return state.Engine == record.Engine && state.Id == record.Id && state.Sealed.SequenceEqual(record.Files)
                ? new Known(record, state, path)
                : throw new BackupException(ErrorCode.ChecksumMismatch, "it was kept of other encrypted files", path);
        }
        catch (BackupException e)
        {
            // Whatever is the matter with it: it is as if nothing were kept.
            _host.WarnOnce($"what is kept of {record.Name} cannot be used: {e.Describe()}");
            return null;
        }
    }

    /// <summary>What of the states lies where, by the path of the file that it is of.</summary>
    private ILookup<string, (Known Known, BundleState.Part Part, long At)> Parts() =>
        _known
            .Value.SelectMany(k =>
                k.State.Kept.Select(
                    (p, i) => (Known: k, Part: p, At: k.State.Start + k.State.Kept.Take(i).Sum(o => o.KeptLength))
                )
            )
            .ToLookup(k =>
                Normal(StagedFiles.At(_folder, k.Part.Name == BundleState.Facts ? k.Known.Record.Name : k.Part.Name))
            );

    /// <summary>A file of a bundle, as far as it is kept; null where nothing is.</summary>
    private IDiskFile? Find(string path, IDisk disk)
    {
        var found = _parts
            .Value[Normal(path)]
            .FirstOrDefault(p => p.Part.Name.Length > 0 && (p.Part.Shared is not { } shared || IsStill(shared)));
        var age = _host.Encrypted;
        return found.Part is { } part
                ? new StateFile(path, part, () => disk.Stat(path), age.Outer.OpenRead(found.Known.Path), found.At)
            : IsBelow(path) && age.Real(path) is var real && real != path && age.DigestOf(age.Outer.Stat(real)!) is null
                ? new UnknownFile(path, () => disk.Stat(path))
            : null;
    }

    private bool IsBelow(string path) =>
        Normal(path).StartsWith(Normal(_folder), StringComparison.Ordinal)
        && Normal(path)[Normal(_folder).Length..] is ['/' or '\\', ..];

    /// <summary>What bundles share changes with each: what is kept is of one of them.</summary>
    private bool IsStill(FileRecord shared)
    {
        var path = StagedFiles.At(_folder, shared.Name);
        var outer = _host.Encrypted.Outer;
        return outer.Stat(path) is { Kind: DiskEntryKind.File } there
            && there.Length == shared.Length
            && _digests.GetOrAdd(path, p => OuterDigest.Of(outer, p, new TransferProgress(), _host.Cancellation))
                == shared.Blake3;
    }

    /// <summary>The engine's facts of a bundle; null where there are none.</summary>
    public byte[]? FactsOf(string path)
    {
        var found = _parts.Value[Normal(path)].FirstOrDefault(p => p.Part.Name.Length == 0);
        if (found.Part is not { } part)
        {
            return null;
        }
        var state = _host.Encrypted.Outer.OpenRead(found.Known.Path);
        using var file = new StateFile(path, part, () => null, state, found.At);
        var facts = new byte[part.Length];
        HashingCopy.ReadExactly(file, facts, 0);
        return facts;
    }

    private static string Normal(string path) => StoreAddress.Is(path) ? StoreAddress.Of(path) : Path.GetFullPath(path);

    /// <summary>A state that may be used.</summary>
    private sealed record Known(BundleRecord Record, BundleState State, string Path);
}
