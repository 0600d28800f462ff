namespace BackupTools.Files.Stores;

/// <summary>How a store is reached and how patiently. What is null is found as the SDK finds it: environment, profile, machine.</summary>
internal sealed record StoreSettings
{
    /// <summary>Of a store that is not AWS.</summary>
    public Uri? Endpoint { get; init; }

    public string? Region { get; init; }

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
}
