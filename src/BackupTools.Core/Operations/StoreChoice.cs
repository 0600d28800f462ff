using BackupTools.Errors;
using BackupTools.Files.Stores;
using BackupTools.Options;

namespace BackupTools.Operations;

/// <summary>From the user's options for a store to how it is reached.</summary>
internal static class StoreChoice
{
    /// <summary>The settings.</summary>
    /// <exception cref="BackupException">InvalidOption: the endpoint is no URL, or has a password.</exception>
    public static StoreSettings Of(StoreOptions options) =>
        new()
        {
            Endpoint = options.StoreEndpoint is { } text ? EndpointOf(text) : null,
            Profile = options.StoreProfile,
            Region = options.StoreRegion,
            CaFile = options.StoreCaFile,
            PathStyle = options.StorePathStyle,
            SingleWriter = options.SingleWriter,
            SpoolPath = options.SpoolPath,
        };

    private static Uri EndpointOf(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var url)
        && (url.Scheme == Uri.UriSchemeHttps || url.Scheme == Uri.UriSchemeHttp)
        && url.UserInfo.Length == 0
            ? url
            : throw new BackupException(
                ErrorCode.InvalidOption,
                $"'{StoreAddress.WithoutSecret(text)}' is not the URL of a store",
                recommendation: $"Give {Spelling.Of(nameof(StoreOptions.StoreEndpoint))} as https://host:port; credentials come from the environment or a profile."
            );
}
