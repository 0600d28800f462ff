namespace BackupTools.Options;

/// <summary>
/// Options of an object store. What is null is found as the SDK of AWS finds it: environment, profile, machine. Secrets
/// are never given here. A new option is a property and a line of <see cref="All"/>.
/// </summary>
public sealed record StoreOptions
{
    /// <summary>Every option.</summary>
    public static IReadOnlyList<StoreOption> All { get; } =
    [
        new(nameof(StoreEndpoint), typeof(string), "The URL of a store that is not AWS."),
        new(
            nameof(StoreProfile),
            typeof(string),
            "The profile with the credentials, of ~/.aws/config or ~/.aws/credentials."
        ),
        new(nameof(StoreRegion), typeof(string), "The region of the bucket."),
        new(
            nameof(StoreCaFile),
            typeof(string),
            "A PEM file with the certificate of the authority that issued the store's."
        ),
        new(
            nameof(StorePathStyle),
            typeof(bool?),
            "Whether the bucket is in the path instead of the host name; true where an endpoint is given."
        ),
        new(
            nameof(SingleWriter),
            typeof(bool),
            "States that nobody else writes there: for stores that cannot keep two writers apart.",
            OfWriting: true
        ),
        new(
            nameof(SpoolPath),
            typeof(string),
            "Where bundles are assembled before they are sent; default: a folder of the user's own.",
            OfWriting: true
        ),
    ];

    /// <summary>The URL of a store that is not AWS, http or https; null for AWS, or the environment's.</summary>
    public string? StoreEndpoint { get; init; }

    /// <summary>The name of a profile in the files of the AWS tools.</summary>
    public string? StoreProfile { get; init; }

    /// <summary>The region of the bucket, such as eu-north-1.</summary>
    public string? StoreRegion { get; init; }

    /// <summary>Absolute path of a PEM file with the authorities that are trusted instead of the system's.</summary>
    public string? StoreCaFile { get; init; }

    /// <summary>Whether the bucket is in the path; null: with an endpoint.</summary>
    public bool? StorePathStyle { get; init; }

    /// <summary>Nobody else writes there, so no write is made conditional.</summary>
    public bool SingleWriter { get; init; }

    /// <summary>Absolute path of the folder where bundles are assembled before they are sent.</summary>
    public string? SpoolPath { get; init; }
}
