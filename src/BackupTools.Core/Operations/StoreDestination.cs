using BackupTools.Encryption;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Files.Stores;

namespace BackupTools.Operations;

/// <summary>
/// A prefix of a store: bundles are put together in a folder of this machine, and sent. They appear by their marks
/// (<see cref="StoreMarks"/>), one at a time.
/// </summary>
internal sealed partial class StoreDestination : IDestination
{
    private readonly OperationHost _host;
    private readonly StoreWriter _writer;
    private readonly StoreLease _lease;
    private readonly StoreUploader _uploader;

    private readonly StoreDisk _store;
    private IDisposable? _toCome;
    private IReadOnlyList<StoreUpload>? _uploads;

    /// <summary>Takes the lease of the prefix; waits for another run that has it.</summary>
    /// <exception cref="BackupException">BackupRunning, ConditionalWritesMissing; and what the store has to say.</exception>
    public StoreDestination(string folder, OperationHost host)
    {
        _host = host;
        var settings = host.Stores;
        var (bucket, key) = StoreAddress.Parse(folder);
        _spool = SpoolOf(host);
        _store = host.Store(folder);
        _store.Store.RequireWritable();
        _writer = new StoreWriter(_store, bucket, key, settings);
        _uploader = new StoreUploader(_writer, settings, host.Progress);
        _lease = settings.SingleWriter
            ? StoreLease.TakeAlone(_writer, settings.Lease, host.Verbose)
            : StoreLease.AcquireWithin(host.LockTimeout, _writer, settings.Lease, host.Verbose, host.Cancellation);
        _writer.MayChange = _lease.RequireHeld;
        try
        {
            // What was known of the names is from before.
            _store.Index.Forget();
            TakeOver(_store.Index.Pending(bucket, key));
            _parked = _writer.Parked();
            StagingArea.Sweep(host.Disk, _spool, host.Warning);
        }
        catch
        {
            _lease.Dispose();
            throw;
        }
    }

    /// <summary>Into the spool, and from there to the store.</summary>
    public int Passes => 2;

    public void Publish(StagingArea staging, IReadOnlyList<PublishStep> steps, string bundle, long length = 0)
    {
        _host.Cancellation.ThrowIfCancellationRequested();
        var removed = steps
            .Where(s => s.Action == PublishAction.Remove)
            .Select(s => s with { FinalPath = _host.Encrypted.Real(s.FinalPath) })
            .ToList();
        var items = steps.Where(s => s.Action != PublishAction.Remove).SelectMany(s => ItemsOf(s, staging)).ToList();
        _host.Progress.Expect(items.Sum(i => i.Length) - length);
        NothingToCome();
        if (removed.Count > 0)
        {
            Remove(removed, items);
            return;
        }
        if (items.Count == 0)
        {
            return;
        }
        if (items is [{ IsShared: true } only])
        {
            // A single object is there at once.
            Replace(only);
            TakeFromOthers("", [only.Key], []);
            Show(items);
            return;
        }
        var sealedKey = KeyOf(bundle) + AgeDisk.Extension;
        var name = Below(items.Exists(i => i.Key == sealedKey) ? sealedKey : KeyOf(bundle));
        var left = _left.GetValueOrDefault(name);
        Begin(name, items, left);
        StoreMarks.Ended[] ended =
        [
            .. Send([.. items.Where(i => !i.IsShared)], left is null ? [] : _uploads ??= _writer.Uploads()),
            .. items.Where(i => i.IsShared).Select(Replace),
        ];
        PutOurs(StoreMarks.EndOf(_writer.Folder, name), StoreMarks.WriteEnd(ended), PutIf.Absent);
        _left.Remove(name);
        Show(items);
    }

    public void Dispose()
    {
        NothingToCome();
        _host.Spool = null;
        _kept?.Dispose();
        _lease.Dispose();
    }

    /// <summary>Progress knows how much is sent.</summary>
    private void NothingToCome()
    {
        _toCome?.Dispose();
        _toCome = null;
    }

    /// <summary>A place in the spool for a bundle in clear; what interrupted runs left of such is removed.</summary>
    public static StagingArea StageInClear(OperationHost host)
    {
        host.SweepSpool();
        return StagingArea.Create(host.Disk, SpoolOf(host), host.Clock, host.Warning);
    }

    /// <summary>Where bundles are assembled on this machine.</summary>
    public static string SpoolOf(OperationHost host) => Path.GetFullPath(host.Stores.SpoolPath ?? DefaultSpool());

    /// <summary>From here on, and until the end is there, readers see what was there before.</summary>
    private void Begin(string name, List<Item> items, PendingBundle? left)
    {
        var own = items.Where(i => !i.IsShared).Select(i => i.Key).ToList();
        Remove([.. (left?.Keys ?? []).Except(own, StringComparer.Ordinal)]);
        var meanwhile = items.Where(i => i.IsShared).ToDictionary(i => i.Key, i => Former(i.Key));
        var key = StoreMarks.BeginOf(_writer.Folder, name);
        PutOurs(key, BeginOf(own, meanwhile), IfUnchanged(key));
        var end = StoreMarks.EndOf(_writer.Folder, name);
        if (_writer.Known(end) is not null)
        {
            // Someone removed the bundle, but not its notes.
            _writer.Delete(end);
        }
        TakeFromOthers(name, [.. meanwhile.Keys], [.. own, key, end]);
    }

    /// <summary>What is shown under a key.</summary>
    private byte[]? Former(string key) =>
        _left.Values.FirstOrDefault(l => l.Meanwhile.ContainsKey(key)) is { } hidden ? hidden.Meanwhile[key]
        : _writer.Known(key) is { } there ? _writer.Read(there)
        : null;

    private StoreMarks.Ended[] Send(IReadOnlyList<Item> items, IReadOnlyList<StoreUpload> uploads)
    {
        var sent = new StoreMarks.Ended[items.Count];
        HashingCopy.ForEach(
            Enumerable.Range(0, items.Count).ToList(),
            _host.Stores.Parallel,
            (i, stop) => sent[i] = Send(items[i], uploads, stop),
            _host.Cancellation
        );
        return sent;
    }

    private StoreMarks.Ended Send(Item item, IReadOnlyList<StoreUpload> uploads, CancellationToken stop)
    {
        using var file = _host.Encrypted.Outer.OpenRead(item.File);
        var sent = _uploader.Send(
            item.Key,
            file,
            _writer.Known(item.Key),
            [.. uploads.Where(u => u.Key == item.Key)],
            stop
        );
        return new StoreMarks.Ended(Below(item.Key), item.Length, sent.ETag, sent.PartSize, sent.Sha256);
    }

    private StoreMarks.Ended Replace(Item item)
    {
        var content = ContentOf(item);
        var etag = PutOurs(item.Key, content, IfUnchanged(item.Key));
        _host.Progress.Advance(content.Length);
        return new StoreMarks.Ended(
            Below(item.Key),
            content.Length,
            etag,
            content.Length,
            [StoreDigest.Sha256(content)]
        );
    }

    private byte[] ContentOf(Item item) => SmallFile.Read(_host.Encrypted.Outer, item.File, StoreWriter.LargestShared);

    private void Show(List<Item> items) => items.ForEach(i => _store.Index.Show(_writer.NameOf(i.Key)));

    /// <summary>Takes away what is not shown, and what was sent of it.</summary>
    private void Remove(IReadOnlyList<string> keys)
    {
        if (keys.Count == 0)
        {
            return;
        }
        _uploads ??= _writer.Uploads();
        // The marks come last, and in their order: one that says that a bundle was begun must not outlive its end.
        HashingCopy.ForEach(
            keys.Where(k => !StoreMarks.IsOurs(k)).ToList(),
            _host.Stores.Parallel,
            (key, _) => Remove(key),
            _host.Cancellation
        );
        foreach (var mark in keys.Where(StoreMarks.IsOurs))
        {
            Remove(mark);
        }
    }

    private void Remove(string key)
    {
        foreach (var upload in _uploads!.Where(u => u.Key == key))
        {
            _writer.Abort(key, upload.Id, _host.Cancellation);
        }
        if (_writer.Known(key) is not null)
        {
            _writer.Delete(key);
        }
    }

    private PutIf IfUnchanged(string key) => _writer.Known(key) is { } there ? new PutIf(there.ETag) : PutIf.Absent;

    private string PutOurs(string key, byte[] content, PutIf condition)
    {
        if (content.Length > StoreWriter.LargestSmall)
        {
            throw new BackupException(
                ErrorCode.WriteFailed,
                $"{content.Length} bytes is more than readers accept as a mark",
                $"{_writer.NameOf(key)}",
                recommendation: $"Do less at once: one chain after another, with {Spelling.Of("ChainId")}."
            );
        }
        return _writer.PutSmall(key, content, condition) ?? throw StoreWriter.WrittenByOthers(_writer.NameOf(key));
    }

    /// <summary>On Unix a name may have a backslash, which stands for a separator in every address.</summary>
    /// <exception cref="BackupException">UnsafeName.</exception>
    private static string KeyOf(string path) =>
        OperatingSystem.IsWindows() || !path.Contains('\\', StringComparison.Ordinal)
            ? StoreAddress.Parse(path).Key
            : throw new BackupException(
                ErrorCode.UnsafeName,
                $"a name with a backslash, as in '{Printable.Of(path.Split('/').First(n => n.Contains('\\')))}', cannot be the key of an object that is found again",
                path,
                recommendation: "Rename the database, or name it by a link without a backslash."
            );

    private string Below(string key) => key[StoreMarks.Join(_writer.Folder, "").Length..];

    private IEnumerable<Item> ItemsOf(PublishStep step, StagingArea staging)
    {
        // What is encrypted is sent as it is.
        var plain = staging.PathOf(step.StagedName);
        var real = _host.Encrypted.Real(plain);
        var staged = _host.Encrypted.Outer.Stat(real)!;
        var key = KeyOf(step.FinalPath) + (real == plain ? "" : AgeDisk.Extension);
        return staged.Kind == DiskEntryKind.Directory
            ? FilesIn(staged.Path, key)
            : [new Item(key, staged.Path, staged.Length, IsShared(step, key, staged))];
    }

    /// <summary>What bundles have in common is small, and is replaced: manifests, markers.</summary>
    private bool IsShared(PublishStep step, string key, DiskEntry staged) =>
        step.Action == PublishAction.Replace
        && staged.Length <= StoreWriter.LargestShared
        && (_writer.Known(key)?.Length ?? 0) <= StoreWriter.LargestShared;

    private IEnumerable<Item> FilesIn(string folder, string key) =>
        _host
            .Encrypted.Outer.List(folder)
            .SelectMany(e =>
                e.Kind == DiskEntryKind.Directory
                    ? FilesIn(e.Path, $"{key}/{e.Name}")
                    : [new Item($"{key}/{e.Name}", e.Path, e.Length, IsShared: false)]
            );

    /// <summary>A file that goes to the store.</summary>
    /// <param name="Key">Its key.</param>
    /// <param name="File">Where it is staged.</param>
    /// <param name="Length">Bytes.</param>
    /// <param name="IsShared">It replaces what other bundles have there too.</param>
    private sealed record Item(string Key, string File, long Length, bool IsShared);
}
