namespace BackupTools.Files.Stores;

/// <summary>
/// The requests that reading takes. A request is made once: <see cref="StoreRequests"/> repeats it. Failures:
/// <see cref="StoreTroubleException"/> for what may pass, <see cref="Errors.BackupException"/> for what will not.
/// </summary>
internal interface IReadingStore : IDisposable
{
    /// <summary>What addresses in it begin with.</summary>
    string Scheme { get; }

    /// <summary>Whom it asks, for errors: the host.</summary>
    string Host { get; }

    /// <summary>
    /// The objects whose keys begin with <paramref name="prefix"/> and come after <paramref name="after"/> (null: from the
    /// first), ordered by key; at most <paramref name="most"/>, and at most 1,000.
    /// </summary>
    Task<ObjectPage> ListAsync(string bucket, string prefix, string? after, int most, CancellationToken cancellation);

    /// <summary>
    /// Fills the buffer with the object's bytes from <paramref name="offset"/>, if the object is still the one that was
    /// listed. <paramref name="alive"/> is called whenever bytes have come.
    /// </summary>
    Task ReadAsync(
        string bucket,
        StoreObject what,
        long offset,
        Memory<byte> buffer,
        Action alive,
        CancellationToken cancellation
    );
}

/// <summary>The requests that writing takes too.</summary>
internal interface IObjectStore : IReadingStore
{
    /// <summary>By how much the store's clock was ahead of ours when it answered last.</summary>
    TimeSpan ClockAhead { get; }

    /// <summary>Puts an object, if the condition holds. Its ETag; null where the condition does not hold.</summary>
    Task<string?> PutAsync(
        ObjectName name,
        UploadBody body,
        PutIf condition,
        Action alive,
        CancellationToken cancellation
    );

    /// <summary>Removes an object; no error where there is none.</summary>
    Task DeleteAsync(ObjectName name, CancellationToken cancellation);

    /// <summary>Until when the store keeps an object whatever is asked of it; null where it does not.</summary>
    Task<StoreRetention?> RetentionAsync(ObjectName name, CancellationToken cancellation);

    /// <summary>Begins an upload in parts. Its id.</summary>
    Task<string> BeginUploadAsync(ObjectName name, CancellationToken cancellation);

    /// <summary>Sends a part, 1 or more. Its ETag.</summary>
    Task<string> PutPartAsync(
        ObjectName name,
        string upload,
        int number,
        UploadBody body,
        Action alive,
        CancellationToken cancellation
    );

    /// <summary>Makes the object of the parts. Its ETag.</summary>
    Task<string> CompleteAsync(
        ObjectName name,
        string upload,
        IReadOnlyList<StorePart> parts,
        CancellationToken cancellation
    );

    /// <summary>Gives an upload up, with the parts that were sent; no error where there is none.</summary>
    Task AbortAsync(ObjectName name, string upload, CancellationToken cancellation);

    /// <summary>The uploads that were begun for keys with a prefix, and neither completed nor given up.</summary>
    Task<IReadOnlyList<StoreUpload>> ListUploadsAsync(string bucket, string prefix, CancellationToken cancellation);

    /// <summary>The parts of an upload that have come.</summary>
    Task<IReadOnlyList<StorePart>> ListPartsAsync(ObjectName name, string upload, CancellationToken cancellation);
}

/// <summary>A key in a bucket of a store.</summary>
internal readonly record struct ObjectName(string Scheme, string Bucket, string Key)
{
    public override string ToString() => $"{Scheme}://{Bucket}/{Key}";
}

/// <summary>What must hold for an object to be put.</summary>
/// <param name="ETag">What is there is still this one; null: nothing is there.</param>
internal sealed record PutIf(string? ETag)
{
    /// <summary>No condition, for the one writer of a store that knows none.</summary>
    public static PutIf Always { get; } = new("*");

    public static PutIf Absent { get; } = new((string?)null);
}

/// <summary>Until when a store keeps an object.</summary>
internal sealed record StoreRetention(DateTimeOffset UntilUtc)
{
    /// <summary>Until somebody takes a legal hold off.</summary>
    public static StoreRetention Held { get; } = new(DateTimeOffset.MaxValue);
}

/// <summary>An upload that was begun.</summary>
internal sealed record StoreUpload(string Key, string Id);

/// <summary>A part that has come.</summary>
internal sealed record StorePart(int Number, long Length, string ETag);

/// <summary>An object as a listing shows it.</summary>
/// <param name="Key">Its key in the bucket.</param>
/// <param name="Length">Bytes.</param>
/// <param name="ETag">Of this content; another one's differs.</param>
/// <param name="ModifiedUtc">When it was put there.</param>
/// <param name="ArchivedAs">Its archive class; null when it can be read.</param>
internal sealed record StoreObject(string Key, long Length, string ETag, DateTimeOffset ModifiedUtc, string? ArchivedAs)
{
    /// <summary>What is read in place of the object; null for what is in the store.</summary>
    public byte[]? Content { get; init; }

    /// <summary>The ETag that S3 gives such a content, where the store's own is another one and it keeps this beside it.</summary>
    public string? Digest { get; init; }
}

/// <summary>A part of a listing.</summary>
/// <param name="Objects">The objects.</param>
/// <param name="HasMore">More follow after the last.</param>
internal sealed record ObjectPage(IReadOnlyList<StoreObject> Objects, bool HasMore);

/// <summary>A request failed in a way that may pass: it is made again.</summary>
internal sealed class StoreTroubleException(string message, Exception? inner = null) : Exception(message, inner);
