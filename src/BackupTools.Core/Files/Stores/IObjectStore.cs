namespace BackupTools.Files.Stores;

/// <summary>
/// The two requests that reading takes. A request is made once: <see cref="StoreRequests"/> repeats it. Failures:
/// <see cref="StoreTroubleException"/> for what may pass, <see cref="Errors.BackupException"/> for what will not.
/// </summary>
internal interface IObjectStore : IDisposable
{
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

/// <summary>An object as a listing shows it.</summary>
/// <param name="Key">Its key in the bucket.</param>
/// <param name="Length">Bytes.</param>
/// <param name="ETag">Of this content; another one's differs.</param>
/// <param name="ModifiedUtc">When it was put there.</param>
/// <param name="ArchivedAs">The class of the archive that it lies in; null when it can be read.</param>
internal sealed record StoreObject(
    string Key,
    long Length,
    string ETag,
    DateTimeOffset ModifiedUtc,
    string? ArchivedAs
);

/// <summary>A part of a listing.</summary>
/// <param name="Objects">The objects.</param>
/// <param name="HasMore">More follow behind the last.</param>
internal sealed record ObjectPage(IReadOnlyList<StoreObject> Objects, bool HasMore);

/// <summary>A request failed in a way that may pass: it is made again.</summary>
internal sealed class StoreTroubleException(string message, Exception? inner = null) : Exception(message, inner);
