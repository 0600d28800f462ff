namespace BackupTools.Tests.Stores;

/// <summary>The environment by which a process finds a store, and nothing of the machine it runs on.</summary>
internal static class StoreEnvironment
{
    public const string Secret = "v3ryS3cretKey";

    public static KeyValuePair<string, string>[] Of(Uri? endpoint, string? key = "key") =>
        [
            new("AWS_EC2_METADATA_DISABLED", "true"),
            new("AWS_SHARED_CREDENTIALS_FILE", "/none"),
            new("AWS_CONFIG_FILE", "/none"),
            .. endpoint is null
                ? Array.Empty<KeyValuePair<string, string>>()
                : [new("AWS_ENDPOINT_URL_S3", endpoint.AbsoluteUri)],
            .. key is null
                ? Array.Empty<KeyValuePair<string, string>>()
                : [new("AWS_ACCESS_KEY_ID", key), new("AWS_SECRET_ACCESS_KEY", Secret)],
        ];
}
