using System.Net;

namespace BackupTools.Files.Stores;

/// <summary>How a store is reached and how patiently. What is null is found as the SDK finds it: environment, profile, machine.</summary>
internal sealed record StoreSettings
{
    /// <summary>Of a store that is not AWS.</summary>
    public Uri? Endpoint { get; init; }

    public string? Region { get; init; }

    /// <summary>Of the files of the AWS tools.</summary>
    public string? Profile { get; init; }

    /// <summary>Authorities that are trusted in place of the system's.</summary>
    public string? CaFile { get; init; }

    /// <summary>The bucket is in the path; null: where the store is not AWS.</summary>
    public bool? PathStyle { get; init; }

    /// <summary>In place of what the SDK finds. Printed it is its type.</summary>
    public NetworkCredential? Credential { get; init; }

    /// <summary>A request of which nothing is heard for so long is given up, and made again.</summary>
    public TimeSpan Stall { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>For so long a request is made again and again before the store counts as unavailable.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Requests that are on the way at once, 1 or more.</summary>
    public int Parallel { get; init; } = 8;

    /// <summary>Bytes that are read ahead, over all open files of an operation.</summary>
    public long ReadAhead { get; init; } = 64 << 20;

    /// <summary>What is longer is sent in parts of so many bytes; more where they would be more than 10,000.</summary>
    public long PartSize { get; init; } = 16 << 20;

    /// <summary>Who writes and is not heard of for so long has died.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// For so long a request of a run that has died may still be on the way: its signature counts for a quarter of it.
    /// </summary>
    public TimeSpan HeldBack { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Nobody else writes there, so no write is made conditional.</summary>
    public bool SingleWriter { get; init; }

    /// <summary>Where bundles are put together before they are sent; null for a folder of the user's own.</summary>
    public string? SpoolPath { get; init; }

    /// <summary>Bytes that they take there, at most, where the store can have the rest meanwhile.</summary>
    public long SpoolLimit { get; init; } = 256 << 20;

    /// <summary>The class of the bundles' objects; null for the store's own.</summary>
    public string? StorageClass { get; init; }

    /// <summary>How the store encrypts what it gets.</summary>
    public StoreEncryption Encryption { get; init; }

    /// <summary>The key of <see cref="StoreEncryption.Kms"/>; null for the account's own.</summary>
    public string? KeyId { get; init; }
}

/// <summary>How a store encrypts what it gets.</summary>
internal enum StoreEncryption
{
    /// <summary>As the bucket says.</summary>
    None,

    /// <summary>With the store's keys (SSE-S3).</summary>
    OfStore,

    /// <summary>With a key of a service that keeps keys (SSE-KMS).</summary>
    Kms,
}
