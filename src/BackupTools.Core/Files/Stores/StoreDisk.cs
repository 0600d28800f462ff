using BackupTools.Errors;

namespace BackupTools.Files.Stores;

/// <summary>The objects of a store as files, for one operation.</summary>
internal sealed class StoreDisk : IReadingDisk, IDisposable
{
    private readonly ReadAheadBudget _budget;

    public StoreDisk(IObjectStore store, StoreSettings settings, Action<string> verbose, CancellationToken cancellation)
    {
        Store = store;
        _budget = new ReadAheadBudget(settings.ReadAhead);
        Requests = new StoreRequests(store, settings, verbose, cancellation);
        Index = new StoreIndex(
            Store.Scheme,
            (bucket, prefix, after, most) =>
                Requests.ListAsync(bucket, prefix, after, most, cancellation).GetAwaiter().GetResult(),
            ReadSmall,
            () => DateTimeOffset.UtcNow + Store.ClockAhead
        );
    }

    public IObjectStore Store { get; }

    /// <summary>What is known of its names.</summary>
    public StoreIndex Index { get; }

    /// <summary>What was asked of the store until now.</summary>
    public StoreRequests Requests { get; }

    public DiskEntry? Stat(string path) => Find(path) is { } node ? EntryOf(node) : null;

    public IReadOnlyList<DiskEntry> List(string folder) =>
        Find(folder) is { IsFolder: true } node
            ? [.. node.Children.Select(EntryOf).OrderBy(e => e.Name, StringComparer.Ordinal)]
            : throw Missing(folder);

    public IReadOnlyList<string> Begun(string folder)
    {
        var (bucket, key) = StoreAddress.Parse(folder);
        return IsBucket(bucket) ? [.. Index.Pending(bucket, key).Select(p => p.Name)] : [];
    }

    public IDiskFile OpenRead(string path)
    {
        if (Find(path) is not { IsFolder: false, Object: { } what } node)
        {
            throw Missing(path);
        }
        var entry = EntryOf(node);
        RefuseArchived(entry);
        return new StoreFile(
            entry,
            new ReadAhead(
                what.Length,
                _budget,
                (offset, buffer, stop) => ReadAsync(StoreAddress.Parse(path).Bucket, what, offset, buffer, stop),
                Requests.Cancellation
            )
        );
    }

    /// <summary>All bytes of a small object, if it is still the one that was listed.</summary>
    /// <exception cref="BackupException">Malformed: it is longer than anything of ours; ReadFailed; PathNotFound.</exception>
    public byte[] ReadSmall(string bucket, StoreObject what)
    {
        if (what.Length > StoreWriter.LargestSmall)
        {
            throw new BackupException(
                ErrorCode.Malformed,
                $"{what.Length} bytes is more than such an object can have",
                $"{new ObjectName(Store.Scheme, bucket, what.Key)}"
            );
        }
        var content = new byte[what.Length];
        if (content.Length > 0)
        {
            ReadAsync(bucket, what, 0, content, Requests.Cancellation).GetAwaiter().GetResult();
        }
        return content;
    }

    /// <summary>Refuses a bundle with an archived part, before the rest is used.</summary>
    /// <exception cref="BackupException">ObjectArchived.</exception>
    public static void RefuseArchived(string bundle, IReadingDisk disk)
    {
        if (!StoreAddress.Is(bundle) || disk.Stat(bundle) is not { } entry)
        {
            return;
        }
        RefuseArchived(entry);
        foreach (var inside in entry.Kind == DiskEntryKind.Directory ? disk.List(bundle) : [])
        {
            RefuseArchived(inside.Path, disk);
        }
    }

    public void Dispose()
    {
        Requests.Dispose();
        Store.Dispose();
    }

    private static void RefuseArchived(DiskEntry entry)
    {
        if (entry.ArchivedAs is { } archive)
        {
            throw new BackupException(
                ErrorCode.ObjectArchived,
                $"the object is archived as {archive}, and cannot be read",
                entry.Path
            );
        }
    }

    private Task ReadAsync(string bucket, StoreObject what, long offset, Memory<byte> buffer, CancellationToken stop)
    {
        if (what.Content is not { } content)
        {
            return Requests.ReadAsync(bucket, what, offset, buffer, stop);
        }
        content.AsMemory((int)offset, buffer.Length).CopyTo(buffer);
        return Task.CompletedTask;
    }

    private StoreIndex.Node? Find(string path)
    {
        var (bucket, key) = StoreAddress.Parse(path);
        // Engines look beside what they are given, and so above a bucket too: what no bucket can be called is not asked for.
        return IsBucket(bucket) ? Index.Find(bucket, key) : null;
    }

    private static bool IsBucket(string name) =>
        name.Length is >= 3 and <= 63
        && char.IsAsciiLetterOrDigit(name[0])
        && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.');

    private DiskEntry EntryOf(StoreIndex.Node node)
    {
        var modified = node.IsFolder ? Newest(node) : node.Object!.ModifiedUtc;
        var length = node.IsFolder ? 0 : node.Object!.Length;
        return new DiskEntry(
            StoreAddress.Of($"{Store.Scheme}:/{node.Name}"),
            node.IsFolder ? DiskEntryKind.Directory : DiskEntryKind.File,
            length,
            modified,
            modified,
            Device: ulong.MaxValue,
            node.Number,
            LinkCount: 1,
            length
        )
        {
            ArchivedAs = node.IsFolder ? null : node.Object!.ArchivedAs,
        };
    }

    private static DateTimeOffset Newest(StoreIndex.Node folder) =>
        folder
            .Children.Where(c => !c.IsFolder)
            .Select(c => c.Object!.ModifiedUtc)
            .DefaultIfEmpty(DateTimeOffset.UnixEpoch)
            .Max();

    private static BackupException Missing(string path) =>
        new(ErrorCode.PathNotFound, "there is no such object in the store", path);
}
