using Azure;
using Azure.Identity;
using Azure.Storage;
using Azure.Storage.Blobs;
using BackupTools.Errors;

namespace BackupTools.Files.Stores;

/// <summary>
/// The account, and who asks, as the tools of Azure find them: a connection string, or the account's name with its key
/// or a SAS token, in the environment; otherwise what Azure's own search finds (service principal, managed identity, az
/// login).
/// </summary>
internal static class AzureAccount
{
    /// <summary>The names are those of the az command.</summary>
    private const string ConnectionString = "AZURE_STORAGE_CONNECTION_STRING";

    private const string Account = "AZURE_STORAGE_ACCOUNT";
    private const string Key = "AZURE_STORAGE_KEY";
    private const string SasToken = "AZURE_STORAGE_SAS_TOKEN";

    /// <summary>Opens it.</summary>
    /// <exception cref="BackupException">StoreAccessDenied: nothing tells the account, or what tells it is malformed.</exception>
    public static BlobServiceClient Connect(StoreSettings settings, BlobClientOptions options)
    {
        var account = settings.AccessKey ?? Variable(Account);
        var key = settings.SecretKey ?? Variable(Key);
        try
        {
            if (settings.AccessKey is null && settings.Endpoint is null && Variable(ConnectionString) is { } connection)
            {
                return new BlobServiceClient(connection, options);
            }
            var endpoint =
                settings.Endpoint
                ?? (account is null ? throw Unknown(null) : new Uri($"https://{account}.blob.core.windows.net"));
            return key is not null && account is not null
                    ? new BlobServiceClient(endpoint, new StorageSharedKeyCredential(account, key), options)
                : Variable(SasToken) is { } token
                    ? new BlobServiceClient(endpoint, new AzureSasCredential(token.TrimStart('?')), options)
                : new BlobServiceClient(endpoint, new DefaultAzureCredential(), options);
        }
        catch (Exception e) when (e is FormatException or ArgumentException or UriFormatException)
        {
            throw Unknown(e);
        }
    }

    private static string? Variable(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;

    /// <summary>Never with what was read: it may be a key.</summary>
    private static BackupException Unknown(Exception? inner) =>
        new(
            ErrorCode.StoreAccessDenied,
            inner is null ? "no Azure account is configured" : "the configuration of the Azure account is malformed",
            recommendation: $"Set {Account}, and {Key} or {SasToken}; or {ConnectionString}. See docs/stores.md."
        );
}
