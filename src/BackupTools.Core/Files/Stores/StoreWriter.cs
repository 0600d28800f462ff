using BackupTools.Errors;

namespace BackupTools.Files.Stores;

/// <summary>What can be done in one folder of a store. Whatever was put there is known to whoever reads on.</summary>
/// <param name="disk">The store.</param>
/// <param name="bucket">Of the folder.</param>
/// <param name="folder">Its key; empty for the bucket itself.</param>
/// <param name="settings">Whether conditions may be made.</param>
internal sealed class StoreWriter(StoreDisk disk, string bucket, string folder, StoreSettings settings)
{
    /// <summary>What holds leases and marks is not longer.</summary>
    public const int LargestSmall = 16 << 20;

    /// <summary>What bundles have in common is not longer, so that it fits into a mark.</summary>
    public const int LargestShared = 8 << 20;

    /// <summary>The rest of a run that was stopped: nobody waits longer.</summary>
    public static readonly TimeSpan Last = TimeSpan.FromSeconds(10);

    private IObjectStore Store => disk.Store;

    private CancellationToken Cancellation => disk.Requests.Cancellation;

    public string Folder => folder;

    /// <summary>
    /// Asked before each attempt to change something, repetitions included: throws where another run has taken over.
    /// </summary>
    public Action MayChange { get; set; } = static () => { };

    /// <summary>The time by the store's clock.</summary>
    public DateTimeOffset Now => DateTimeOffset.UtcNow + Store.ClockAhead;

    public ObjectName NameOf(string key) => new(Store.Scheme, bucket, key);

    /// <summary>Ends what must still be done when a run is stopped.</summary>
    public static CancellationTokenSource Soon() => new(Last);

    /// <summary>The object as it is now; null when there is none.</summary>
    public StoreObject? Look(string key) =>
        Wait(disk.Requests.ListAsync(bucket, key, null, 1, Cancellation)).Objects is [var found] && found.Key == key
            ? found
            : null;

    /// <summary>All bytes of a small object, if it is still the one that was listed.</summary>
    public byte[] Read(StoreObject what) => disk.ReadSmall(bucket, what);

    /// <summary>Puts a small object, if the condition holds. Its ETag; null where it does not hold.</summary>
    public string? PutSmall(
        string key,
        byte[] content,
        PutIf condition,
        CancellationToken? stop = null,
        bool isUrgent = false
    )
    {
        var attempts = 0;
        var etag = Wait(
            disk.Requests.RunAsync(
                StoreVerb.Put,
                $"{NameOf(key)}",
                (alive, token) =>
                {
                    attempts++;
                    if (!isUrgent)
                    {
                        MayChange();
                    }
                    return Store.PutAsync(NameOf(key), UploadBody.Of(content), Allowed(condition), alive, token);
                },
                stop ?? Cancellation,
                isUrgent
            )
        );
        // An answer that was lost on the way may have been a good one.
        etag ??= attempts > 1 ? ETagOf(key, content) : null;
        if (etag is not null)
        {
            Note(key, content.Length, etag);
        }
        return etag;
    }

    /// <summary>The ETag of an object that has a content; null where it has another one, or changes just now.</summary>
    private string? ETagOf(string key, byte[] content)
    {
        try
        {
            return Look(key) is { } now && Read(now).AsSpan().SequenceEqual(content) ? now.ETag : null;
        }
        catch (BackupException e) when (e.Code is ErrorCode.ReadFailed or ErrorCode.PathNotFound)
        {
            return null;
        }
    }

    /// <summary>Puts a range of a file as an object, if the condition holds. Its ETag.</summary>
    /// <exception cref="BackupException">BackupRunning: it does not hold, as another run has put the object.</exception>
    public string Put(string key, UploadBody body, PutIf condition, CancellationToken stop)
    {
        var attempts = 0;
        var etag = Ask(
            key,
            StoreVerb.Put,
            (alive, token) =>
            {
                attempts++;
                return Store.PutAsync(NameOf(key), body, Allowed(condition), alive, token);
            },
            stop
        );
        // An answer that was lost on the way may have been a good one.
        if (
            etag is null
            && attempts > 1
            && Look(key) is { } now
            && StoreDigest.Bare(now.Digest ?? now.ETag) == Convert.ToHexStringLower(body.Md5)
        )
        {
            etag = now.ETag;
        }
        Note(key, body.Length, etag ?? throw WrittenByOthers(NameOf(key)));
        return etag;
    }

    /// <summary>The error of an object that is another one than this run knows.</summary>
    public static BackupException WrittenByOthers(ObjectName name) =>
        new(
            ErrorCode.BackupRunning,
            "another run wrote this meanwhile",
            $"{name}",
            recommendation: "Run again when nothing else is being written there."
        );

    public string BeginUpload(string key, CancellationToken stop)
    {
        var attempts = 0;
        var id = Ask(
            key,
            StoreVerb.Put,
            (_, token) =>
            {
                attempts++;
                return Store.BeginUploadAsync(NameOf(key), token);
            },
            stop
        );
        // An answer that was lost on the way may have been the id of another one.
        foreach (var lost in attempts == 1 ? [] : Uploads().Where(u => u.Key == key && u.Id != id))
        {
            Abort(key, lost.Id, stop);
        }
        return id;
    }

    public StorePart PutPart(string key, string upload, int number, UploadBody body, CancellationToken stop) =>
        new(
            number,
            body.Length,
            Ask(key, StoreVerb.Put, (a, t) => Store.PutPartAsync(NameOf(key), upload, number, body, a, t), stop)
        );

    /// <summary>Has the store make a part of what waits there.</summary>
    /// <exception cref="BackupException">ReadFailed: it is not what was put there.</exception>
    public StorePart CopyPart(string key, string upload, int number, ParkedPage from, CancellationToken stop)
    {
        var etag = Ask(
            key,
            StoreVerb.Put,
            (_, token) => Store.CopyPartAsync(NameOf(key), upload, number, from.What, token),
            stop
        );
        var md5 = Convert.ToHexStringLower(from.Digest.Md5);
        // A store that encrypts has other ETags.
        return StoreDigest.Bare(from.What.ETag) != md5 || StoreDigest.Bare(etag) == md5
            ? new StorePart(number, from.Length, etag)
            : throw StoreParking.Changed(this, from);
    }

    /// <summary>Makes the object of the parts. Its ETag.</summary>
    public string Complete(
        string key,
        string upload,
        IReadOnlyList<StorePart> parts,
        long length,
        CancellationToken stop
    )
    {
        var attempts = 0;
        string etag;
        try
        {
            etag = Ask(
                key,
                StoreVerb.Put,
                (_, token) =>
                {
                    attempts++;
                    return Store.CompleteAsync(NameOf(key), upload, parts, token);
                },
                stop
            );
        }
        catch (BackupException e) when (e.Code == ErrorCode.PathNotFound && attempts > 1)
        {
            // An answer that was lost on the way may have been a good one.
            etag = "";
        }
        if (etag.Length == 0)
        {
            // Ceph 16.2 does not say which ETag the object has.
            etag =
                Look(key) is { } now && now.Length == length
                    ? now.ETag
                    : throw StoreErrors.Gone($"{NameOf(key)}", null);
        }
        Note(key, length, etag);
        return etag;
    }

    public void Abort(string key, string upload, CancellationToken stop) =>
        Ask(key, StoreVerb.Delete, (_, token) => Done(Store.AbortAsync(NameOf(key), upload, token)), stop);

    /// <summary>The uploads of this folder that were begun and neither completed nor given up.</summary>
    public IReadOnlyList<StoreUpload> Uploads() =>
        Ask(
            folder,
            StoreVerb.List,
            (_, token) => Store.ListUploadsAsync(bucket, StoreMarks.Join(folder, ""), token),
            Cancellation
        );

    public IReadOnlyList<StorePart> Parts(StoreUpload upload) =>
        Ask(
            upload.Key,
            StoreVerb.List,
            (_, token) => Store.ListPartsAsync(NameOf(upload.Key), upload.Id, token),
            Cancellation
        );

    /// <summary>Removes an object that is not shown; no error where there is none.</summary>
    public void Delete(string key, CancellationToken? stop = null)
    {
        Ask(key, StoreVerb.Delete, (_, token) => Done(Store.DeleteAsync(NameOf(key), token)), stop ?? Cancellation);
        disk.Index.Remove(NameOf(key));
    }

    /// <summary>False where it may not be removed.</summary>
    public bool TryDelete(string key)
    {
        try
        {
            Delete(key);
            return true;
        }
        catch (BackupException e) when (e.Code == ErrorCode.StoreAccessDenied)
        {
            return false;
        }
    }

    /// <summary>What runs have left that died while pages waited there; as it was listed.</summary>
    public IReadOnlyList<string> Parked() => disk.Index.Keys(bucket, StoreMarks.In(folder, StoreParking.Prefix));

    /// <summary>Until when the store keeps an object whatever is asked of it; null where it does not.</summary>
    public StoreRetention? Retention(string key) =>
        Ask(key, StoreVerb.Get, (_, token) => Store.RetentionAsync(NameOf(key), token), Cancellation);

    /// <summary>The keys that are shown of an object, or of all in a folder.</summary>
    public IReadOnlyList<string> Below(string key) =>
        disk.Index.Find(bucket, key) is { } node ? [.. node.Leaves.Select(l => l.Object!.Key)] : [];

    /// <summary>What was put there last, shown or not; null when there is nothing.</summary>
    public StoreObject? Known(string key) => disk.Index.Object(NameOf(key));

    private void Note(string key, long length, string etag) =>
        disk.Index.Put(bucket, new StoreObject(key, length, etag, Now, null));

    private T Ask<T>(
        string key,
        StoreVerb verb,
        Func<Action, CancellationToken, Task<T>> attempt,
        CancellationToken stop
    ) =>
        Wait(
            disk.Requests.RunAsync(
                verb,
                $"{NameOf(key)}",
                (alive, token) =>
                {
                    if (verb is StoreVerb.Put or StoreVerb.Delete)
                    {
                        MayChange();
                    }
                    return attempt(alive, token);
                },
                stop
            )
        );

    private PutIf Allowed(PutIf condition) => settings.SingleWriter ? PutIf.Always : condition;

    private static T Wait<T>(Task<T> task) => task.GetAwaiter().GetResult();

    private static async Task<bool> Done(Task task)
    {
        await task.ConfigureAwait(false);
        return true;
    }
}
