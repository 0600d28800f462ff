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

    public string? AccessKey { get; init; }

    public string? SecretKey { get; init; }

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

    /// <summary>Nobody else writes there, so no write is made conditional.</summary>
    public bool SingleWriter { get; init; }

    /// <summary>Where bundles are put together before they are sent; null for a folder of the user's own.</summary>
    public string? SpoolPath { get; init; }
}
