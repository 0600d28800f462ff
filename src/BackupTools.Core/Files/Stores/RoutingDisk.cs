using System.Collections.Concurrent;
using BackupTools.Errors;

namespace BackupTools.Files.Stores;

/// <summary>
/// The disk of an operation: addresses go to their store, which is made when the first is met, everything else to the file
/// system. Stores are only read through it.
/// </summary>
internal sealed class RoutingDisk(IDisk local, Func<string, StoreDisk> open) : IDisk, IDisposable
{
    private readonly ConcurrentDictionary<string, Lazy<StoreDisk>> _stores = new(StringComparer.Ordinal);

    /// <summary>The stores that were needed.</summary>
    public IEnumerable<StoreDisk> Stores => _stores.Values.Where(s => s.IsValueCreated).Select(s => s.Value);

    /// <summary>What of the file system is kept in another way, for as long as a run puts bundles together; null for nothing.</summary>
    public SpoolDisk? Spool { get; set; }

    /// <summary>The store of an address, which is made if it was not needed yet.</summary>
    public StoreDisk Store(string path) =>
        _stores.GetOrAdd(StoreAddress.SchemeOf(path)!, scheme => new Lazy<StoreDisk>(() => open(scheme))).Value;

    public IDiskFile OpenRead(string path) => For(path).OpenRead(path);

    public DiskEntry? Stat(string path) => For(path).Stat(path);

    public IReadOnlyList<DiskEntry> List(string folder) => For(folder).List(folder);

    public IReadOnlyList<string> Names(string folder) => For(folder).Names(folder);

    public IReadOnlyList<string> Begun(string folder) => For(folder).Begun(folder);

    public IDiskFile CreateNew(string path, long preallocate = 0) => Local(path).CreateNew(path, preallocate);

    public IDiskFile OpenWrite(string path) => Local(path).OpenWrite(path);

    public void CreateDirectory(string path) => Local(path).CreateDirectory(path);

    public void Move(string from, string to) => Local(from, to).Move(from, to);

    public void Replace(string from, string to) => Local(from, to).Replace(from, to);

    public bool TryExchange(string path, string other) => Local(path, other).TryExchange(path, other);

    public IDiskFile? TryLock(string path) => Local(path).TryLock(path);

    public void DeleteFile(string path) => Local(path).DeleteFile(path);

    public void DeleteDirectory(string path) => Local(path).DeleteDirectory(path);

    public bool TryDeleteEmptyDirectory(string path) => Local(path).TryDeleteEmptyDirectory(path);

    /// <summary>Objects in a store cannot be linked to, like files of another file system.</summary>
    public bool TryCreateHardLink(string path, string existing) =>
        !StoreAddress.Is(existing) && Local(path).TryCreateHardLink(path, existing);

    /// <summary>An object has no owner or permissions to pass on.</summary>
    public bool AdoptAccess(string path, string model) =>
        StoreAddress.Is(model) || Local(path).AdoptAccess(path, model);

    public bool IsMountPoint(string path) => !StoreAddress.Is(path) && local.IsMountPoint(path);

    public string? LinkTarget(string path) => StoreAddress.Is(path) ? null : local.LinkTarget(path);

    public void FlushDirectory(string path) => Local(path).FlushDirectory(path);

    /// <summary>Says that a store is not written to.</summary>
    private static BackupException ReadOnly(string path) =>
        new(
            ErrorCode.ProviderNotSupported,
            "a store takes only bundles",
            path,
            recommendation: "Give a path in the file system; see docs/stores.md."
        );

    public void Dispose()
    {
        foreach (var store in Stores)
        {
            store.Dispose();
        }
    }

    private IReadingDisk For(string path) => StoreAddress.Is(path) ? Store(path) : Here(path);

    private IDisk Here(string path) => Spool is { } spool && spool.Holds(path) ? spool : local;

    private IDisk Local(string path, string? other = null) =>
        StoreAddress.Is(path) ? throw ReadOnly(path)
        : other is not null && StoreAddress.Is(other) ? throw ReadOnly(other)
        : Here(path);
}
